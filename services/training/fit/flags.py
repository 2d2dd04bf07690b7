"""What a person must see first: a score for each flag, and a threshold that promises recall."""

import numpy as np
from numpy.typing import NDArray

from services.model.manifest import FlagThreshold
from services.model.scorer import DIGITS

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


def pick_flag_threshold(
    probabilities: Floats, truths: Truths, recall: float, false_alarms: float
) -> FlagThreshold:
    """Return the highest probability from which on so large a share of the flagged is found.

    Where that would raise more false alarms than are allowed, it is the lowest probability that
    does not, and the recall that it has is what it promises.

    Args:
        probabilities: Of texts that the fit had not seen.
        truths: Whether each has the flag.
        recall: The share of the flagged that is to be found.
        false_alarms: The share of the others that may be flagged.
    """
    # Counted in steps of the last digit that a decision has: it is held against this.
    steps = np.rint(probabilities * 10**DIGITS).astype(np.int64)
    flagged, others = np.sort(steps[truths])[::-1], np.sort(steps[~truths])[::-1]
    wanted = flagged[min(int(np.ceil(recall * len(flagged))), len(flagged)) - 1]
    allowed = int(false_alarms * len(others))
    # Just above the first of the others that would be one false alarm too many.
    least = others[allowed] + 1 if allowed < len(others) else 0
    threshold = min(max(wanted, least), 10**DIGITS)
    return FlagThreshold(
        probability=int(threshold) / 10**DIGITS,
        recall=round(float((flagged >= threshold).mean()), 4),
        false_alarms=round(float((others >= threshold).mean()), 4),
        rows=len(flagged),
    )
