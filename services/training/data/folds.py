"""Divides texts so that each is judged by something fitted without it."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

Ints = NDArray[np.intp]

FOLDS = 5


def stratified(labels: Ints, seed: int) -> list[tuple[Ints, Ints]]:
    """Divide texts so that each fold has every label; give (all others, fold) for each.

    A label of which there are fewer texts than folds is missing in some.
    """
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return [*splitter.split(np.zeros(len(labels)), labels)]


def time_blocks(texts: int) -> list[tuple[Ints, Ints]]:
    """Divide texts in the order of time into time_blocks; give (all others, fold) for each.

    Neighbours in time resemble each other: what has seen a text's neighbours looks better on it
    than it will be.
    """
    everything = np.arange(texts)
    folds = np.array_split(everything, FOLDS)
    return [(np.setdiff1d(everything, fold), fold) for fold in folds]
