"""What is asked of a text model."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

# The decimals of a probability that a decision carries, and that a threshold is held against.
# More digits than the model has; fewer would round a sure answer up to certainty.
DIGITS = 6


class Scores(Protocol):
    """What a model says of n texts."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Calibrated, of shape (n, labels); each row sums to 1."""

    @property
    def in_remit(self) -> NDArray[np.float32]:
        """Calibrated probability that any department should get it, of shape (n,)."""

    @property
    def flags(self) -> NDArray[np.float32]:
        """Calibrated probability of each flag, of shape (n, flags)."""


class Scorer(Protocol):
    """A text model."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The departments, in the order of the probabilities."""

    @property
    def flags(self) -> tuple[str, ...]:
        """What a person must see first, in the order of their probabilities."""

    def score(self, texts: Sequence[str]) -> Scores:
        """Score a batch of texts."""
