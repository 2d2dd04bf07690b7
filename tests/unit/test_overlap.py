import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.training.data.overlap import BLOCK, nearly_among, same_texts

LETTER = "my state pension has not been paid since march and nobody at the office answers me"
WORDS = st.sampled_from("tax road school ŵyl pension late why the a 12 Straße".split())
TEXTS = st.lists(WORDS, max_size=14).map(" ".join)


@pytest.mark.parametrize(
    "text",
    [
        LETTER,
        LETTER.upper(),
        "My state pension has NOT been paid, since March: and nobody at the office answers me!",
        f"dear sir {LETTER} yours",
        LETTER.replace("nobody", "no one"),
    ],
)
def test_what_is_nearly_the_same_is_found(text: str) -> None:
    """A text is found in spite of capitals, punctuation, an opening and a word or two."""
    assert nearly_among([text], ["the road is flooded", LETTER]).tolist() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "my state pension has not been paid for two years now so I called twice about it again",
        "me answers office the at nobody and march since paid been not has pension state my",
        "the office is closed",
        "pension",
        "",
        "?! ...",
    ],
)
def test_what_shares_a_few_words_is_another_text(text: str) -> None:
    """The same beginning, the same words in another order and no words at all are no overlap."""
    assert nearly_among([text], [LETTER, "", "!"]).tolist() == [False]


def test_a_short_text_is_compared_as_a_whole() -> None:
    """A text of fewer than five words is found where it stands alone, and not inside another."""
    others = ["Pension late!", LETTER]
    assert nearly_among(["pension late", "late pension", "state pension"], others).tolist() == [
        True,
        False,
        False,
    ]


@given(st.lists(TEXTS, max_size=8), st.lists(TEXTS, max_size=8))
def test_a_text_with_a_word_is_among_itself(texts: list[str], others: list[str]) -> None:
    """Every text that has a word is found among texts of which it is one; no text among none."""
    found = nearly_among(texts, [*others, *texts])
    assert found.tolist() == [bool(text) for text in texts]
    assert not nearly_among(texts, []).any()


@given(st.lists(TEXTS, min_size=1, max_size=8), st.lists(TEXTS, max_size=8))
def test_neighbours_make_no_difference(texts: list[str], others: list[str]) -> None:
    """Each text is found by itself as it is among others: no five-gram crosses into the next."""
    together = nearly_among(texts, others)
    assert together.tolist() == [nearly_among([text], others)[0] for text in texts]


def test_texts_of_many_blocks_are_told_apart() -> None:
    """Texts are found wherever they stand, in however many blocks they are compared."""
    numbered = [f"inquiry {n} of {n * 7} about the {n * 13} pension" for n in range(BLOCK + 50)]
    wanted = np.arange(len(numbered)) % 3 == 0
    known = [text for text, one in zip(numbered, wanted, strict=True) if one]
    assert (nearly_among(numbered, known) == wanted).all()


def test_the_same_words_have_the_same_number() -> None:
    """Texts that differ in capitals and blanks alone are one; a new one has the next number."""
    assert same_texts(["a b", "c", "A  b\n", "c d", "C"]).tolist() == [0, 1, 0, 2, 1]
