import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, roc_auc_score

from services.training.evaluate.figures import (
    BINS,
    PRECISIONS,
    Bin,
    Choices,
    accuracy,
    calibration_error,
    coverage,
    curve,
    headline,
    macro_f1,
    of_choices,
    reliability,
    remit_auroc,
    with_interval,
)

CHOICES = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=40)


def choices_of(*pairs: tuple[float, bool | int]) -> Choices:
    sure, right = zip(*pairs, strict=True)
    return Choices(np.array(sure, np.float64), np.array(right, np.bool_))


def some_choices(texts: int, seed: int = 0) -> Choices:
    """Make choices that are a little surer than they should be."""
    random = np.random.default_rng(seed)
    sure = random.uniform(0.2, 1, texts)
    return Choices(sure, random.uniform(size=texts) < sure**1.3)


FIVE = choices_of((0.9, 1), (0.8, 1), (0.7, 0), (0.6, 1), (0.5, 0))


@pytest.mark.parametrize(
    ("precision", "share"), [(1.0, 0.4), (0.75, 0.8), (0.7, 0.8), (0.6, 1.0), (0.5, 1.0)]
)
def test_coverage_is_what_can_go_straight_on(precision: float, share: float) -> None:
    """Of five choices right, right, wrong, right, wrong, 4 are 75 % right, and 2 all right."""
    assert coverage(FIVE, precision) == share


def test_nothing_is_covered_where_no_choice_is_right() -> None:
    """A model that is never right covers nothing."""
    assert coverage(choices_of((0.9, 0), (0.5, 0)), 0.5) == 0


def test_equally_sure_choices_are_covered_together() -> None:
    """No threshold lets in the right one of two equally sure choices and keeps out the wrong."""
    assert coverage(choices_of((0.9, 1), (0.9, 0)), 1.0) == 0
    assert coverage(choices_of((0.9, 1), (0.8, 1), (0.8, 0)), 0.9) == pytest.approx(1 / 3)


@given(CHOICES, st.sampled_from(PRECISIONS), st.randoms(use_true_random=False))
def test_coverage_is_the_most_that_any_threshold_lets_through(
    pairs: list[tuple[int, bool]], precision: float, random: Random
) -> None:
    """Coverage is what the best threshold gives, in whatever order the texts stand."""
    shuffled = random.sample(pairs, len(pairs))
    by_threshold = [[right for sure, right in pairs if sure >= least] for least, _ in pairs]
    enough = [len(rows) for rows in by_threshold if sum(rows) / len(rows) >= precision]
    assert coverage(choices_of(*shuffled), precision) == max(enough, default=0) / len(pairs)


def test_accuracy_is_the_share_of_right_choices() -> None:
    """Three of five right choices are an accuracy of 0.6."""
    assert accuracy(FIVE) == 0.6
    many = some_choices(500)
    assert accuracy(many) == accuracy_score(np.ones(500), many.right)


def test_calibration_error_of_a_tiny_case() -> None:
    """The error is the distance of each bin's probability from its accuracy, by its texts.

    Two at 0.95 of which one is right are off by 0.45; two at 0.55, also one right, by 0.05.
    """
    choices = choices_of((0.95, 1), (0.95, 0), (0.55, 1), (0.55, 0))
    assert calibration_error(choices) == pytest.approx((2 * 0.45 + 2 * 0.05) / 4)


def test_a_model_that_means_what_it_says_has_no_calibration_error() -> None:
    """Where 0.75 is right three times in four, and certainty always, nothing is off."""
    choices = choices_of((0.75, 1), (0.75, 1), (0.75, 1), (0.75, 0), (1.0, 1))
    assert calibration_error(choices) == pytest.approx(0)


def test_reliability_has_a_bin_for_each_fifteenth() -> None:
    """Texts of like probability stand together, and certainty is in the last bin."""
    assert reliability(choices_of((1.0, 1), (0.96875, 0), (0.03125, 0), (0.0, 1))) == [
        Bin(2, 0.015625, 0.5),
        Bin(2, 0.984375, 0.5),
    ]


