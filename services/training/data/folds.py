"""Divides texts so that each is judged by something fitted without it."""

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

Ints = NDArray[np.intp]

FOLDS = 5


def stratified(labels: Ints, seed: int, groups: Ints | None = None) -> list[tuple[Ints, Ints]]:
    """Divide texts so that each fold has every label; give (all others, fold) for each.

    Texts of one group stand in one fold, so that none is judged by its double. This gives way where
    a group has more than a fold's texts, or all that have a label: those are divided all the same.
    A label of which there are fewer texts or groups than folds is missing in some.

    Args:
        labels: Numbers from 0, of shape (texts,).
        seed: Fixes what falls where.
        groups: The number of each text's group, of shape (texts,); each stands alone if not given.
    """
    alone = np.arange(len(labels))
    if groups is None:
        return _divided(labels, seed, alone)
    large = np.bincount(groups)[groups] > len(labels) / FOLDS
    groups = np.where(large, alone + groups.max() + 1, groups)
    while np.bincount(labels[np.unique(groups, return_index=True)[1]]).max() >= FOLDS:
        folds = _divided(labels, seed, groups)
        lost = np.concatenate([np.setdiff1d(labels, labels[others]) for others, _ in folds])
        if not len(lost):
            return folds
        split = np.where(np.isin(labels, lost), alone + groups.max() + 1, groups)
        if len(np.unique(split)) == len(np.unique(groups)):
            return folds
        groups = split
    return _divided(labels, seed, alone)


def _divided(labels: Ints, seed: int, groups: Ints) -> list[tuple[Ints, Ints]]:
    """Divide groups by the label of the first text of each."""
    _, firsts, group = np.unique(groups, return_index=True, return_inverse=True)
    # In the order in which they stand: texts that are all different fall where they always have.
    order = np.argsort(firsts)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    fold = np.empty(len(order), np.intp)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for number, (_, rows) in enumerate(splitter.split(order, labels[firsts[order]])):
            fold[rows] = number
    of_text = fold[place[group]]
    return [(np.flatnonzero(of_text != n), np.flatnonzero(of_text == n)) for n in range(FOLDS)]


def time_blocks(texts: int) -> list[tuple[Ints, Ints]]:
    """Divide texts in the order of time into time_blocks; give (all others, fold) for each.

    Neighbours in time resemble each other: what has seen a text's neighbours looks better on it
    than it will be.
    """
    everything = np.arange(texts)
    folds = np.array_split(everything, FOLDS)
    return [(np.setdiff1d(everything, fold), fold) for fold in folds]
