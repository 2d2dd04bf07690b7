"""Finds texts that stand in two parts, exactly or nearly: none may judge what learnt from it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.model.text_features import words_of

Truths = NDArray[np.bool_]
Hashes = NDArray[np.uint64]
Rows = NDArray[np.intp]

WORDS = 5
# A text is nearly another where so large a share of its five-grams stands in the others.
NEARLY = 0.5
BLOCK = 1_000
_FACTORS = np.array([0x9E3779B97F4A7C15**n % 2**64 | 1 for n in range(1, WORDS + 1)], np.uint64)


class _Grams(NamedTuple):
    """The hashes of five words in a row, and the text (from 0) in which they stand."""

    hashes: Hashes
    rows: Rows


def same_texts(texts: Sequence[str]) -> Rows:
    """Number texts from 0, in order, so that those of the same words have the same number."""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(" ".join(text.casefold().split()), len(numbers)) for text in texts],
        np.intp,
    )


def nearly_among(texts: Sequence[str], others: Sequence[str]) -> Truths:
    """Tell which texts stand among others, exactly or nearly, of shape (texts,).

    Texts are compared by their word five-grams, without capitals, accents and punctuation; one of
    fewer words is compared as a whole.
    """
    known = np.unique(
        np.concatenate([np.empty(0, np.uint64), *(g.hashes for g in grams_of(others))])
    )
    found = np.zeros(len(texts))
    counts = np.zeros(len(texts))
    for number, grams in enumerate(grams_of(texts)):
        rows = grams.rows + number * BLOCK
        place = np.minimum(np.searchsorted(known, grams.hashes), max(len(known) - 1, 0))
        hits = known[place] == grams.hashes if len(known) else np.zeros(len(rows), np.bool_)
        counts += np.bincount(rows, minlength=len(texts))
        found += np.bincount(rows, hits, minlength=len(texts))
    nearly: Truths = (counts > 0) & (found >= NEARLY * counts)
    return nearly


def grams_of(texts: Sequence[str]) -> Iterator[_Grams]:
    """Return the word five-grams of texts, `BLOCK` texts at a time."""
    for start in range(0, len(texts), BLOCK):
        yield _of_block(texts[start : start + BLOCK])


def _of_block(texts: Sequence[str]) -> _Grams:
    words = words_of(texts)
    lengths = np.diff(words.bounds)
    # Blanks after a text of few words make it one five-gram, and part it from the next.
    missing = np.where(lengths > 0, np.maximum(WORDS - lengths, 0), 0)
    after = np.repeat(np.cumsum(lengths), missing)
    hashes = np.insert(words.hashes, after, np.uint64(0))
    rows = np.repeat(np.arange(len(texts)), lengths + missing)
    whole = np.flatnonzero(rows[: len(rows) - WORDS + 1] == rows[WORDS - 1 :])
    sums = np.zeros(len(whole), np.uint64)
    for step, factor in enumerate(_FACTORS):
        sums += hashes[whole + step] * factor
    return _Grams(sums, rows[whole])
