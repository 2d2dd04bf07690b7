"""Fits that need nothing of each other, two at a time."""

import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sklearn.exceptions import ConvergenceWarning

Item = TypeVar("Item")
Result = TypeVar("Result")

# What a fit spends its time in lets other threads go on. Each has a copy of the texts that it
# learns from: more of them at a time would want more memory than a laptop has to spare.
AT_A_TIME = 2


def side_by_side(fit: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return what `fit` makes of each item, in their order, the same as one after the other."""
    with warnings.catch_warnings(), ThreadPoolExecutor(AT_A_TIME) as threads:
        # Fits that end early say so to nobody, but what one thread silences another may hear again.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return [*threads.map(fit, items)]
