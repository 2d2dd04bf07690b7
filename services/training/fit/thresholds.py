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


def pick(sure: Floats, right: NDArray[np.bool_], precision: float) -> Threshold | None:
    """Return the lowest probability from which the first choice is right often enough.

    One more error than was seen is counted, so that a handful of lucky texts is no promise.

    Args:
        sure: The probability of each text's first choice.
        right: Whether that choice was right.
        precision: The share that has to be right among all texts from the threshold on.
    """
    given = np.round(sure, DIGITS)  # what a decision has of it, and what is held against this
    order = np.argsort(-given, kind="stable")
    falling = given[order]
    hits = np.cumsum(right[order])
    rows = np.arange(1, len(order) + 1)
    last_of_equals = np.append(falling[1:] != falling[:-1], True)
    enough = (hits / (rows + 1) >= precision) & last_of_equals & (rows >= MIN_ROWS)
    if not enough.any():
        return None
    last = int(np.flatnonzero(enough)[-1])
    return Threshold(
        probability=float(falling[last]),
        precision=round(float(hits[last] / rows[last]), 4),
        rows=int(rows[last]),
    )


def pick_each(
    probabilities: Floats, truths: NDArray[np.intp], labels: Sequence[str], precision: float
) -> tuple[Threshold | None, dict[str, Threshold | None]]:
    """Return the threshold over all texts, and that of each department.

    A department with too few texts for a promise of its own has that over all, which holds for the
    departments together, unless its texts speak against it.

    Args:
        probabilities: Of shape (texts, labels), from a calibration that had not seen the text.
        truths: The right label of each text.
        labels: Their names.
        precision: As in `pick`.
    """
    first = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    right = first == truths
    overall = pick(sure, right, precision)
    each = {
        label: pick(sure[first == number], right[first == number], precision)
        or _overall_for(overall, sure[first == number], right[first == number], precision)
        for number, label in enumerate(labels)
    }
    return overall, each


def _overall_for(
    overall: Threshold | None, sure: Floats, right: NDArray[np.bool_], precision: float
) -> Threshold | None:
    """Return the threshold over all, unless a department's texts speak against it.

    They do where so few of those that reach it are right that, at the precision that is asked for,
    chance alone would leave so few one time in twenty.
    """
    if overall is None:
        return None
    reached = right[sure >= overall.probability]
    if len(reached) < MIN_OWN or binom.cdf(reached.sum(), len(reached), precision) < DOUBT:
        return None
    return overall
