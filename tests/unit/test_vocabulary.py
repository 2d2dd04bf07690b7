import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.model.manifest import FeatureSettings
from services.model.text_features import VERSION, features_of
from services.model.vocabulary import Vocabulary, settled

WORDS = FeatureSettings(version=VERSION, pairs=False, prefix=0)
ALL = FeatureSettings(version=VERSION, grams=(3,))

HASHES = st.integers(0, 2**64 - 1)
# Few upper bits, so that places are taken twice.
CROWDED = st.builds(
    lambda upper, lower: (upper << 60) + lower, st.integers(0, 15), st.integers(0, 9)
)


def hashed(*values: int) -> NDArray[np.uint64]:
    return np.array(values, np.uint64)


def hash_of(word: str) -> int:
    [hashed] = features_of([word], WORDS).hashes.tolist()
    return int(hashed)


def learnt(*words: str) -> Vocabulary:
    return Vocabulary(hashed(*map(hash_of, words)), WORDS)


def test_learnt_features_are_found_and_all_others_dropped() -> None:
    """A text is read as the numbers of the words that were learnt, each as often as it stands."""
    vocabulary = learnt("tax", "road", "school")
    ids = vocabulary.read(["The road, the ROAD and the tax", "school"])
    assert ids.tolist() == [[1, 1, 0], [2, 3, 3]]


def test_texts_without_a_learnt_feature_are_all_padding() -> None:
    """A text of which nothing is known, and one that is empty, is a row of padding."""
    vocabulary = learnt("tax", "road")
    assert vocabulary.read(["", "pond", "?!"]).tolist() == [[2], [2], [2]]
    assert vocabulary.read([]).shape == (0, 1)


def test_rows_are_padded_to_the_longest() -> None:
    """Rows are as wide as the text with the most learnt features needs, and end in padding."""
    ids = learnt("tax", "road").read(["tax", "tax road tax road", "pond"])
    assert ids.tolist() == [[0, 2, 2, 2], [0, 1, 0, 1], [2, 2, 2, 2]]


@pytest.mark.parametrize("texts", [255, 256, 65_535, 65_536, 70_000])
def test_a_batch_may_be_of_any_size(texts: int) -> None:
    """Each text keeps its own features, however many are read at once."""
    ids = learnt("tax", "road").read(["tax", "road"] * (texts // 2))
    assert ids.shape == (texts // 2 * 2, 1)
    assert (ids[::2] == 0).all()
    assert (ids[1::2] == 1).all()


def test_of_two_features_with_one_place_the_first_is_kept() -> None:
    """Where two features fall on one place, the later is unknown and never taken for the other."""
    first, second, third = 1 << 63, (1 << 63) + 1, 1 << 62
    vocabulary = Vocabulary(hashed(first, second, third), WORDS)
    assert vocabulary.look_up(hashed(first, second, third)).tolist() == [0, 3, 2]
    assert settled(hashed(first, second, third)).tolist() == [0, 2]


@given(
    st.lists(HASHES | CROWDED, min_size=1, max_size=60, unique=True),
    st.lists(HASHES | CROWDED, max_size=60),
)
def test_a_feature_is_its_own_number_or_unknown(known: list[int], others: list[int]) -> None:
    """Whatever was learnt, a feature is never mistaken for another; `settled` says which are found.

    That a feature looks like the one that stands for "unknown" makes no difference.
    """
    hashes = hashed(*known)
    vocabulary = Vocabulary(hashes, WORDS)
    numbers = {known[number]: number for number in settled(hashes).tolist()}
    asked = [*known, *others, *(value ^ (2**64 - 1) for value in known)]
    found = vocabulary.look_up(hashed(*asked)).tolist()
    assert found == [numbers.get(value, len(known)) for value in asked]


@given(st.lists(CROWDED, min_size=1, max_size=60, unique=True))
def test_the_first_feature_is_always_found(known: list[int]) -> None:
    """The features stand in the order of their value, so the most valuable is never lost."""
    assert Vocabulary(hashed(*known), WORDS).look_up(hashed(known[0])).tolist() == [0]
    assert settled(hashed(*known))[0] == 0


@given(st.lists(st.text(st.characters(codec=None), max_size=60), max_size=5))
def test_any_text_can_be_read(texts: list[str]) -> None:
    """Any text gives a row of numbers that the model has weights for."""
    ids = Vocabulary(features_of(["the road tax"], WORDS).hashes, ALL).read(texts)
    assert ids.shape[0] == len(texts)
    assert ids.shape[1] >= 1
    assert ((ids >= 0) & (ids <= 3)).all()
