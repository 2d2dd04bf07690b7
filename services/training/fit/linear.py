"""The linear model: the weight of each term, and what it says for each department."""

import warnings
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

# Hinge loss finds the right department most often, log loss ranks its own doubt best: their sum
# has both (see the model card for what each gave alone).
SVM_C, LOG_C, LOG_SHARE = 0.5, 8.0, 0.3
LOG_STEPS = 60
# What is served is fitted for as long as scikit-learn would have it. To judge by, a third of the
# passes is as good: the same first choices of 1,600 helpdesk tickets, the same log loss to 0.0001.
FINAL, CLOSE = 1e-4, 1e-2
SMOOTHING, FLOOR = 1.0, 0.1
SHORTEST = 1e-6  # squared length of a text without a known feature
# The solver draws from one generator of the process, which each fit seeds anew.
_hinge_alone = Lock()


class Linear(NamedTuple):
    """A linear model over counted features.

    `weights` of shape (features, outputs) hold each feature's weights; `squares` of shape
    (features,) are the squares of the term weights, whose sum over a text is the square of its
    length.
    The score of counts c is c·weights / sqrt(c·squares) + bias.
    """

    weights: Floats
    squares: Floats
    bias: Floats

    def scores(self, counts: sp.csr_matrix) -> Floats:
        """Score texts: of shape (texts, outputs)."""
        length = np.sqrt(np.maximum(counts @ self.squares, SHORTEST))
        scores: Floats = counts @ self.weights / length[:, None] + self.bias
        return scores

    def for_each_label(self) -> "Linear":
        """Return an output for each of two labels, where there was one alone for both."""
        if len(self.bias) > 1:
            return self
        both = np.array([-1.0, 1.0])
        return Linear(self.weights * both, self.squares, self.bias * both)


def term_weights(counts: sp.csr_matrix, targets: Floats, label_power: float) -> Floats:
    """Return the weight of each feature before any fitting.

    Inverse document frequency, times how much the feature tells of the label: the
    Kullback-Leibler divergence of the labels of the texts that have it from those of all texts,
    raised to `label_power`; a feature that none of the texts has weighs nothing. (Weighting terms
    by what they tell of the label: F. Debole and F. Sebastiani, "Supervised term weighting for
    automated text categorization", 2003.)

    Args:
        counts: Of shape (texts, features).
        targets: Each text's weight at its label, of shape (texts, labels).
        label_power: 0 for inverse document frequency alone.
    """
    present = (counts > 0).astype(np.float64)
    texts_with = np.asarray(present.sum(axis=0)).ravel()
    inverse = np.log((1 + counts.shape[0]) / (1 + texts_with)) + 1
    prior = targets.sum(axis=0) / targets.sum()
    with_label = np.asarray(present.T @ targets) + SMOOTHING * prior
    share = with_label / with_label.sum(axis=1, keepdims=True)
    told = (share * np.log(np.maximum(share, 1e-12) / prior)).sum(axis=1)
    weights: Floats = np.where(texts_with > 0, inverse * (told + FLOOR) ** label_power, 0)
    return weights


def label_term_weights(
    counts: sp.csr_matrix, labels: Ints, row_weights: Floats, label_power: float
) -> Floats:
    """Return the weight of each feature for telling labels apart; see `term_weights`."""
    targets = np.eye(labels.max() + 1)[labels] * row_weights[:, None]
    return term_weights(counts, targets, label_power)


def fit_linear(  # noqa: PLR0913, PLR0917 - what a fit takes
    counts: sp.csr_matrix,
    labels: Ints,
    row_weights: Floats,
    weights: Floats,
    seed: int,
    tolerance: float = FINAL,
) -> Linear:
    """Fit a linear model with one output for each label, or one alone where there are two labels.

    Args:
        counts: Of shape (texts, features).
        labels: Numbers from 0, of shape (texts,).
        row_weights: How much each text counts, 1 on average.
        weights: Of each feature, of shape (features,).
        seed: Fixes the order in which the optimiser takes the texts.
        tolerance: When the fit of the hinge ends: `FINAL`, or `CLOSE` for one that only judges.
    """
    scaled = _scaled(counts, weights)
    hinge = _hinge(scaled, labels, row_weights, seed, tolerance)
    with warnings.catch_warnings():
        # Sixty steps are as good as a thousand (same figures to the third digit).
        warnings.simplefilter("ignore", ConvergenceWarning)
        log = LogisticRegression(C=LOG_C, max_iter=LOG_STEPS)
        log.fit(scaled, labels, row_weights)
    outputs = (hinge.coef_ + LOG_SHARE * log.coef_).T * weights[:, None]
    bias = hinge.intercept_ + LOG_SHARE * log.intercept_
    return Linear(outputs, weights**2, bias)


def fit_hinge(
    counts: sp.csr_matrix, labels: Ints, row_weights: Floats, weights: Floats, seed: int
) -> Linear:
    """Fit as `fit_linear` does, but hinge loss alone, in a quarter of the time."""
    hinge = _hinge(_scaled(counts, weights), labels, row_weights, seed, FINAL)
    return Linear(hinge.coef_.T * weights[:, None], weights**2, hinge.intercept_)


def _scaled(counts: sp.csr_matrix, weights: Floats) -> sp.csr_matrix:
    """Return the texts scaled to unit length, each feature by its weight."""
    length = np.sqrt(np.maximum(counts @ weights**2, SHORTEST))
    return (sp.diags(1 / length) @ counts @ sp.diags(weights)).tocsr()


def _hinge(
    scaled: sp.csr_matrix, labels: Ints, row_weights: Floats, seed: int, tolerance: float
) -> LinearSVC:
    with _hinge_alone:
        hinge = LinearSVC(C=SVM_C, random_state=seed, tol=tolerance)
        return hinge.fit(scaled, labels, row_weights)


Fit = Callable[[sp.csr_matrix, Ints, Floats, Floats, int], Linear]
fit_close: Fit = partial(fit_linear, tolerance=CLOSE)
