import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.manifest import Threshold
from services.training.fit.thresholds import MIN_ROWS, pick, pick_each

# (probability in millionths, texts that are right, texts that are wrong)
Group = tuple[int, int, int]
GROUPS = st.lists(
    st.tuples(
        st.integers(0, 12) | st.integers(0, 1_000_000), st.integers(0, 90), st.integers(0, 6)
    ),
    max_size=8,
)


def picked(*groups: Group, precision: float = 0.9, noise: float = 0.0) -> Threshold | None:
    sure = np.repeat([p / 1e6 for p, _, _ in groups], [r + w for _, r, w in groups])
    right = [hit for _, r, w in groups for hit in [True] * r + [False] * w]
    spread = np.random.default_rng(0).uniform(-noise, noise, len(sure))
    return pick(np.clip(sure + spread, 0, 1), np.array(right, np.bool_), precision)


def kept(groups: list[Group], threshold: float, precision: float) -> bool:
    """Tell whether a threshold keeps the promise, one more error than was seen counted."""
    reached = [(r, r + w) for p, r, w in groups if p / 1e6 >= threshold]
    right, rows = (sum(each) for each in zip(*reached, strict=True))
    return bool(rows >= MIN_ROWS and right / (rows + 1) >= precision)


@given(GROUPS, st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.98]))
def test_a_threshold_is_the_lowest_that_keeps_its_promise(
    groups: list[Group], precision: float
) -> None:
    """From a threshold on the first choice is right often enough, and from no lower one."""
    candidates = [p / 1e6 for p, r, w in groups if r + w]
    enough = [each for each in candidates if kept(groups, each, precision)]
    threshold = picked(*groups, precision=precision)
    assert (threshold and threshold.probability) == min(enough, default=None)


@given(GROUPS, st.sampled_from([0.5, 0.9, 0.95]))
def test_a_threshold_says_what_it_rests_on(groups: list[Group], precision: float) -> None:
    """The texts that reach a threshold are as many as it says, and as many of them are right."""
    threshold = picked(*groups, precision=precision)
    if threshold is not None:
        reached = [(r, w) for p, r, w in groups if p / 1e6 >= threshold.probability]
        right, wrong = (sum(each) for each in zip(*reached, strict=True))
        assert threshold.rows == right + wrong >= MIN_ROWS
        assert threshold.precision == round(right / threshold.rows, 4)
        assert threshold.precision >= precision


@given(GROUPS)
def test_a_promise_is_of_probabilities_as_decisions_have_them(groups: list[Group]) -> None:
    """What a probability has beyond a decision's six digits makes no difference."""
    assert picked(*groups, noise=4e-7) == picked(*groups)


def test_the_whole_scale_is_used_where_everything_is_right() -> None:
    """Where even the least sure text keeps the promise, everything reaches the threshold."""
    assert picked((900_000, 60, 0), (200_000, 40, 0)) == Threshold(
        probability=0.2, precision=1.0, rows=100
    )


def test_a_worse_stretch_above_a_better_one_is_taken_along() -> None:
    """What counts is the share of all from the threshold on, not that of a stretch."""
    groups = (900_000, 100, 0), (800_000, 10, 5), (700_000, 100, 0)
    assert picked(*groups, precision=0.95) == Threshold(
        probability=0.7, precision=round(210 / 215, 4), rows=215
    )


def test_equal_probabilities_are_in_or_out_together() -> None:
    """A threshold cannot let in the right ones of equally sure texts alone."""
    assert picked((900_000, 60, 0), (500_000, 60, 60)) == Threshold(
        probability=0.9, precision=1.0, rows=60
    )
    assert picked((900_000, 60, 60)) is None


def test_few_texts_promise_nothing() -> None:
    """Fewer than fifty texts promise nothing, however right they are."""
    assert picked((900_000, MIN_ROWS - 1, 0)) is None
    assert picked((900_000, MIN_ROWS, 0)) is not None
    assert picked() is None


def test_luck_is_no_promise() -> None:
    """Fifty right texts of fifty are no proof of 99 %, for the next one may be wrong."""
    assert picked((900_000, 50, 0), precision=0.99) is None
    assert picked((900_000, 100, 0), precision=0.99) is not None


