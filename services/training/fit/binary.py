"""Yes-or-no scores beside the departments: in remit or not, flagged or not."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from services.training.fit.linear import Fit, Linear, fit_linear

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


class Sigmoid(NamedTuple):
    """A score to a probability: 1 / (1 + exp(-(slope score + shift)))."""

    slope: float
    shift: float

    def probabilities(self, scores: Floats) -> Floats:
        """Return probabilities of the shape of the scores."""
        probabilities: Floats = expit(self.slope * scores + self.shift)
        return probabilities


class Binary(NamedTuple):
    """A linear model with one output, and what turns its score into a probability."""

    linear: Linear
    sigmoid: Sigmoid

    def probabilities(self, counts: sp.csr_matrix) -> Floats:
        """Return the probabilities of texts, of shape (texts,)."""
        return self.sigmoid.probabilities(self.linear.scores(counts)[:, 0])


def fit_binary(  # noqa: PLR0913, PLR0917 - what a fit takes
    counts: sp.csr_matrix,
    truths: Truths,
    row_weights: Floats,
    weights: Floats,
    seed: int,
    fit: Fit = fit_linear,
) -> Linear:
    """Fit a linear model with one output, positive where `truths` are true.

    Args:
        counts: Of shape (texts, features).
        truths: Of shape (texts,).
        row_weights: How much each text counts.
        weights: Of each feature, the same for all such models: they share a text's length.
        seed: Fixes the order in which the optimiser takes the texts.
        fit: How, if not as it is served.
    """
    return fit(counts, truths.astype(np.intp), row_weights, weights, seed)


def fit_platt(scores: Floats, truths: Truths) -> Sigmoid:
    """Fit a sigmoid (J. Platt, "Probabilistic outputs for support vector machines", 1999).

    Where higher scores are less often true, which few texts make them by chance, they say nothing:
    every probability is the share of what is true.
    """
    positives, negatives = int(truths.sum()), int((~truths).sum())
    targets = np.where(truths, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(parameters: Floats) -> float:
        logits = parameters[0] * scores + parameters[1]
        return float((np.logaddexp(0, logits) - targets * logits).mean())

    slope, shift = minimize(loss, np.array([1.0, 0.0]), method="BFGS").x
    if slope < 0:
        return Sigmoid(0.0, float(logit(targets.mean())))
    return Sigmoid(float(slope), float(shift))
