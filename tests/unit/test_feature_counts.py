import numpy as np
import pytest

from services.model.manifest import FeatureSettings
from services.model.text_features import VERSION, features_of
from services.model.vocabulary import Vocabulary
from services.training.fit.feature_counts import BLOCK, count, learn_vocabulary

WORDS = FeatureSettings(version=VERSION, pairs=False, prefix=0)


def hash_of(word: str) -> int:
    [hashed] = features_of([word], WORDS).hashes.tolist()
    return int(hashed)


def learnt(*texts: str, limit: int = 100) -> list[int]:
    hashes: list[int] = learn_vocabulary(texts, WORDS, min_texts=2, limit=limit).tolist()
    return hashes


def test_words_of_several_texts_are_learnt() -> None:
    """A word that only one text has teaches nothing, however often it stands there."""
    assert learnt("tax tax tax road", "road") == [hash_of("road")]
    assert learnt("tax", "road") == []
    assert learnt("", "?!") == []


def test_the_most_frequent_words_are_learnt_first() -> None:
    """Where there is no room for all, those that most texts have are kept."""
    texts = "a b c", "a b c", "b c", "c"
    assert learnt(*texts) == [hash_of(word) for word in "cba"]
    assert learnt(*texts, limit=2) == [hash_of(word) for word in "cb"]


def test_texts_are_counted_across_blocks() -> None:
    """A word counts once a text, in however many blocks the texts are read."""
    texts = [f"{'seldom ' * 5 if n in {3, BLOCK + 3} else ''}often often" for n in range(BLOCK + 5)]
    assert learnt(*texts) == [hash_of("often"), hash_of("seldom")]


@pytest.mark.parametrize("texts", [1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_features_are_counted(texts: int) -> None:
    """The matrix says how often each text has each feature, for any number of texts."""
    vocabulary = Vocabulary(np.array([hash_of("tax"), hash_of("road")], np.uint64), WORDS)
    counted = count(["tax, road and tax"] * (texts - 1) + ["pond"], vocabulary)
    assert counted.shape == (texts, 2)
    assert (counted.toarray()[:-1] == [2, 1]).all()
    assert (counted.toarray()[-1] == [0, 0]).all()
