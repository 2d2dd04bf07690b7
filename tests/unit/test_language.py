import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.language import Recognised

WELSH = Recognised(["cy"])
EXAMPLES = Path(__file__).parents[2] / "services" / "local" / "inquiries.jsonl"


def examples() -> list[tuple[str, str | None]]:
    lines = EXAMPLES.read_text(encoding="utf-8").splitlines()
    values = (json.loads(line) for line in lines if line.startswith("{") and line.endswith("}"))
    return [
        (each["text"], each.get("language"))
        for each in values
        if isinstance(each.get("text"), str) and len(each["text"].split()) > 5
    ]


def test_the_language_of_the_examples_is_recognised() -> None:
    """The examples that say they are in Welsh are recognised, and one that does not say it."""
    found = [(text, language) for text, language in examples() if WELSH.of(text)]
    assert sum(language == "cy" for _, language in found) > 15
    assert {text for text, language in examples() if language == "cy"} <= {t for t, _ in found}
    assert [text[:21] for text, language in found if language != "cy"] == ["Helô? Oes rhywun yna?"]


@pytest.mark.parametrize(
    "text",
    [
        "Ble mae fy mhasbort i os gwelwch yn dda?",
        "DW I EISIAU GWYBOD PRYD FYDD FY NHALIAD YN CYRRAEDD",
        "dwi angen help efo treth cyngor plis",
        "Hoffwn wneud cais am drwydded yrru newydd",
        "Faint yw pris pasbort newydd i blentyn?",
        "Sut ydw i’n talu treth y car?",
        "ma ffon fi wedi torri a sgenai'm pres i dalu am un newydd",
        "Annwyl Syr neu Fadam, ysgrifennaf ynghylch llifogydd yn y pentref",
        "can i neud hwn arlein neu beth? dwi di trio ond ma'r wefan yn rybish",
        "Mae'r heddlu wedi cymryd fy nghar. I rang the number. Beth alla i wneud nawr?",
        "Atgyfeiriad canser brys. Dal dim triniaeth. Pryd?",
    ],
)
def test_welsh_is_recognised(text: str) -> None:
    """Formal, spoken, shouted, short and mixed with English: what is mostly Welsh is Welsh."""
    assert WELSH.of(text)


@pytest.mark.parametrize(
    "text",
    [
        "Beth Plant and Mae West live in Ynys Mon near Pwllgwyngyll and want a bus",
        "Mae is my gran and she can't get to the plant, hen houses and all",
        "A plant in the hen house, o dear: i am, on an ar, mae y beth a pan",
        "Llew Hughes, Bryn y Mor, Llanelli, Sir Gaerfyrddin",
        "My daughter Cerys Wyn goes to Ysgol Gyfun Gymraeg Bryn Tawe and the bus is late",
        "Plaid Cymru say Cymru needs Wylfa; Byw yn Gymraeg, they say",
        "Diolch yn fawr for your letter about Dwr Cymru's bills",
        "Is Yma o Hyd allowed on the tannoy at Parc y Scarlets?",
        "Coleg Menai, Ysbyty Gwynedd, Ysbyty Glan Clwyd, Ysbyty Maelor",
        "Hen Wlad fy Nhadau isn't taught at our school any more",
        "Nant y Moch, Cwm yr Eglwys, Porth yn Dre, Bwlch y Groes",
        "Try my way by bypass why",
        "Why do they pay twice weekly, yesterday anyway, and why by Wylfa?",
        "Witam, wynajmuję mieszkanie od trzech lat i nie wiem, co mam zrobić",
        "Mae fy mam yn sâl",
        "",
    ],
)
def test_other_texts_are_not_said_to_be_welsh(text: str) -> None:
    """Names, words that are English too, other languages and five words alone do not make Welsh."""
    assert not WELSH.of(text)


@given(st.text(st.characters(codec=None), max_size=200))
def test_any_text_is_welsh_or_not(text: str) -> None:
    """No text is an error."""
    assert WELSH.of(text) in ({"cy"}, frozenset())
    assert not WELSH.of("")


SAID = {
    "ar": "أريد أن أعرف متى سوف يكون موعد العملية من فضلك",
    "cy": "Hoffwn wneud cais am drwydded yrru newydd",
    "de": "Wir warten seit drei Wochen auf den Befund und niemand ruft zurück",
    "en": "We have waited three weeks for the letter and nobody has called us",
    "es": "Llevo tres semanas esperando la carta y nadie me ha llamado todavía",
    "fr": "J'attends le courrier depuis trois semaines et personne ne m'a appelé",
    "it": "Aspetto la lettera da tre settimane e non mi ha ancora chiamato nessuno",
    "nl": "Ik wacht al drie weken op de brief en niemand heeft mij gebeld",
    "pl": "Czekam na pismo już od trzech tygodni i nikt do mnie nie zadzwonił",
    "pt": "Estou há três semanas à espera da carta e ainda não me ligaram",
    "ro": "Aștept scrisoarea de trei săptămâni și nu m-a sunat nimeni până acum",
    "ru": "Я жду письмо уже три недели, и мне никто не позвонил",
    "sv": "Jag har väntat på brevet i tre veckor och ingen har ringt till mig",
    "tr": "Üç haftadır mektubu bekliyorum ve kimse bana bir şey söylemedi",
    "uk": "Я чекаю на лист уже три тижні, і мені ніхто не подзвонив",
}


@pytest.mark.parametrize("language", SAID)
def test_a_language_is_told_from_all_others(language: str) -> None:
    """Whichever languages the rules of a table name, a text is in its own and in no other."""
    recognised = Recognised([language])
    assert language in recognised
    assert [each for each, text in SAID.items() if recognised.of(text)] == [language]
    assert recognised.of(SAID[language].upper()) == {language}


def test_a_language_without_words_is_in_no_text() -> None:
    """A rule may name any language; where it cannot be told by words its sender has to name it."""
    recognised = Recognised(["tlh", "fr"])
    assert recognised.of(SAID["fr"]) == {"fr"}
    assert "tlh" not in recognised
    assert not Recognised(["tlh"])
