"""`python -m benchmarks.threshold_promises`: what a threshold's promise is worth, by its texts.

Departments are made up whose probabilities are true, so that nothing drifts and nothing is badly
calibrated: what is left is the chance of the texts that a threshold was picked on.
"""

from typing import NamedTuple

import numpy as np
from rich.console import Console

from benchmarks.report import WIDTH, table
from services.training.fit.thresholds import pick

PRECISION, FAR = 0.95, 0.02
SIZES = (60, 100, 150, 300, 1_000, 5_000)
DRAWS, MANY = 600, 500_000
# The shape of the probabilities: of the one 81 first choices in 100 are right, of the other 91.
KINDS = {"81 in 100": (3.0, 0.7), "91 in 100": (3.0, 0.3)}

Row = tuple[str, ...]


class Promise(NamedTuple):
    """Of departments with as many texts: how many have a threshold, and what that keeps."""

    has: float
    kept: float
    less: float
    far_less: float

    @property
    def row(self) -> Row:
        """The cells of a table."""
        return tuple(f"{each:.1%}" for each in self)


def main() -> None:
    """Draw departments of each size, pick their thresholds, and print what these truly keep."""
    head = ("first choices that are right", "texts", "have a threshold", "truly right from it on")
    rows = [
        (name, f"{size:,}", *promise_of(shape, size).row)
        for name, shape in KINDS.items()
        for size in SIZES
    ]
    Console(width=WIDTH).print(table((*head, "less than 95 %", "less than 93 %"), rows))


def promise_of(shape: tuple[float, float], size: int) -> Promise:
    """Pick the threshold of departments drawn alike, and hold each against the truth."""
    random = np.random.default_rng(size)
    everything = np.sort(random.beta(*shape, MANY))
    from_on = np.cumsum(everything[::-1])[::-1] / np.arange(MANY, 0, -1)
    kept = []
    for _ in range(DRAWS):
        sure = random.beta(*shape, size)
        threshold = pick(sure, random.random(size) < sure, PRECISION)
        if threshold:
            place = everything.searchsorted(threshold.probability)
            kept.append(from_on[min(int(place), MANY - 1)])
    true = np.array(kept)
    less, far_less = (true < PRECISION), (true < PRECISION - FAR)
    return Promise(len(true) / DRAWS, true.mean(), less.mean(), far_less.mean())


if __name__ == "__main__":
    main()
