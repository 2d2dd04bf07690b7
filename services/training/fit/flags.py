"""What a person must see first: a score for each flag, and a threshold that promises recall."""

import numpy as np
from numpy.typing import NDArray

from services.model.manifest import FlagThreshold
from services.model.scorer import DIGITS

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


def pick_flag_threshold(
    probabilities: Floats,
    truths: Truths,
    recall: float,
    false_alarms: float,
    weights: Floats | None = None,
) -> FlagThreshold:
    """Return the highest probability from which on so large a share of the flagged is found.

    Where that would raise more false alarms than are allowed, it is the lowest probability that
    does not, and the recall that it has is what it promises.

    Args:
        probabilities: Of texts that the fit had not seen.
        truths: Whether each has the flag.
        recall: The share of the flagged that is to be found.
        false_alarms: The share of the others that may be flagged.
        weights: How much each text counts, 1 if not given.
    """
    weights = np.ones(len(truths)) if weights is None else weights
    # Counted in steps of the last digit that a decision has: it is held against this.
    steps = np.rint(probabilities * 10**DIGITS).astype(np.int64)
    order = np.argsort(-steps, kind="stable")
    flagged, others = order[truths[order]], order[~truths[order]]
    found, alarms = np.cumsum(weights[flagged]), np.cumsum(weights[others])
    wanted = steps[flagged[min(np.searchsorted(found, recall * found[-1]), len(flagged) - 1)]]
    # Just above the first of the others that would be one false alarm too many.
    allowed = np.searchsorted(alarms, false_alarms * alarms[-1], side="right")
    least = steps[others[allowed]] + 1 if allowed < len(others) else 0
    threshold = min(max(wanted, least), 10**DIGITS)
    raised = steps >= threshold
    return FlagThreshold(
        probability=int(threshold) / 10**DIGITS,
        recall=round(_share(weights, raised, flagged), 4),
        false_alarms=round(_share(weights, raised, others), 4),
        rows=len(flagged),
    )


def _share(weights: Floats, hits: Truths, rows: NDArray[np.intp]) -> float:
    return float((weights * hits)[rows].sum() / weights[rows].sum())
