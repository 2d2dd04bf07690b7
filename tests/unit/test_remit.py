import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.training.evaluate.figures import Choices, calibration_error, remit_auroc
from services.training.fit.binary import Binary, Sigmoid, fit_binary, fit_platt
from services.training.fit.remit import Remit, energy, fit_energy_score, pick_threshold

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


def test_scores_that_tell_the_wrong_way_say_nothing() -> None:
    """Where few texts make higher scores less often true, no text is judged by the reverse."""
    scores, truths = np.array([-1.0, 0.0, 1.0, 2.0] * 5), np.array([True, True, True, False] * 5)
    probabilities = fit_platt(scores, truths).probabilities(scores)
    assert probabilities == pytest.approx(0.75, abs=0.03)
    assert np.ptp(probabilities) == 0


@given(st.lists(st.integers(0, 100), min_size=1, max_size=200))
def test_the_threshold_holds_back_one_in_ten_at_most(hundredths: list[int]) -> None:
    """Of the inquiries in remit at most a tenth, and one, stay below the threshold."""
    in_remit = np.array(hundredths) / 100
    held_back = (in_remit < pick_threshold(in_remit)).sum()
    assert held_back <= len(in_remit) / 10 + 1


def words(rows: int, vocabulary: range, random: np.random.Generator) -> Floats:
    counts = np.zeros((rows, 40))
    for row in counts:
        row[random.choice(vocabulary, 6)] += 1
        row[random.choice(range(30, 40), 3)] += 1
    return counts


def fitted(counts: sp.csr_matrix, truths: NDArray[np.bool_]) -> Binary:
    linear = fit_binary(counts, truths, np.ones(len(truths)), np.ones(counts.shape[1]), 0)
    return Binary(linear, fit_platt(linear.scores(counts)[:, 0], truths))


def test_the_remit_is_learnt_from_examples() -> None:
    """Texts that it has not seen are told apart by words that strangers have."""
    random = np.random.default_rng(2)
    inside, outside = words(120, range(18), random), words(120, range(12, 30), random)
    seen = sp.csr_matrix(np.vstack([inside[:60], outside[:60]]))
    unseen = sp.csr_matrix(np.vstack([inside[60:], outside[60:]]))
    truths = np.arange(120) < 60
    remit = Remit(Sigmoid(0.0, 50.0), fitted(seen, truths))
    assert 0.9 < remit_auroc(remit.probabilities(np.zeros((120, 3)), unseen), truths) <= 1


def test_a_text_that_counts_for_nothing_teaches_nothing() -> None:
    """Texts of weight 0 change no weight of what is learnt."""
    random = np.random.default_rng(4)
    counts = sp.csr_matrix(words(60, range(30), random))
    truths = np.arange(60) % 2 == 0
    wrong = np.where(np.arange(60) < 40, truths, ~truths)
    weights, terms = (np.arange(60) < 40).astype(float), np.ones(40)
    right = fit_binary(counts[:40], truths[:40], np.ones(40), terms, 0)
    both = fit_binary(counts, wrong, weights, terms, 0)
    assert both.weights == pytest.approx(right.weights, abs=0.02)


def test_examples_count_before_energy() -> None:
    """What was learnt from examples decides alone; without any the energy does."""
    random = np.random.default_rng(3)
    counts = sp.csr_matrix(words(30, range(30), random))
    learnt = fitted(counts, np.arange(30) % 2 == 1)
    logits = random.normal(0, 3, (30, 3))
    energy_score = fit_energy_score(energy(logits))
    by_energy = energy_score.probabilities(energy(logits))
    probabilities = Remit(energy_score, learnt).probabilities(logits, counts)
    assert probabilities == pytest.approx(learnt.probabilities(counts))
    assert Remit(energy_score).probabilities(logits, counts) == pytest.approx(by_energy)
