"""The language that a sender names: as a BCP 47 tag, a three-letter code, or by its name."""

import re

# Codes of ISO 639-2 and 639-3, and names in English and in the language itself, of what people in
# Britain write in: BCP 47 wants the code of two letters.
_SHORT = {
    each: code
    for code, others in {
        # These name none, and so the text is asked.
        "": "und mul mis zxx unknown undetermined none null n na nan other auto",
        "ar": "ara arabic",
        "bn": "ben bengali bangla",
        "cy": "cym wel welsh cymraeg gymraeg nghymraeg",
        "en": "eng english saesneg",
        "es": "spa spanish español espanol",
        "fa": "fas per farsi persian",
        "fr": "fra fre french français francais",
        "ga": "gle irish gaeilge",
        "gd": "gla gàidhlig gaidhlig",
        "gu": "guj gujarati",
        "gv": "glv manx gaelg",
        "hu": "hun hungarian magyar",
        "it": "ita italian italiano",
        "ku": "kur kurdish",
        "kw": "cor cornish kernewek",
        "lt": "lit lithuanian lietuvių",
        "pa": "pan punjabi panjabi",
        "pl": "pol polish polski",
        "ps": "pus pashto",
        "pt": "por portuguese português portugues",
        "ro": "ron rum romanian română romana",
        "ru": "rus russian",
        "so": "som somali",
        "ta": "tam tamil",
        "tr": "tur turkish türkçe",
        "uk": "ukr ukrainian",
        "ur": "urd urdu",
        "vi": "vie vietnamese",
        "zh": "zho chi cmn yue chinese cantonese mandarin",
    }.items()
    for each in others.split()
}
_words = re.compile(r"[^\W\d_]+").findall
# Cyprus is CY, as in el-CY: only in capitals, and after a language in small letters.
_in_cyprus = re.compile(r"\s*[a-z]{2,3}[-_]CY\s*").fullmatch
# What most senders name it by.
_CODES = frozenset(_SHORT.values()) - {""}
WELSH = "cy"


def language_of(tag: str | None) -> str:
    """Return the language that is named: `cy` of `cy-GB`, `cym`, `wel`, `Welsh` and `Cymraeg`.

    Of several the first, but Welsh wherever it stands: `English/Welsh` is `cy`. A name that is not
    known stands for itself, in small letters. Nothing is returned where none is named, as by `und`.
    """
    if tag in _CODES:
        return tag
    names = [word.casefold() for word in _words(tag or "")]
    languages = [_SHORT.get(name, name) for name in names]
    if WELSH in languages and not _in_cyprus(tag or ""):
        return WELSH
    return languages[0] if languages else ""
