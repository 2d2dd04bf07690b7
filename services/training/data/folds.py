"""Divides texts so that each is judged by something fitted without it."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

Ints = NDArray[np.intp]

FOLDS = 5


def stratified(labels: Ints, seed: int, same: Ints | None = None) -> list[tuple[Ints, Ints]]:
    """Divide texts so that each fold has every label; give (all others, fold) for each.

    A label of which there are fewer texts than folds is missing in some.

    Args:
        labels: The label of each text.
        seed: Draws the folds.
        same: Numbers from 0, in order, that are the same for texts that must not be parted.
    """
    texts = np.arange(len(labels)) if same is None else same
    first = np.unique(texts, return_index=True)[1]
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    fold_of = np.empty(len(first), np.intp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for number, (_, fold) in enumerate(splitter.split(first, labels[first])):
            fold_of[fold] = number
    folds = fold_of[texts]
    return [(np.flatnonzero(folds != n), np.flatnonzero(folds == n)) for n in range(FOLDS)]


def time_blocks(texts: int) -> list[tuple[Ints, Ints]]:
    """Divide texts in the order of time into time_blocks; give (all others, fold) for each.

    Neighbours in time resemble each other: what has seen a text's neighbours looks better on it
    than it will be.
    """
    everything = np.arange(texts)
    folds = np.array_split(everything, FOLDS)
    return [(np.setdiff1d(everything, fold), fold) for fold in folds]
