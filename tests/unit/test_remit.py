import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.training.evaluate.figures import Choices, calibration_error, remit_auroc
from services.training.fit.remit import (
    Remit,
    Sigmoid,
    energy,
    fit_energy_score,
    fit_learnt,
    fit_platt,
    pick_threshold,
)

Floats = NDArray[np.float64]


def energies(texts: int) -> Floats:
    return np.random.default_rng(0).normal(2, 1.5, texts)


def test_a_usual_text_is_in_remit_and_a_strange_one_is_doubted() -> None:
    """Without examples, the median text is in remit by 95 %, the strangest twentieth by half."""
    seen = energies(2_000)
    energy_score = fit_energy_score(seen)
    strange, median = np.quantile(seen, [0.05, 0.5])
    probabilities = energy_score.probabilities(np.array([strange - 3, strange, median, median + 3]))
    assert probabilities[1] == pytest.approx(0.5)
    assert probabilities[2] == pytest.approx(0.95)
    assert (np.diff(probabilities) > 0).all()


def test_texts_that_are_all_alike_are_no_reason_to_stop() -> None:
    """Where all texts are equally energy_score, the score is still a probability."""
    energy_score = fit_energy_score(np.full(20, 3.0))
    assert energy_score.probabilities(np.array([3.0])) == pytest.approx(0.5)


def test_energy_is_high_where_some_department_fits() -> None:
    """A text that speaks for one department is more energy_score than one that speaks for none."""
    fits, fits_none = energy(np.array([[5.0, -2.0, -2.0], [-2.0, -2.0, -2.0]]))
    assert fits == pytest.approx(5, abs=0.01)
    assert fits_none == pytest.approx(-2 + np.log(3))


def test_a_sigmoid_is_fitted_to_how_often_it_is_true() -> None:
    """Of texts that the sigmoid was not fitted to, as many are in remit as it says."""
    random = np.random.default_rng(1)
    scores = random.normal(0, 1, 4_000)
    truths = random.uniform(size=4_000) < 1 / (1 + np.exp(-(2.5 * scores - 0.7)))
    probabilities = fit_platt(scores[:2_000], truths[:2_000]).probabilities(scores[2_000:])
    assert calibration_error(Choices(probabilities, truths[2_000:])) < 0.04


def test_scores_that_tell_perfectly_do_not_give_certainty() -> None:
    """However well a handful of texts is told apart, no text is in remit for certain."""
    scores, truths = np.array([-1.0, -0.9, 0.9, 1.0] * 5), np.array([False, False, True, True] * 5)
    probabilities = fit_platt(scores, truths).probabilities(scores)
    assert probabilities.max() < 0.99
    assert probabilities.min() > 0.01


@given(st.lists(st.integers(0, 100), min_size=1, max_size=200))
def test_the_threshold_holds_back_one_in_twenty_at_most(hundredths: list[int]) -> None:
    """Of the inquiries in remit at most a twentieth, and one, stay below the threshold."""
    in_remit = np.array(hundredths) / 100
    held_back = (in_remit < pick_threshold(in_remit)).sum()
    assert held_back <= len(in_remit) / 20 + 1


def words(rows: int, vocabulary: range, random: np.random.Generator) -> Floats:
    counts = np.zeros((rows, 40))
    for row in counts:
        row[random.choice(vocabulary, 6)] += 1
        row[random.choice(range(30, 40), 3)] += 1
    return counts


def test_the_remit_is_learnt_from_examples() -> None:
    """Texts that it has not seen are told apart by words that strangers have, and judged fairly."""
    random = np.random.default_rng(2)
    inside, outside = words(60, range(18), random), words(60, range(12, 30), random)
    counts = sp.csr_matrix(np.vstack([inside, outside]))
    labels = np.array([1] * 60 + [0] * 60)
    linear, learnt, unseen = fit_learnt(counts, labels, 0.0, 0)
    assert 0.9 < remit_auroc(unseen, labels == 1) <= 1
    probabilities = Remit(Sigmoid(0.0, 50.0), linear, learnt).probabilities(
        np.zeros((120, 3)), counts
    )
    assert probabilities[:60].min() > probabilities[60:].max()


def test_the_lower_of_two_doubts_counts() -> None:
    """A text is out of remit where either score says so."""
    random = np.random.default_rng(3)
    counts = sp.csr_matrix(words(30, range(30), random))
    linear, learnt, _ = fit_learnt(counts, np.arange(30) % 2, 0.0, 0)
    logits = random.normal(0, 3, (30, 3))
    energy_score = fit_energy_score(energy(logits))
    probabilities = Remit(energy_score, linear, learnt).probabilities(logits, counts)
    both = (
        energy_score.probabilities(energy(logits)),
        learnt.probabilities(linear.scores(counts)[:, 0]),
    )
    assert probabilities == pytest.approx(np.minimum(*both))
    assert Remit(energy_score).probabilities(logits, counts) == pytest.approx(both[0])