@pytest.mark.parametrize("precision", [0.7, 0.8, 0.9, 0.95])
def test_a_higher_promise_needs_a_higher_threshold(precision: float) -> None:
    """Whoever promises more sends less straight on."""
    random = np.random.default_rng(0)
    sure = random.uniform(0.3, 1, 3_000)
    right = random.uniform(size=3_000) < sure
    lower, higher = pick(sure, right, precision), pick(sure, right, precision + 0.03)
    assert lower is not None
    assert higher is not None
    assert lower.probability < higher.probability
    assert lower.rows > higher.rows


def test_each_department_is_promised_for_itself_or_with_all() -> None:
    """A department's threshold rests on its own texts, or with few of them on those of all.

    One that no text reaches that threshold with is promised nothing.
    """
    probabilities = np.array(
        [[0.9, 0.1, 0.0]] * 60 + [[0.4, 0.6, 0.0]] * 60 + [[0.1, 0.1, 0.8]] * 9
    )
    truths = np.array([0] * 60 + [1] * 30 + [0] * 30 + [2] * 9)
    overall, each = pick_each(probabilities, truths, ("tax", "roads", "parks"), 0.9)
    assert each == {
        "tax": Threshold(probability=0.9, precision=1.0, rows=60),
        "roads": None,
        "parks": overall,
    }
    assert overall == Threshold(probability=0.8, precision=1.0, rows=69)


def test_a_department_whose_texts_speak_against_it_is_promised_nothing() -> None:
    """What holds over all does not hold for a department whose own few are too often wrong."""
    probabilities = np.array([[0.9, 0.1]] * 200 + [[0.05, 0.95]] * 10)
    truths = np.array([0] * 200 + [1] * 6 + [0] * 4)
    overall, each = pick_each(probabilities, truths, ("tax", "roads"), 0.9)
    assert overall is not None
    assert each["tax"] is not None
    assert each["roads"] is None


@given(GROUPS, st.sampled_from([0.5, 0.9, 0.95]), st.sampled_from([1e-3, 0.5, 3.0, 50.0]))
def test_equal_weights_make_no_difference(
    groups: list[Group], precision: float, weight: float
) -> None:
    """What every text weighs alike weighs nothing: the threshold is the one without weights."""
    sure = np.repeat([p / 1e6 for p, _, _ in groups], [r + w for _, r, w in groups])
    right = np.array([hit for _, r, w in groups for hit in [True] * r + [False] * w], np.bool_)
    weighed = pick(sure, right, precision, np.full(len(sure), weight))
    assert weighed == pick(sure, right, precision)


def test_a_text_that_stands_for_many_counts_for_as_many() -> None:
    """Of audit copies, drawn one in ten, a wrong one is ten wrong ones."""
    sure, wrong = np.repeat([0.9, 0.8], 300), 585
    right = np.arange(600) < wrong
    assert picked((900_000, 300, 0), (800_000, 285, 15), precision=0.95) is not None
    weights = np.where(np.arange(600) < wrong, 1.0, 10.0)
    threshold = pick(sure, right, 0.95, weights)
    assert threshold is not None
    assert threshold == Threshold(probability=0.9, precision=1.0, rows=300)


def test_a_few_heavy_texts_promise_nothing() -> None:
    """A hundred texts of which three have nearly all of the weight say as little as three."""
    weights = np.where(np.arange(100) < 3, 1_000.0, 1.0)
    sure, right = np.full(100, 0.9), np.ones(100, np.bool_)
    assert pick(sure, right, 0.9, weights) is None
    assert pick(sure, right, 0.9) is not None


def test_a_department_is_judged_by_what_its_texts_stand_for() -> None:
    """A few texts speak against the threshold of all where the wrong ones stand for many."""
    probabilities = np.array([[0.9, 0.1]] * 200 + [[0.05, 0.95]] * 20)
    truths = np.array([0] * 200 + [1] * 18 + [0] * 2)
    light = np.ones(220)
    heavy = np.where(np.arange(220) >= 218, 6.0, 1.0)
    assert pick_each(probabilities, truths, ("tax", "roads"), 0.9, light)[1]["roads"] is not None
    assert pick_each(probabilities, truths, ("tax", "roads"), 0.9, heavy)[1]["roads"] is None
