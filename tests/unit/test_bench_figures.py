import json
from pathlib import Path

import pytest

from benchmarks.contestants import FULL, FULL_COUNTS, LENGTHS, SHORT, Name
from benchmarks.figures import (
    CPU_TIMES_CONFLUENT,
    GOALS,
    MEMORY,
    PER_CPU_SECOND,
    RATIO,
    TABLE,
    TIMES_BATCH,
    TIMES_CONFLUENT,
    TIMES_FASTSTREAM,
    TIMES_SKLEARN,
    TO_ONE,
    Figure,
    Unit,
    figures_of,
)
from benchmarks.plots import PLOTS, THEMES, write_plots
from benchmarks.runs import Case, Round, Run
from benchmarks.sklearn_export import Decision
from benchmarks.workloads import Workload, to_decide

SEEN = Run(answered=1_000, seconds=1.0, cpu_seconds=2.0, peak_bytes=10**8)
SLOW = SEEN._replace(seconds=4.0, cpu_seconds=2.5)


def a_round(**others: Run) -> Round:
    """Make a round in which everybody does alike, but for those that are named."""
    runs = {Case(name, length): SEEN for name in TABLE for length in LENGTHS}
    return runs | {Case(Name[name], 200): run for name, run in others.items()}


def figure(runs: Round, name: Name, unit: Unit, length: int = 200) -> Figure:
    found = figures_of([runs])
    wanted = (name, unit.name, length)
    return next(each for each in found if (each.name, each.unit, each.characters) == wanted)


@pytest.mark.parametrize(
    ("name", "unit", "goals"),
    [
        (Name.CLASSIFIER, RATIO, [0.36, 0.42]),
        (Name.CLASSIFIER, TIMES_CONFLUENT, [1.10, 1.10]),
        (Name.CLASSIFIER, CPU_TIMES_CONFLUENT, [1.10, 1.10]),
        (Name.CLASSIFIER, TIMES_FASTSTREAM, [200, 200]),
        (Name.CLASSIFIER, TIMES_BATCH, [1.5, 1.5]),
        (Name.CLASSIFIER, MEMORY, [150, 150]),
        (Name.ROUTER, RATIO, [0.33, 0.33]),
        (Name.ROUTER, MEMORY, [97, 97]),
        (Name.MODEL, PER_CPU_SECOND, [160_000, 320_000]),
        (Name.MODEL, TIMES_SKLEARN, [6, 6]),
        (Name.TWO_CLASSIFIERS, TO_ONE, [0.9, 0.9]),
    ],
)
def test_each_figure_has_its_goal(name: Name, unit: Unit, goals: list[float]) -> None:
    """What was promised of 200 and of 60 characters stands beside what was measured."""
    given = [figure(a_round(), name, unit, length).goal for length in (200, 60)]
    assert [goal and goal.value for goal in given] == goals
    assert [goal and goal.at_most for goal in given] == [unit == MEMORY] * 2


def test_every_goal_is_one_of_a_figure_that_is_shown() -> None:
    """No goal is forgotten because its figure has gone from the table."""
    assert all(unit in TABLE[name] for name, unit in GOALS)


def test_every_contestant_has_something_to_do() -> None:
    """A full and a short run give each contestant of the table its share of work."""
    assert {*FULL_COUNTS} == {*TABLE} == {*Name}
    assert all(size.count(name) >= 100 for size in (FULL, SHORT) for name in Name)


def test_others_are_measured_by_the_clock_and_models_by_the_cpu() -> None:
    """Against FastStream counts what comes out a second; against scikit-learn, what a core does."""
    runs = a_round(FASTSTREAM=SLOW, FASTSTREAM_BATCH=SLOW, SKLEARN=SLOW)
    assert figure(runs, Name.CLASSIFIER, TIMES_FASTSTREAM).median == pytest.approx(4.0)
    assert figure(runs, Name.CLASSIFIER, TIMES_BATCH).median == pytest.approx(4.0)
    assert figure(runs, Name.MODEL, TIMES_SKLEARN).median == pytest.approx(1.25)


def test_a_faster_client_is_seen_by_the_clock_and_by_the_cpu() -> None:
    """confluent-kafka works beside Python on another core: both ratios to it are shown."""
    runs = a_round(CONFLUENT=SEEN._replace(seconds=0.5, cpu_seconds=2.5))
    assert figure(runs, Name.CLASSIFIER, TIMES_CONFLUENT).median == pytest.approx(0.5)
    assert figure(runs, Name.CLASSIFIER, CPU_TIMES_CONFLUENT).median == pytest.approx(1.25)


def test_two_processes_are_held_against_one_of_the_same_round() -> None:
    """What two processes do with a second of CPU time is a share of what one does with it."""
    runs = a_round(TWO_CLASSIFIERS=SLOW)
    assert figure(runs, Name.TWO_CLASSIFIERS, TO_ONE).median == pytest.approx(0.8)


def test_the_baselines_own_decision_is_the_right_one() -> None:
    """Who has the scikit-learn pipeline must say what that says, and not what our model would."""
    received = Workload([b"{}"], [], "ce_id", lambda *_: False)
    workload = to_decide(received, [Decision("dwp", 0.75)])

    def is_right(department: str, probability: float) -> bool:
        answer = {"inquiry": {}, "department": department, "probability": probability}
        return workload.is_right(0, "topic", json.dumps(answer).encode())

    assert is_right("dwp", 0.75)
    assert not is_right("dwp", 0.74)
    assert not is_right("hmrc", 0.75)


def test_plots_show_all_contestants_on_both_backgrounds(tmp_path: Path) -> None:
    """Each plot is an image of its own for light and for dark, with every median in words."""
    figures = figures_of([a_round(), a_round(PASSTHROUGH=SLOW), a_round()])
    write_plots(tmp_path, figures)
    assert len(PLOTS) * len(THEMES) == len([*tmp_path.iterdir()])
    for name, (contestants, unit, title) in PLOTS.items():
        medians = {f"{each.median:,.0f}" for each in figures if each.unit == unit.name}
        for theme, colours in THEMES.items():
            plot = (tmp_path / f"{name}-{theme}.svg").read_text(encoding="utf-8")
            assert all(f">{said}<" in plot for said in (title, *contestants))
            assert any(f"{median}<" in plot for median in medians)
            assert colours["paper"] in plot
