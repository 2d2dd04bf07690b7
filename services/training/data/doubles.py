"""Texts that stand twice: each group of equal or nearly equal ones belongs together."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from services.training.data.overlap import BLOCK, NEARLY, grams_of

Ints = NDArray[np.intp]


def groups_of(texts: Sequence[str]) -> Ints:
    """Return the number of each text's group, of shape (texts,).

    Two texts are of one group if they share half of the word five-grams that the longer has, or if
    a third is nearly each of them. Capitals, accents and punctuation do not count; a text of fewer
    than five words is compared as a whole.
    """
    size = len(texts)
    if not size:
        return np.empty(0, np.intp)
    blocks = [(each.hashes, each.rows + n * BLOCK) for n, each in enumerate(grams_of(texts))]
    hashes = np.concatenate([each for each, _ in blocks])
    rows = np.concatenate([each for _, each in blocks])
    # A text may say the same five words twice, and they count once.
    order = np.lexsort((rows, hashes))
    hashes, rows = hashes[order], rows[order]
    once = np.ones(len(rows), np.bool_)
    once[1:] = (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])
    hashes, rows = hashes[once], rows[once]
    lengths = np.bincount(rows, minlength=size)
    first = np.ones(len(rows), np.bool_)
    first[1:] = hashes[1:] != hashes[:-1]
    # Each five-gram is a link to the first text that has it and to the one before: to link all that
    # have it to each other would take the square of their number.
    owners = rows[np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))]
    before = np.roll(rows, 1)
    links = _links(rows[~first], owners[~first], lengths) + _links(
        rows[~first], before[~first], lengths
    )
    groups: Ints = connected_components(links, directed=False)[1].astype(np.intp)
    return groups


def _links(ones: Ints, others: Ints, lengths: Ints) -> sp.coo_matrix:
    """Return a matrix of shape (texts, texts) that is true for those that share enough."""
    size = len(lengths)
    shared = sp.coo_matrix((np.ones(len(ones)), (ones, others)), (size, size)).tocsr().tocoo()
    enough = shared.data >= NEARLY * np.maximum(lengths[shared.row], lengths[shared.col])
    return sp.coo_matrix(
        (shared.data[enough], (shared.row[enough], shared.col[enough])), (size, size)
    )
