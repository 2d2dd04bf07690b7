"""The language that a sender names: as a BCP 47 tag, a three-letter code, or by its name."""

import re
from functools import lru_cache

# Codes of ISO 639-2 and 639-3, and names in English and in the language itself, of what people
# often write in: BCP 47 wants the code of two letters. The code of others stands for itself.
_SHORT = {
    each: code
    for code, others in {
        # These name none, and so the text is asked.
        "": "und mul mis zxx unknown undetermined none null n na nan other auto",
        "ar": "ara arabic العربية",
        "bg": "bul bulgarian български",
        "bn": "ben bengali bangla",
        "cs": "ces cze czech čeština",
        "cy": "cym wel welsh cymraeg gymraeg nghymraeg",
        "da": "dan danish dansk",
        "de": "deu ger german deutsch",
        "el": "ell gre greek ελληνικά",
        "en": "eng english saesneg englisch anglais inglés inglese",
        "es": "spa spanish español espanol castellano",
        "et": "est estonian eesti",
        "eu": "eus baq basque euskara",
        "fa": "fas per farsi persian فارسی",
        "fi": "fin finnish suomi",
        "fr": "fra fre french français francais",
        "ga": "gle irish gaeilge",
        "gd": "gla gàidhlig gaidhlig",
        "gu": "guj gujarati",
        "gv": "glv manx gaelg",
        "he": "heb hebrew עברית",
        "hi": "hin hindi हिन्दी",
        "hr": "hrv croatian hrvatski",
        "hu": "hun hungarian magyar",
        "is": "isl ice icelandic íslenska",
        "it": "ita italian italiano",
        "ja": "jpn japanese 日本語",
        "ko": "kor korean 한국어",
        "ku": "kur kurdish kurdî kurmanji sorani",
        "kw": "cor cornish kernewek",
        "lt": "lit lithuanian lietuvių",
        "lv": "lav latvian latviešu",
        "nl": "nld dut dutch nederlands flemish vlaams",
        "no": "nor norwegian norsk nob nno nb nn",
        "pa": "pan punjabi panjabi",
        "pl": "pol polish polski",
        "ps": "pus pashto",
        "pt": "por portuguese português portugues",
        "ro": "ron rum romanian română romana",
        "ru": "rus russian русский",
        "sk": "slk slo slovak slovenčina",
        "so": "som somali",
        "sq": "sqi alb albanian shqip",
        "sr": "srp serbian srpski српски",
        "sv": "swe swedish svenska",
        "ta": "tam tamil",
        "ti": "tir tigrinya",
        "tr": "tur turkish türkçe turkce",
        "uk": "ukr ukrainian українська",
        "ur": "urd urdu",
        "vi": "vie vietnamese",
        "zh": "zho chi cmn yue chinese cantonese mandarin 中文",
    }.items()
    for each in others.split()
}
_words = re.compile(r"[^\W\d_]+").findall
# A country is no language, as CY in el-CY: in capitals, after a language in small letters.
_country = re.compile(r"(?<![^\W_])([a-z]{2,3})[-_][A-Z]{2}(?![^\W_])")


@lru_cache(maxsize=256)  # senders write the same few
def languages_of(tag: str | None) -> tuple[str, ...]:
    """Return the languages that are named, in their order: `en` and `cy` of `English/Welsh`.

    A name that is not known stands for itself, in small letters. One that stands for none, such as
    `und`, is left out.
    """
    names = [word.casefold() for word in _words(_country.sub(r"\1", tag or ""))]
    languages = dict.fromkeys(_SHORT.get(name, name) for name in names)
    languages.pop("", None)
    return tuple(languages)


def language_of(tag: str | None) -> str:
    """Return the language that is named: `cy` of `cy-GB`, `cym`, `wel`, `Welsh` and `Cymraeg`.

    Of several it is the first. Nothing is returned where none is named.
    """
    languages = languages_of(tag)
    return languages[0] if languages else ""
