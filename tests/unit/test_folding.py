import hashlib
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.folding import FOLDED, fold

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)


def words(text: str) -> list[str]:
    letters, _ = fold([text])
    return "".join(chr(letter) for letter in letters).replace("\0", " ").split(" ")[:-1]


def listed(*texts: str) -> list[list[int]]:
    letters, ends = fold(texts)
    return [stretch.tolist() for stretch in np.split(letters, ends)[:-1]]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("PENSION", "pension"),
        ("Ŵyneb", "wyneb"),
        ("w\u0302yneb", "wyneb"),
        ("tŷ", "ty"),
        ("ty\u0302", "ty"),
        ("TÂN", "tan"),
        ("ta\u0302n", "tan"),
        ("pêl", "pel"),
        ("pe\u0302l", "pel"),
        ("naïveté", "naivete"),
        ("Việt", "viet"),
        ("ΑΘΉΝΑ", "αθηνα"),
        ("Οδός", "οδοσ"),
        ("ΟΔΟΣ", "οδοσ"),
        ("Й", "и"),
        ("co\u00adoperate", "cooperate"),
        ("co\u200doperate", "cooperate"),
        ("co\u200coperate", "cooperate"),
        ("\ufeffcooperate\ufe0f", "cooperate"),
    ],
)
def test_one_word_written_in_many_ways_is_one_word(written: str, plain: str) -> None:
    """Capitals, accents in one code point or two, soft hyphens and joiners make no difference."""
    assert words(written) == [plain]


@pytest.mark.parametrize(
    "between",
    [
        *" \t\n\r\0.,;:!?'\"()[]/|-_+*=<>@#%&~`^$£€",
        "\u2018",
        "\u2019",
        "\u201c",
        "\u201d",
        "\u2013",
        "\u2014",
        "\u2026",
        "\u00a0",
        "\u2028",
        "\u3000",
        "\u3001",
        "\x85",
        "\x7f",
        chr(0xD800),
        chr(0xDFFF),
    ],
    ids=ascii,
)
def test_what_is_no_letter_separates_words(between: str) -> None:
    """White space, punctuation, curly quotes, dashes, NUL and halves of surrogates end a word."""
    assert words(f"road{between}tax") == ["road", "tax"]


@pytest.mark.parametrize(
    "text", ["😀", "👩‍🚒", "שלום", "مرحبا", "年金", "ねんきん", "연금", "पेंशन", "ქ"]
)
def test_every_script_and_emoji_has_letters(text: str) -> None:
    """Emoji, and what is written from right to left or without an alphabet, is kept."""
    assert words(text)
    assert words(text) != words(text + text[0])


def test_every_accented_letter_is_the_same_in_two_code_points() -> None:
    """Composed and decomposed, each Latin, Greek and Cyrillic letter is read as the same."""
    for code in (code for folded in FOLDED for code in folded):
        composed = unicodedata.normalize("NFC", chr(code))
        assert words(composed) == words(unicodedata.normalize("NFD", chr(code))), hex(code)


def test_every_capital_is_read_as_its_small_letter() -> None:
    """Each Latin, Greek and Cyrillic capital is read as its small letter is."""
    for letter in (chr(code) for folded in FOLDED for code in folded):
        if len(letter.lower()) == 1:
            assert words(letter) == words(letter.lower()), ascii(letter)


@given(st.lists(ANY_TEXT, max_size=6))
def test_a_text_is_read_the_same_beside_any_other(texts: list[str]) -> None:
    """The letters of a text do not depend on the texts before and after it."""
    assert listed(*texts) == [listed(text)[0] for text in texts]


@given(st.lists(ANY_TEXT, min_size=1, max_size=6))
def test_two_texts_never_touch(texts: list[str]) -> None:
    """There is a separator between two texts, whatever they are."""
    letters, ends = fold(texts)
    assert not letters[ends - 1].any()
    assert ends[-1] == len(letters)


def test_nothing_has_no_letters() -> None:
    """No texts and empty texts are read as what they are."""
    assert listed() == []
    assert listed("", "") == [[0], [0]]


def test_the_table_of_letters_is_the_same_on_every_python() -> None:
    """Each character of the basic plane is read as it was when the shipped model was trained."""
    letters, ends = fold([chr(code) for code in range(0x10000)])
    folded = letters.astype("<u4").tobytes() + ends.astype("<i8").tobytes()
    assert hashlib.sha256(folded).hexdigest() == (
        "fb3d9c882d7dc3f54a14e2cd5afac2b3594b7ee256dbd6d1bee5e993c816bcee"
    )
