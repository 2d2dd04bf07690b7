from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import softmax
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from services.training.data.folds import FOLDS, stratified, time_blocks
from services.training.evaluate.figures import Choices, calibration_error
from services.training.fit.calibration import (
    KNOTS,
    MIXING_PENALTIES,
    Temperature,
    choose_penalty,
    cross_fit,
    fit_calibration,
    fit_mixing,
    fit_temperature,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

DEPARTMENTS, TEXTS = 4, 20_000
HALF = TEXTS // 2
PENALTY = 0.01


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Calibrate on one thread, as training does."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


def honest(seed: int) -> tuple[Floats, Ints]:
    """Make logits that mean what they say, and labels that follow from them."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (TEXTS, DEPARTMENTS))
    noise = random.gumbel(size=logits.shape)
    return logits, (logits + noise).argmax(axis=1)


def error(probabilities: Floats, labels: Ints) -> float:
    right = probabilities.argmax(axis=1) == labels
    return calibration_error(Choices(probabilities.max(axis=1), right))


def log_loss(probabilities: Floats, labels: Ints) -> float:
    return -float(np.log(probabilities[np.arange(len(labels)), labels]).mean())


LOGITS = st.lists(
    st.lists(st.floats(-30, 30), min_size=DEPARTMENTS, max_size=DEPARTMENTS),
    min_size=1,
    max_size=6,
)


@given(LOGITS, st.lists(st.floats(0.2, 5), min_size=len(KNOTS), max_size=len(KNOTS)))
def test_probabilities_keep_the_order_of_the_logits(
    rows: list[list[float]], factors: list[float]
) -> None:
    """Sharpening changes how sure the model is, and never which department is before which."""
    logits = np.array(rows)
    probabilities = Temperature(np.array(factors)).probabilities(logits)
    order = np.argsort(logits, axis=1, kind="stable")
    assert (np.diff(np.take_along_axis(probabilities, order, axis=1), axis=1) >= 0).all()
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert (probabilities >= 0).all()


@pytest.mark.parametrize("stretched", [0.4, 3.0], ids=["doubts too much", "too sure"])
def test_a_model_that_misjudges_itself_is_put_right(stretched: float) -> None:
    """On texts that it was not fitted to, the calibrated model is several times less off."""
    logits, labels = honest(1)
    scores = logits * stretched
    calibration = fit_calibration(scores[:HALF], labels[:HALF], PENALTY)
    before = error(softmax(scores[HALF:], axis=1), labels[HALF:])
    after = error(calibration.probabilities(scores[HALF:]), labels[HALF:])
    assert before > 0.08
    assert after < 0.02


def test_an_honest_model_is_left_alone() -> None:
    """A model whose probabilities mean what they say keeps them, nearly."""
    logits, labels = honest(2)
    calibration = fit_calibration(logits[:HALF], labels[:HALF], PENALTY)
    changed = calibration.probabilities(logits[HALF:]) - softmax(logits[HALF:], axis=1)
    assert np.abs(changed).mean() < 0.02


def test_doubt_that_differs_along_the_scale_is_put_right() -> None:
    """A model that is too sure at the top and not sure enough below needs more than one factor."""
    logits, labels = honest(3)
    top = softmax(logits, axis=1).max(axis=1, keepdims=True)
    scores = logits * (0.5 + 1.5 * top)
    temperature = fit_temperature(scores[:HALF], labels[:HALF])
    one = Temperature(np.full(len(KNOTS), np.median(temperature.factors)))
    left = [error(each.probabilities(scores[HALF:]), labels[HALF:]) for each in (temperature, one)]
    assert left[0] < 0.02
    assert left[0] < left[1] / 2


def first_choice_loss(probabilities: Floats, labels: Ints) -> float:
    right = probabilities.argmax(axis=1) == labels
    sure = probabilities.max(axis=1)
    return -float(np.log(np.where(right, sure, 1 - sure)).mean())


@pytest.mark.parametrize("knot", range(1, len(KNOTS)))
def test_the_sharpness_is_the_likeliest(knot: int) -> None:
    """No knot could be higher or lower and the first choices be likelier (but for the pull)."""
    logits, labels = honest(7)
    scores = logits * (0.5 + 1.5 * softmax(logits, axis=1).max(axis=1, keepdims=True))
    factors = fit_temperature(scores, labels).factors
    least = first_choice_loss(Temperature(factors).probabilities(scores), labels)
    for change in (0.95, 1.05):
        changed = factors * np.where(np.arange(len(KNOTS)) == knot, change, 1)
        loss = first_choice_loss(Temperature(changed).probabilities(scores), labels)
        assert loss > least - 1e-6


def test_a_department_that_speaks_for_another_is_corrected() -> None:
    """Where one department's score rises with another's, mixing tells them apart again."""
    logits, labels = honest(4)
    muddled = np.eye(DEPARTMENTS)
    muddled[0, 1] = 0.8
    muddled[2, 3] = 0.6
    scores = logits @ muddled + np.array([1.0, 0, 0, -1.0])
    mixing = fit_mixing(scores[:HALF], labels[:HALF], MIXING_PENALTIES[0])
    before = softmax(scores[HALF:], axis=1)
    after = softmax(mixing.logits(scores[HALF:]), axis=1)
    best = log_loss(softmax(logits[HALF:], axis=1), labels[HALF:])
    assert log_loss(before, labels[HALF:]) > best + 0.1
    assert log_loss(after, labels[HALF:]) < best + 0.01


def test_a_strong_penalty_bends_nothing() -> None:
    """With few texts and a strong penalty all scores get one common factor, and no more."""
    logits, labels = honest(5)
    matrix = fit_mixing(logits[:40], labels[:40], 1e6).matrix
    assert matrix == pytest.approx(np.eye(DEPARTMENTS) * matrix[0, 0], abs=1e-3)


def test_the_penalty_that_generalises_is_chosen() -> None:
    """The chosen penalty's cross-fitted probabilities are the likeliest, and they are returned."""
    logits, labels = honest(6)
    scores, labels = 2 * logits[:200], labels[:200]
    folds = stratified(labels, seed=0)
    penalty, probabilities = choose_penalty(scores, labels, folds)
    tried = {
        each: log_loss(cross_fit(scores, labels, folds, each), labels) for each in MIXING_PENALTIES
    }
    assert penalty == min(tried, key=lambda each: tried[each])
    assert log_loss(probabilities, labels) == pytest.approx(tried[penalty])


@pytest.mark.parametrize("by_time", [True, False])
def test_each_text_is_judged_once_by_what_has_not_seen_it(by_time: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The folds hold every text once, and what a fold is judged by holds none of its texts."""
    labels = np.arange(103) % 3
    folds = time_blocks(len(labels)) if by_time else stratified(labels, seed=0)
    assert len(folds) == FOLDS
    assert sorted(np.concatenate([fold for _, fold in folds]).tolist()) == list(range(103))
    for others, fold in folds:
        assert sorted([*others.tolist(), *fold.tolist()]) == list(range(103))
        assert set(labels[others]) == {0, 1, 2}


def test_stretches_are_neighbours_in_time() -> None:
    """Texts that stand next to each other in time are judged together."""
    for _, fold in time_blocks(23):
        assert (np.diff(fold) == 1).all()


def test_a_label_may_have_fewer_texts_than_there_are_folds() -> None:
    """A department with two validation texts is no reason to stop or to warn."""
    labels = np.array([0] * 20 + [1] * 2)
    folds = stratified(labels, seed=0)
    assert sorted(np.concatenate([fold for _, fold in folds]).tolist()) == list(range(22))
