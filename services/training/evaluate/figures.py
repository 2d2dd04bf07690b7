"""The figures that say how good a model is, each with the interval it is known within."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
Ints = NDArray[np.intp]

BINS = 15
PRECISIONS = (0.90, 0.95, 0.98)
RESAMPLES, INTERVAL = 1_000, (2.5, 97.5)


class Figure(NamedTuple):
    """A figure with its 95 % bootstrap interval (percentiles of 1,000 resamples of the texts)."""

    value: float
    low: float
    high: float


class Choices(NamedTuple):
    """First choices of texts: how probable each was, and whether it was right; of one length."""

    sure: Floats
    right: Truths

    def of(self, rows: Ints | Truths) -> "Choices":
        """Return those of some texts."""
        return Choices(self.sure[rows], self.right[rows])


def accuracy(choices: Choices) -> float:
    """Return the share of first choices that are right."""
    return float(choices.right.mean())


def coverage(choices: Choices, precision: float) -> float:
    """Return the largest share of texts, the surest first, of which `precision` are right.

    Equally sure ones count all or none: no threshold tells them apart.
    """
    order = np.argsort(-choices.sure, kind="stable")
    falling = choices.sure[order]
    rows = np.arange(1, len(order) + 1)
    last_of_equals = np.append(falling[1:] != falling[:-1], True)
    enough = np.flatnonzero((np.cumsum(choices.right[order]) / rows >= precision) & last_of_equals)
    return float((enough[-1] + 1) / len(order)) if len(enough) else 0.0


def calibration_error(choices: Choices) -> float:
    """Return the expected calibration error over 15 bins of equal width.

    (M. Naeini, G. Cooper and M. Hauskrecht, "Obtaining Well Calibrated Probabilities Using
    Bayesian Binning", 2015; bins as C. Guo et al. have them, 2017.)
    """
    return float(
        sum(b.rows * abs(b.right - b.sure) for b in reliability(choices)) / len(choices.sure)
    )


class Bin(NamedTuple):
    """Texts of like probability: how many, how sure on average, and how many of them right."""

    rows: int
    sure: float
    right: float


def reliability(choices: Choices) -> list[Bin]:
    """Return the bins that are not empty, from the least sure on."""
    numbers = np.minimum((choices.sure * BINS).astype(int), BINS - 1)
    bins = [choices.of(numbers == number) for number in np.unique(numbers)]
    return [Bin(len(b.sure), float(b.sure.mean()), float(b.right.mean())) for b in bins]


def curve(choices: Choices, points: int = 100) -> list[tuple[float, float]]:
    """Return (coverage, precision) from the surest hundredth of the texts to all of them."""
    order = np.argsort(-choices.sure, kind="stable")
    hits = np.cumsum(choices.right[order])
    rows = np.unique(np.ceil(np.arange(1, points + 1) * len(order) / points).astype(int))
    return [(float(row / len(order)), float(hits[row - 1] / row)) for row in rows]


def macro_f1(truths: Ints, chosen: Ints) -> float:
    """Return the mean of the departments' F1 scores, over those that any text is for."""
    return float(
        f1_score(truths, chosen, average="macro", labels=np.unique(truths), zero_division=0)
    )


def remit_auroc(in_remit: Floats, truths: Truths) -> float:
    """Return how likely a text in remit scores higher than one out of it; NaN without either."""
    if truths.all() or not truths.any():
        return math.nan
    return float(roc_auc_score(truths, in_remit))


def resampled(size: int, figure: Callable[[Ints], float], seed: int, resamples: int) -> list[float]:
    """Return a figure for resamples, with repetition, of `size` texts."""
    random = np.random.default_rng(seed)
    return [figure(random.integers(0, size, size)) for _ in range(resamples)]


def with_interval(
    size: int, figure: Callable[[Ints], float], *, seed: int = 0, resamples: int = RESAMPLES
) -> Figure:
    """Return a figure of texts, which it takes by their numbers, and its interval.

    Resamples for which it is NaN, as they happen to lack what it needs, do not count. The value
    is always within: a resample has a larger calibration error than the texts it is drawn from.
    """
    low, high = np.nanpercentile(resampled(size, figure, seed, resamples), INTERVAL)
    value = figure(np.arange(size))
    return Figure(value, min(float(low), value), max(float(high), value))


def headline(choices: Choices, resamples: int = RESAMPLES) -> dict[str, Figure]:
    """Return accuracy, coverages and calibration error by name, with their intervals."""
    figures: dict[str, Callable[[Choices], float]] = {
        "accuracy": accuracy,
        **{f"coverage_at_{100 * p:.0f}": partial(coverage, precision=p) for p in PRECISIONS},
        "calibration_error": calibration_error,
    }
    return {name: of_choices(choices, figure, resamples) for name, figure in figures.items()}


def of_choices(
    choices: Choices, figure: Callable[[Choices], float], resamples: int = RESAMPLES
) -> Figure:
    """Return a figure of first choices with its interval."""
    size = len(choices.sure)
    return with_interval(size, lambda rows: figure(choices.of(rows)), resamples=resamples)
