"""Texts as a matrix of how often each of them has each feature."""

from collections.abc import Iterator, Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from services.model.manifest import FeatureSettings
from services.model.text_features import features_of
from services.model.vocabulary import Vocabulary, settled

BLOCK = 1_000


def learn_vocabulary(
    texts: Sequence[str], settings: FeatureSettings, *, min_texts: int, limit: int
) -> NDArray[np.uint64]:
    """Return the features that at least `min_texts` texts have, most frequent first.

    At most `limit` of them are kept. Features that only one text has teach nothing about others.
    """
    per_text = np.concatenate([*_distinct(texts, settings)])
    hashes, counts = np.unique(per_text, return_counts=True)
    frequent = np.flatnonzero(counts >= min_texts)
    order = frequent[np.argsort(-counts[frequent], kind="stable")]
    kept = hashes[order[:limit]]
    return kept[settled(kept)]


def _distinct(texts: Sequence[str], settings: FeatureSettings) -> Iterator[NDArray[np.uint64]]:
    for start in range(0, len(texts), BLOCK):
        features = features_of(texts[start : start + BLOCK], settings)
        order = np.lexsort((features.hashes, features.rows))
        hashes, rows = features.hashes[order], features.rows[order]
        again = (hashes[1:] == hashes[:-1]) & (rows[1:] == rows[:-1])
        yield hashes[np.append(True, ~again)] if len(hashes) else hashes


def count(texts: Sequence[str], vocabulary: Vocabulary) -> sp.csr_matrix:
    """Count features: of shape (texts, features)."""
    blocks = [
        _count_block(texts[start : start + BLOCK], vocabulary)
        for start in range(0, len(texts), BLOCK)
    ]
    return sp.vstack(blocks, format="csr")


def _count_block(texts: Sequence[str], vocabulary: Vocabulary) -> sp.csr_matrix:
    ids = vocabulary.read(texts)
    rows, places = np.nonzero(ids != vocabulary.size)
    ones = np.ones(len(rows), np.float64)
    return sp.csr_matrix((ones, (rows, ids[rows, places])), shape=(len(texts), vocabulary.size))
