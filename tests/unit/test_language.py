import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.language import is_welsh

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
    found = [(text, language) for text, language in examples() if is_welsh(text)]
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
    assert is_welsh(text)


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
    assert not is_welsh(text)


@given(st.text(st.characters(codec=None), max_size=200))
def test_any_text_is_welsh_or_not(text: str) -> None:
    """No text is an error, and capitals make no difference where all of it is in them."""
    assert is_welsh(text) in {True, False}
    assert not is_welsh("")