def test_reliability_is_scikit_learns() -> None:
    """The bins are those that scikit-learn's calibration curve has."""
    choices = some_choices(2_000)
    right, sure = calibration_curve(choices.right, choices.sure, n_bins=BINS)
    found = reliability(choices)
    assert [one.sure for one in found] == pytest.approx(sure.tolist())
    assert [one.right for one in found] == pytest.approx(right.tolist())
    assert sum(one.rows for one in found) == 2_000


def test_the_curve_ends_at_all_texts() -> None:
    """The curve leads from the surest texts to all of them, whose precision is the accuracy."""
    assert curve(FIVE, points=5) == [
        pytest.approx(point)
        for point in [(0.2, 1), (0.4, 1), (0.6, 2 / 3), (0.8, 3 / 4), (1, 3 / 5)]
    ]
    assert len(curve(some_choices(1_000))) == 100


def test_macro_f1_counts_each_department_once() -> None:
    """A department with few texts counts as much as one with many, one with none not at all."""
    truths, chosen = np.array([0, 0, 0, 1]), np.array([0, 0, 2, 1])
    assert macro_f1(truths, chosen) == pytest.approx((0.8 + 1) / 2)


def remit_of(inside: list[float], outside: list[float]) -> float:
    truths = np.array([True] * len(inside) + [False] * len(outside))
    return remit_auroc(np.array([*inside, *outside]), truths)


def test_remit_auroc_is_how_often_the_order_is_right() -> None:
    """It is 1 where every text in remit scores higher, and a tie is half a pair."""
    assert remit_of([0.9, 0.8], [0.1]) == 1
    assert remit_of([0.9, 0.2], [0.5, 0.1]) == 0.75
    assert remit_of([0.5], [0.5]) == 0.5
    assert math.isnan(remit_of([0.5], []))


def test_remit_auroc_is_scikit_learns() -> None:
    """The figure is the one that everybody knows by this name."""
    choices = some_choices(300)
    assert remit_auroc(choices.sure, choices.right) == roc_auc_score(choices.right, choices.sure)


def test_the_remit_has_an_interval_even_with_one_stranger() -> None:
    """Resamples that happen to hold no stranger at all say nothing, and spoil nothing."""
    scores = np.linspace(0, 1, 20)
    truths = scores > 0.02

    def figure(rows: NDArray[np.intp]) -> float:
        return remit_auroc(scores[rows], truths[rows])

    value, low, high = with_interval(len(scores), figure, resamples=200)
    assert (value, low, high) == (1, 1, 1)


def test_headline_figures_stand_within_their_intervals() -> None:
    """Each headline figure has an interval around it, the same one each time it is asked for."""
    found = headline(some_choices(800), resamples=300)
    assert set(found) == {
        "accuracy",
        "coverage_at_90",
        "coverage_at_95",
        "coverage_at_98",
        "calibration_error",
    }
    for value, low, high in found.values():
        assert low <= value <= high
        assert low < high
    assert found == headline(some_choices(800), resamples=300)


def test_a_small_calibration_error_stands_within_its_interval() -> None:
    """Resamples of few texts are less well calibrated than the texts; the value still is inside."""
    sure = np.repeat([0.25, 0.5, 0.75], 8)
    right = np.array([rank < 8 * p for p in (0.25, 0.5, 0.75) for rank in range(8)])
    value, low, high = of_choices(Choices(sure, right), calibration_error, resamples=300)
    assert value == low == 0
    assert high > 0.05


def test_more_texts_give_a_narrower_interval() -> None:
    """A figure is known the better the more texts it rests on."""
    few, many = (of_choices(some_choices(n), accuracy, resamples=300) for n in (100, 2_000))
    assert many.high - many.low < (few.high - few.low) / 2


def test_an_interval_of_a_share_is_the_textbooks() -> None:
    """The bootstrap gives for an accuracy what the normal approximation does."""
    choices = Choices(np.full(400, 0.5), np.arange(400) < 300)
    value, low, high = of_choices(choices, accuracy)
    margin = 1.96 * (0.75 * 0.25 / 400) ** 0.5
    assert value == 0.75
    assert low == pytest.approx(0.75 - margin, abs=0.005)
    assert high == pytest.approx(0.75 + margin, abs=0.005)
