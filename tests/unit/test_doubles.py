import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.training.data.doubles import groups_of
from services.training.data.folds import FOLDS, stratified
from tests.unit.training_data import BUSY, labelled_rows

TEXT = "My bins have not been emptied since the start of March and nobody at the council answers"


def test_equal_and_nearly_equal_texts_are_one_group() -> None:
    """Case, punctuation and a few words more make no other text; other words do."""
    texts = [
        "Where is my pension?",
        TEXT,
        TEXT.upper() + "!",
        f"Dear sirs. {TEXT} Thank you very much",
        "Dear sirs. Where do I vote? Thank you very much",
        "where is my PENSION",
    ]
    one, two, *rest = groups_of(texts).tolist()
    assert rest == [two, two, rest[2], one]
    assert len({one, two, rest[2]}) == 3


def test_what_a_longer_text_quotes_is_not_the_longer_text() -> None:
    """A text of five words does not bind all that have them to each other."""
    phrase = "I would like to know"
    texts = [
        phrase,
        f"{phrase} when the library opens on Sunday",
        f"{phrase} who pays for a pothole",
    ]
    assert len({*groups_of(texts).tolist()}) == 3


@given(st.lists(st.text("ab .", max_size=30), max_size=12))
def test_equal_texts_with_words_are_of_one_group(texts: list[str]) -> None:
    """Whatever is written, what is written twice is of one group, wherever it stands."""
    groups = groups_of([*texts, *texts]).tolist()
    for number, text in enumerate(texts):
        if text.strip(". "):
            assert groups[number] == groups[number + len(texts)]


def test_doubles_stand_in_one_fold() -> None:
    """No text is judged by a fit that has seen its double, and each fold has every label."""
    rows = labelled_rows(1, BUSY)
    numbers = {label: number for number, label in enumerate(BUSY)}
    labels = np.array([numbers[row.department] for row in rows] * 2)
    groups = np.concatenate([np.arange(len(rows))] * 2)
    for others, fold in stratified(labels, 0, groups):
        assert not {*groups[others]} & {*groups[fold]}
        assert {*labels[fold]} == {0, 1, 2}
        assert sorted([*others, *fold]) == [*range(len(labels))]


def test_texts_that_are_all_different_fall_where_they_did() -> None:
    """Groups of one change nothing: the same data give the same model as before."""
    labels = np.random.default_rng(0).integers(0, 4, 200)
    plain, grouped = stratified(labels, 3), stratified(labels, 3, np.arange(200))
    for (_, one), (_, other) in zip(plain, grouped, strict=True):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize(
    "groups",
    [
        np.zeros(60, np.intp),
        np.repeat([0, 1, 2], 20),
        np.repeat(np.arange(6), 10),
        np.r_[np.zeros(10, np.intp), np.arange(1, 51)],
        np.repeat(np.arange(30), 2),
    ],
    ids=["one", "of a label", "of half a label", "all of a label's", "pairs"],
)
def test_every_fit_has_every_label(groups: np.ndarray) -> None:
    """Where doubles are too many to be kept together they are divided, and no label is lost."""
    labels = np.r_[np.zeros(10, np.intp), np.ones(20, np.intp), np.full(30, 2)]
    folds = stratified(labels, 0, groups)
    assert len(folds) == FOLDS
    for others, fold in folds:
        assert {*labels[others]} == {0, 1, 2}
        assert len(fold)
