"""How likely an inquiry is one that any of the departments should get."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit, logsumexp

from services.training.data.folds import stratified
from services.training.fit.linear import Linear, fit_linear

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

# What looks stranger to the model than this share of the calibration texts is as likely as not
# out of remit; the median text is so with one chance in twenty.
UNLIKELY, MEDIAN_IN_REMIT = 0.05, 0.95
# So many of the inquiries in remit may be held back by the threshold.
HELD_BACK = 0.05


class Sigmoid(NamedTuple):
    """A score to a probability: 1 / (1 + exp(-(slope score + shift)))."""

    slope: float
    shift: float

    def probabilities(self, scores: Floats) -> Floats:
        """Return probabilities of the shape of the scores."""
        probabilities: Floats = expit(self.slope * scores + self.shift)
        return probabilities


class Remit(NamedTuple):
    """The lower of two probabilities: one learnt, and one from its energy.

    `energy_score` takes a text's energy. `learnt` takes the score of `linear`, a model with one
    output; without labelled texts there is neither.
    """

    energy_score: Sigmoid
    linear: Linear | None = None
    learnt: Sigmoid | None = None

    def probabilities(self, logits: Floats, counts: sp.csr_matrix) -> Floats:
        """Return how likely texts are in remit.

        Args:
            logits: Of shape (texts, labels).
            counts: Their features, of shape (texts, features).
        """
        by_energy = self.energy_score.probabilities(energy(logits))
        if self.linear is None or self.learnt is None:
            return by_energy
        learnt = self.learnt.probabilities(self.linear.scores(counts)[:, 0])
        lower: Floats = np.minimum(by_energy, learnt)
        return lower


def energy(logits: Floats) -> Floats:
    """Return the log of the sum of a text's exponentiated logits: high where some department fits.

    (W. Liu and others, "Energy-based Out-of-distribution Detection", 2020. It tells strangers
    better than the highest probability does, which is relative to the other departments.)
    """
    energies: Floats = logsumexp(logits, axis=1)
    return energies


def fit_energy_score(energies: Floats) -> Sigmoid:
    """Fit the score that needs no examples to the energies of texts known to be in remit."""
    strange, median = np.quantile(energies, [UNLIKELY, 0.5])
    slope = float(logit(MEDIAN_IN_REMIT) / max(median - strange, 1e-3))
    return Sigmoid(slope, -slope * float(strange))


def fit_learnt(
    counts: sp.csr_matrix, labels: NDArray[np.intp], label_power: float, seed: int
) -> tuple[Linear, Sigmoid, Floats]:
    """Fit the score that learns from texts in remit (label 1) and out of it (label 0).

    Returns:
        The model, its calibration, and the probabilities that models fitted without a text gave it.
    """
    ones = np.ones(len(labels))
    scores = np.empty(len(labels))
    for others, fold in stratified(labels, seed):
        linear = fit_linear(counts[others], labels[others], ones[others], label_power, seed)
        scores[fold] = linear.scores(counts[fold])[:, 0]
    sigmoid = fit_platt(scores, labels == 1)
    linear = fit_linear(counts, labels, ones, label_power, seed)
    return linear, sigmoid, sigmoid.probabilities(scores)


def fit_platt(scores: Floats, truths: Truths) -> Sigmoid:
    """Fit a sigmoid (J. Platt, "Probabilistic outputs for support vector machines", 1999)."""
    positives, negatives = int(truths.sum()), int((~truths).sum())
    targets = np.where(truths, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(parameters: Floats) -> float:
        logits = parameters[0] * scores + parameters[1]
        return float((np.logaddexp(0, logits) - targets * logits).mean())

    slope, shift = minimize(loss, np.array([1.0, 0.0]), method="BFGS").x
    return Sigmoid(float(slope), float(shift))


def pick_threshold(in_remit: Floats) -> float:
    """Return the probability that all but a twentieth of texts in remit reach."""
    return round(float(np.quantile(in_remit, HELD_BACK)), 6)
