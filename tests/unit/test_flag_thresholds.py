import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.model.scorer import DIGITS
from services.training.fit.flags import pick_flag_threshold

LEAST = 10.0**-DIGITS
MILLIONTHS = st.integers(0, 10**DIGITS).map(lambda n: n / 10**DIGITS) | st.floats(0, 1)
JUDGED = st.lists(st.tuples(MILLIONTHS, st.booleans()), min_size=2, max_size=60)
SHARES = st.integers(0, 50).map(lambda n: n / 100)


def arrays(judged: list[tuple[float, bool]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    probabilities, truths = zip(*judged, strict=True)
    assume(any(truths) and not all(truths))
    return np.array(probabilities), np.array(truths)


@given(judged=JUDGED, missed=SHARES, false_alarms=SHARES)
def test_a_threshold_finds_what_was_asked_or_raises_what_is_allowed(
    judged: list[tuple[float, bool]], missed: float, false_alarms: float
) -> None:
    """The recall is reached, unless that would raise too many false alarms; those never are."""
    probabilities, truths = arrays(judged)
    picked = pick_flag_threshold(probabilities, truths, 1 - missed, false_alarms)
    decided = np.round(probabilities, DIGITS)
    raised = decided >= picked.probability
    assert picked.recall == pytest.approx(raised[truths].mean(), abs=1e-4)
    assert picked.false_alarms == pytest.approx(raised[~truths].mean(), abs=1e-4)
    assert picked.rows == truths.sum()
    if picked.probability < 1:
        assert raised[~truths].mean() <= false_alarms
    if raised[truths].mean() < 1 - missed - 1e-9:
        lower = decided >= picked.probability - LEAST * 1.5
        assert lower[~truths].mean() > false_alarms - 1 / (~truths).sum()


@given(judged=JUDGED, missed=SHARES, false_alarms=SHARES)
def test_no_higher_threshold_would_find_as_many(
    judged: list[tuple[float, bool]], missed: float, false_alarms: float
) -> None:
    """Where the recall is reached without need, one step higher it would not be."""
    probabilities, truths = arrays(judged)
    picked = pick_flag_threshold(probabilities, truths, 1 - missed, false_alarms)
    decided = np.round(probabilities, DIGITS)
    others = decided[~truths]
    freely = (others >= picked.probability - LEAST * 1.5).mean() <= false_alarms
    if freely and picked.probability > 0:
        assert (decided[truths] >= picked.probability + LEAST / 2).mean() < 1 - missed


def test_a_false_alarm_at_the_limit_is_one() -> None:
    """Where flagged and others are equally likely, the threshold stays above all of them."""
    probabilities, truths = np.full(20, 0.5), np.arange(20) < 10
    picked = pick_flag_threshold(probabilities, truths, 0.9, 0.04)
    assert (picked.probability, picked.recall, picked.false_alarms) == (0.500001, 0.0, 0.0)


def test_texts_that_are_told_apart_are_all_found() -> None:
    """Where the flagged stand above all others, the threshold is that of the last one wanted."""
    probabilities = np.append(np.linspace(0.6, 0.99, 40), np.linspace(0.01, 0.4, 100))
    picked = pick_flag_threshold(probabilities, np.arange(140) < 40, 0.95, 0.04)
    assert picked.probability == pytest.approx(probabilities[2], abs=1e-6)
    assert (picked.recall, picked.false_alarms) == (0.95, 0.0)


@given(judged=JUDGED, missed=SHARES, false_alarms=SHARES)
def test_a_text_of_weight_two_is_two_texts(
    judged: list[tuple[float, bool]], missed: float, false_alarms: float
) -> None:
    """Weights count as if each text stood there as often."""
    probabilities, truths = arrays(judged)
    counts = np.arange(len(truths)) % 3 + 1
    weighed = pick_flag_threshold(
        probabilities, truths, 1 - missed, false_alarms, counts.astype(np.float64)
    )
    repeated = pick_flag_threshold(
        np.repeat(probabilities, counts), np.repeat(truths, counts), 1 - missed, false_alarms
    )
    assert weighed.probability == repeated.probability
    assert weighed.recall == pytest.approx(repeated.recall, abs=1e-4)
    assert weighed.false_alarms == pytest.approx(repeated.false_alarms, abs=1e-4)
