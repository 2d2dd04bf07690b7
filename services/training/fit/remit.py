"""How likely an inquiry is one that any of the departments should get."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import logit, logsumexp

from services.training.fit.binary import Binary, Sigmoid

Floats = NDArray[np.float64]

# What looks stranger to the model than this share of the calibration texts is as likely as not
# out of remit; the median text is so with one chance in twenty.
UNLIKELY, MEDIAN_IN_REMIT = 0.05, 0.95
# So many of the inquiries in remit may be held back by the threshold. With half of it the shipped
# model sends 0.20 of nobody's inquiries of dev to a department instead of 0.17, and 0.03 more of
# the others by itself.
HELD_BACK = 0.1


class Remit(NamedTuple):
    """How likely texts are in remit: learnt from examples, or else from their energy.

    Without texts of either kind there is no `learnt`.
    """

    energy_score: Sigmoid
    learnt: Binary | None = None

    def probabilities(self, logits: Floats, counts: sp.csr_matrix) -> Floats:
        """Return how likely texts are in remit.

        Args:
            logits: Of shape (texts, labels).
            counts: Their features, of shape (texts, features).
        """
        if self.learnt is None:
            return self.energy_score.probabilities(energy(logits))
        return self.learnt.probabilities(counts)


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


def pick_threshold(in_remit: Floats, weights: Floats | None = None) -> float:
    """Return the probability that all but a tenth of texts in remit reach.

    Args:
        in_remit: How likely each is in remit.
        weights: How much each counts, the same if not given.
    """
    if weights is None:
        return round(float(np.quantile(in_remit, HELD_BACK)), 6)
    held_back = np.quantile(in_remit, HELD_BACK, weights=weights, method="inverted_cdf")
    return round(float(held_back), 6)
