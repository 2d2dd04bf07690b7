"""Text to features: a hash for each word, pair of words, prefix and letter n-gram of a batch.

Every substring is hashed by one subtraction and one product. With letters l and an odd
number B, a cumulative sum holds S[i] = l[0] + l[1] B + … + l[i-1] B^(i-1) modulo 2^64; the hash of
letters s to e is (S[e] - S[s]) B^-s, the same wherever the substring stands (Rabin and Karp's
rolling hash, with the division done by the inverse of B). So nothing is done per word in Python,
and nothing depends on the machine, the locale or the process.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.model.folding import fold
from services.model.manifest import FeatureSettings

# Changes whenever the same text would give other hashes; a model says which version it needs.
VERSION = 1

Hashes = NDArray[np.uint64]
Places = NDArray[np.intp]

_BASE = 0xD1342543DE82EF95
_MIX = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0x8EBC6AF09C88C6E3), np.uint64(0x589965CC75374CC3)
_PAIR, _PREFIX, _GRAM = np.uint64(0x1D8E4E27), np.uint64(0x2545F491), np.uint64(0x6C62272E)

# From so many letters into a word on, n-grams are found at one go: few words have any, but one
# without a space, as Chinese is written, has thousands.
_LONG = 24


class Features(NamedTuple):
    """Features of one kind, in the order of the texts.

    `hashes`, `rows` (which text, from 0), `starts` and `ends` (where in the batch's letters) are
    of the same length.
    """

    hashes: Hashes
    rows: Places
    starts: Places
    ends: Places


class Words(NamedTuple):
    """The words of a batch: their hashes before mixing, rows, starts, ends; and the sums."""

    hashes: Hashes
    rows: Places
    starts: Places
    ends: Places
    sums: Hashes
    inverses: Hashes

    def substring(self, starts: Places, ends: Places) -> Hashes:
        """Hash the letters from each start to each end."""
        hashes: Hashes = (self.sums[ends] - self.sums[starts]) * self.inverses[starts]
        return hashes


def features_of(texts: Sequence[str], settings: FeatureSettings) -> Iterator[Features]:
    """Return the features of a batch of texts, kind by kind: words, pairs, prefixes, n-grams."""
    words = words_of(texts)
    yield Features(_mix(words.hashes), words.rows, words.starts, words.ends)
    if settings.pairs:
        yield _pairs(words, settings.pair_letters)
    lengths = words.ends - words.starts
    if settings.prefix:
        longer = np.flatnonzero(lengths > settings.prefix)
        yield _substrings(words, longer, 0, settings.prefix, _PREFIX)
    for size in settings.grams:
        for skipped in range(min(int(lengths.max(initial=0)) - size + 1, _LONG)):
            longer = np.flatnonzero(lengths >= skipped + size)
            yield _substrings(words, longer, skipped, size, _GRAM + np.uint64(skipped == 0))
        yield _late_grams(words, np.flatnonzero(lengths >= _LONG + size), size)


def words_of(texts: Sequence[str]) -> Words:
    """Find the words of a batch of texts."""
    letters, text_ends = fold(texts)
    powers, inverses = _powers(max(len(letters), 1).bit_length())
    sums = np.zeros(len(letters) + 1, np.uint64)
    np.cumsum(letters * powers[: len(letters)], out=sums[1:])
    inside = np.zeros(len(letters) + 2, np.bool_)
    np.not_equal(letters, 0, out=inside[1:-1])
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[::2], edges[1::2]
    per_text = np.diff(np.searchsorted(starts, text_ends), prepend=0)
    rows = np.repeat(np.arange(len(texts)), per_text)
    hashes = (sums[ends] - sums[starts]) * inverses[starts]
    return Words(hashes, rows, starts, ends, sums, inverses)


def _pairs(words: Words, letters: int) -> Features:
    first = np.flatnonzero(words.rows[1:] == words.rows[:-1])
    second = first + 1
    of_word = words.hashes
    if letters:
        of_word = words.substring(words.starts, np.minimum(words.ends, words.starts + letters))
    hashes = of_word[first] * _FIRST + of_word[second] * _SECOND + _PAIR
    return Features(_mix(hashes), words.rows[first], words.starts[first], words.ends[second])


def _late_grams(words: Words, which: Places, size: int) -> Features:
    per_word = words.ends[which] - words.starts[which] - size - _LONG + 1
    skipped = np.arange(per_word.sum()) - np.repeat(np.cumsum(per_word) - per_word, per_word)
    return _substrings(words, np.repeat(which, per_word), skipped + _LONG, size, _GRAM)


def _substrings(
    words: Words, which: Places, skipped: int | Places, size: int, salt: np.uint64
) -> Features:
    starts = words.starts[which] + skipped
    ends = starts + size
    hashes = words.substring(starts, ends) + salt * np.uint64(size)
    return Features(_mix(hashes), words.rows[which], starts, ends)


def _mix(hashes: Hashes) -> Hashes:
    """Spread the bits, so that the uppermost ones alone tell most features apart."""
    mixed = hashes ^ (hashes >> np.uint64(32))
    mixed *= _MIX
    mixed ^= mixed >> np.uint64(29)
    mixed *= _FIRST
    return mixed


@lru_cache(maxsize=2)
def _powers(bits: int) -> tuple[Hashes, Hashes]:
    """Return 2^bits powers of the base and of its inverse, modulo 2^64."""
    powers = np.full((2, 1 << bits), 1, np.uint64)
    powers[0, 1:] = _BASE
    powers[1, 1:] = pow(_BASE, -1, 1 << 64)
    np.cumprod(powers, axis=1, out=powers)
    return powers[0], powers[1]
