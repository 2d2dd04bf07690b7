"""Text to features: a hash for each word, pair of words, prefix and letter n-gram of a batch.

Every substring is hashed by one subtraction and one product. With letters l and an odd
number B, a cumulative sum holds S[i] = l[0] + l[1] B + … + l[i-1] B^(i-1) modulo 2^64; the hash of
letters s to e is (S[e] - S[s]) B^-s, the same wherever the substring stands (Rabin and Karp's
rolling hash, with the division done by the inverse of B). So nothing is done per word in Python,
and nothing depends on the machine, the locale or the process.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
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


class _Kind(NamedTuple):
    """Features of one kind, in the order of the texts: hashes before mixing, and letters' places.

    Text i has those from bounds[i] to bounds[i + 1].
    """

    hashes: Hashes
    bounds: Places
    starts: Places
    ends: Places


class Features(NamedTuple):
    """Features of n texts, kind by kind, those of a kind in the order of the texts.

    `bounds` is of shape (kinds, n + 1): of kind k text i has those from bounds[k, i] to
    bounds[k, i + 1]. `rows` (which text, from 0), `starts` and `ends` (where in the batch's
    letters) are as long as `hashes`.
    """

    hashes: Hashes
    bounds: Places
    kinds: Sequence[_Kind]

    @property
    def rows(self) -> Places:
        """Return which text each feature is of."""
        counts = np.diff(self.bounds)
        return np.repeat(np.tile(np.arange(counts.shape[1]), len(counts)), counts.ravel())

    @property
    def starts(self) -> Places:
        """Return where each feature starts."""
        return np.concatenate([kind.starts for kind in self.kinds])

    @property
    def ends(self) -> Places:
        """Return where each feature ends."""
        return np.concatenate([kind.ends for kind in self.kinds])


class Words(NamedTuple):
    """The words of n texts: their hashes before mixing, and the sums that hash any letters.

    Text i has those from bounds[i] to bounds[i + 1].
    """

    hashes: Hashes
    bounds: Places
    starts: Places
    ends: Places
    sums: Hashes
    inverses: Hashes

    def substring(self, starts: Places, ends: Places) -> Hashes:
        """Hash the letters from each start to each end."""
        hashes: Hashes = (self.sums[ends] - self.sums[starts]) * self.inverses[starts]
        return hashes


def features_of(texts: Sequence[str], settings: FeatureSettings) -> Features:
    """Return the features of texts, kind by kind: words, pairs, prefixes, n-grams."""
    kinds = [*_kinds(words_of(texts), settings)]
    hashes = np.concatenate([kind.hashes for kind in kinds])
    before = accumulate((len(kind.hashes) for kind in kinds), initial=0)
    bounds = np.array([kind.bounds + start for kind, start in zip(kinds, before, strict=False)])
    return Features(_mix(hashes), bounds, kinds)


def _kinds(words: Words, settings: FeatureSettings) -> Iterator[_Kind]:
    hashes, bounds, starts, ends, *_ = words
    yield _Kind(hashes, bounds, starts, ends)
    lengths = ends - starts
    if settings.pairs:
        if settings.pair_letters:
            hashes = words.substring(starts, starts + np.minimum(lengths, settings.pair_letters))
        yield _pairs(words, hashes)
    if settings.prefix:
        [longer] = (lengths > settings.prefix).nonzero()
        yield _substrings(words, longer, 0, settings.prefix, _PREFIX)
    for size in settings.grams:
        for skipped in range(min(int(lengths.max(initial=0)) - size + 1, _LONG)):
            [longer] = (lengths >= skipped + size).nonzero()
            yield _substrings(words, longer, skipped, size, _GRAM + np.uint64(skipped == 0))
        yield _late_grams(words, np.flatnonzero(lengths >= _LONG + size), size)


def words_of(texts: Sequence[str]) -> Words:
    """Find the words of texts."""
    letters, text_ends = fold(texts)
    powers, inverses = _powers(max(len(letters), 1).bit_length())
    sums = np.zeros(len(letters) + 1, np.uint64)
    np.multiply(letters, powers[: len(letters)], out=sums[1:])
    sums.cumsum(out=sums)
    inside = np.zeros(len(letters) + 2, np.bool_)
    np.not_equal(letters, 0, out=inside[1:-1])
    [edges] = (inside[1:] != inside[:-1]).nonzero()
    starts, ends = edges[::2], edges[1::2]
    bounds = np.zeros(len(texts) + 1, np.intp)
    bounds[1:] = starts.searchsorted(text_ends)
    hashes = (sums[ends] - sums[starts]) * inverses[starts]
    return Words(hashes, bounds, starts, ends, sums, inverses)


def _pairs(words: Words, hashes: Hashes) -> _Kind:
    followed = np.ones(len(hashes) + 1, np.bool_)
    followed[words.bounds - 1] = False  # the last word of each text, or none
    [first] = followed[:-1].nonzero()
    paired = hashes[:-1] * _FIRST
    paired += hashes[1:] * _SECOND
    paired += _PAIR
    return _kind(words, first, paired[first], words.starts[first], words.ends[first + 1])


def _late_grams(words: Words, which: Places, size: int) -> _Kind:
    per_word = words.ends[which] - words.starts[which] - size - _LONG + 1
    skipped = np.arange(per_word.sum()) - np.repeat(np.cumsum(per_word) - per_word, per_word)
    return _substrings(words, np.repeat(which, per_word), skipped + _LONG, size, _GRAM)


def _substrings(
    words: Words, which: Places, skipped: int | Places, size: int, salt: np.uint64
) -> _Kind:
    starts = words.starts[which] + skipped
    ends = starts + size
    hashes = words.substring(starts, ends) + salt * np.uint64(size)
    return _kind(words, which, hashes, starts, ends)


def _kind(words: Words, which: Places, hashes: Hashes, starts: Places, ends: Places) -> _Kind:
    """Make a kind of features, of which each starts in one of the words `which`, ascending."""
    return _Kind(hashes, which.searchsorted(words.bounds), starts, ends)


def _mix(hashes: Hashes) -> Hashes:
    """Spread the bits, so that the uppermost ones alone tell most features apart."""
    shifted = hashes >> np.uint64(32)
    mixed: Hashes = np.bitwise_xor(hashes, shifted, out=shifted)
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
