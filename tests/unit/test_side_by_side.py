import numpy as np
import scipy.sparse as sp

from services.training.fit.linear import Linear, fit_hinge
from services.training.fit.side_by_side import side_by_side

TEXTS, FEATURES, LABELS = 300, 60, 4


def test_fits_side_by_side_are_those_one_after_the_other() -> None:
    """What is fitted beside another has the same weights, to the last bit, and its own place."""
    random = np.random.default_rng(0)
    counts = sp.csr_matrix(random.random((TEXTS, FEATURES)) < 0.1, dtype=np.float64)
    labels = random.integers(0, LABELS, TEXTS)

    def fit(seed: int) -> Linear:
        return fit_hinge(counts, labels, np.ones(TEXTS), np.ones(FEATURES), seed)

    seeds = range(8)
    beside = side_by_side(fit, seeds)
    assert [each.weights.tobytes() for each in beside] == [
        fit(seed).weights.tobytes() for seed in seeds
    ]
