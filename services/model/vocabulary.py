"""The features that a model has learnt, and where each stands in its weights."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.model.manifest import FeatureSettings
from services.model.text_features import Hashes, features_of

Ids = NDArray[np.intp]

# How many places a feature has to itself on average: enough that one in forty finds its own taken.
ROOM = 20


class Vocabulary:
    """Gives each learnt feature its number, and drops all that the model has never seen.

    A table of 2^bits places, one for the upper bits of each hash, leads to the number; whether it
    is the same feature is then seen from the whole hash. Of features that fall on one place only
    the first is kept (`settled` says which those are), so a lookup never has to search.

    Args:
        hashes: The features, most valuable first, of shape (features,).
        settings: Which kinds of features are looked up.
    """

    def __init__(self, hashes: Hashes, settings: FeatureSettings) -> None:
        self.settings = settings
        self.size = len(hashes)
        self._hashes = np.append(hashes, ~hashes[-1:])  # the last stands for "unknown"
        self._shift = np.uint64(64 - bits_for(self.size))
        self._table = np.full(1 << bits_for(self.size), self.size, np.int32)
        self._table[_places(hashes, self._shift)[::-1]] = np.arange(self.size)[::-1]

    def look_up(self, hashes: Hashes) -> Ids:
        """Return the number of each feature, or `size` for one that was not learnt."""
        ids = self._table[_places(hashes, self._shift)]
        return np.where(self._hashes[ids] == hashes, ids, self.size)

    def read(self, texts: Sequence[str]) -> Ids:
        """Return the learnt features of each text.

        Returns:
            Of shape (texts, width), where width is the most that any text has, and at least 1;
            shorter rows end in `size`.
        """
        features = features_of(texts, self.settings)
        # No place is out of bounds, and to be told so is quicker than to see it.
        ids = self._table.take(_places(features.hashes, self._shift), mode="clip")
        [known] = (self._hashes.take(ids, mode="clip") == features.hashes).nonzero()
        bounds = known.searchsorted(features.bounds)
        counts = bounds[:, 1:] - bounds[:, :-1]
        width = max(int(counts.sum(axis=0).max(initial=0)), 1)
        padded = np.full((len(texts), width), self.size, np.intp)
        # Those of a text and a kind stand side by side, here and in the text's row.
        moved = counts.cumsum(axis=0) - bounds[:, 1:] + np.arange(0, padded.size, width)
        places = moved.ravel().repeat(counts.ravel())
        places += np.arange(len(known))
        padded.ravel()[places] = ids[known]
        return padded


def settled(hashes: Hashes) -> NDArray[np.intp]:
    """Return the indices, ascending, of the features that are the first to come to their place."""
    _, first = np.unique(_places(hashes, np.uint64(64 - bits_for(len(hashes)))), return_index=True)
    return np.sort(first)


def bits_for(features: int) -> int:
    """Return the bits of the table for so many features."""
    return max(features * ROOM, 1).bit_length()


def _places(hashes: Hashes, shift: np.uint64) -> NDArray[np.intp]:
    places: NDArray[np.intp] = (hashes >> shift).view(np.intp)
    return places
