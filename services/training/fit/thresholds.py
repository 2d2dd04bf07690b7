"""Thresholds that keep a promise: from which probability on is the first choice right enough."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from services.model.manifest import Threshold
from services.model.scorer import DIGITS
from services.training.data.training_set import MIN_JUDGING

Floats = NDArray[np.float64]
# A threshold that fewer texts reach promises nothing.
MIN_ROWS = MIN_JUDGING
# With fewer of its own, a department has not even that over all departments.
MIN_OWN = 3
DOUBT = 0.05
# Sums of weights are not exact.
SLACK = 1e-9


def pick(
    sure: Floats, right: NDArray[np.bool_], precision: float, weights: Floats | None = None
) -> Threshold | None:
    """Return the lowest probability from which the first choice is right often enough.

    One more error than was seen is counted, so that a handful of lucky texts is no promise. Where
    texts have weights that error has a usual one, and texts are as many as of equal weight would
    say as much (L. Kish, 1965).

    Args:
        sure: The probability of each text's first choice.
        right: Whether that choice was right.
        precision: The share that has to be right among all texts from the threshold on.
        weights: How much each text counts, 1 if not given.
    """
    weights = np.ones(len(sure)) if weights is None else weights
    given = np.round(sure, DIGITS)  # what a decision has of it, and what is held against this
    order = np.argsort(-given, kind="stable")
    falling = given[order]
    counted = weights[order]
    hits, total = np.cumsum(counted * right[order]), np.cumsum(counted)
    usual = np.cumsum(counted**2) / total
    last_of_equals = np.append(falling[1:] != falling[:-1], True)
    many = total >= MIN_ROWS * usual * (1 - SLACK)
    enough = (hits / (total + usual) >= precision) & last_of_equals & many
    if not enough.any():
        return None
    last = int(np.flatnonzero(enough)[-1])
    return Threshold(
        probability=float(falling[last]),
        precision=round(float(hits[last] / total[last]), 4),
        rows=last + 1,
    )


def pick_each(
    probabilities: Floats,
    truths: NDArray[np.intp],
    labels: Sequence[str],
    precision: float,
    weights: Floats | None = None,
) -> tuple[Threshold | None, dict[str, Threshold | None]]:
    """Return the threshold over all texts, and that of each department.

    A department with too few texts for a promise of its own has that over all, which holds for the
    departments together, unless its texts speak against it.

    Args:
        probabilities: Of shape (texts, labels), from a calibration that had not seen the text.
        truths: The right label of each text.
        labels: Their names.
        precision: As in `pick`.
        weights: As in `pick`.
    """
    weights = np.ones(len(truths)) if weights is None else weights
    first = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    right = first == truths
    overall = pick(sure, right, precision, weights)
    each = {}
    for number, label in enumerate(labels):
        its = first == number
        own = sure[its], right[its], precision, weights[its]
        each[label] = pick(*own) or _overall_for(overall, *own)
    return overall, each


def _overall_for(
    overall: Threshold | None,
    sure: Floats,
    right: NDArray[np.bool_],
    precision: float,
    weights: Floats,
) -> Threshold | None:
    """Return the threshold over all, unless a department's texts speak against it.

    They do where so few of those that reach it are right that, at the precision that is asked for,
    chance alone would leave so few one time in twenty.
    """
    if overall is None:
        return None
    reached = sure >= overall.probability
    hits, total = (weights * right)[reached].sum(), weights[reached].sum()
    if reached.sum() < MIN_OWN:
        return None
    # Of equal weight, so many texts and hits would say as much.
    equal = round(total**2 / (weights[reached] ** 2).sum())
    if binom.cdf(round(hits / total * equal), equal, precision) < DOUBT:
        return None
    return overall
