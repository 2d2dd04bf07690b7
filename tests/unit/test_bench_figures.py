import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.effort import (
    CLASSIFIER,
    FASTSTREAM,
    FASTSTREAM_BATCH,
    FULL,
    LENGTHS,
    MODEL,
    PASS_THROUGH,
    ROUTER,
    SHORT,
    SKLEARN,
    TWO_CLASSIFIERS,
)
from benchmarks.figures import (
    GOALS,
    GOALS_BY_LENGTH,
    MEMORY,
    PER_CPU_SECOND,
    RATIO,
    TABLE,
    TIMES_BATCH,
    TIMES_DOCUMENTED,
    TIMES_SKLEARN,
    TO_ONE,
    Figure,
    figures_of,
)
from benchmarks.plots import PLOTS, THEMES, write_plots
from benchmarks.rounds import Case, Round
from benchmarks.stock import Decision
from benchmarks.turn import Turn
from benchmarks.work import Work, stock_works
from tests.records import ARecord

SEEN = Turn(answered=1_000, seconds=1.0, cpu_seconds=2.0, peak_bytes=10**8)


def a_round(**others: Turn) -> Round:
    """Make a round in which everybody does alike, but for those that are named."""
    turns = {Case(name, length): SEEN for name in TABLE for length in LENGTHS}
    return turns | {Case(name, 200): turn for name, turn in others.items()}


def figure(rounds: list[Round], name: str, unit: str, length: int = 200) -> Figure:
    found = (each for each in figures_of(rounds) if each[:3] == (name, unit, length))
    return next(found)


@pytest.mark.parametrize(
    ("name", "unit", "goals"),
    [
        (CLASSIFIER, RATIO, (0.40, 0.50)),
        (CLASSIFIER, TIMES_DOCUMENTED, (200, 200)),
        (CLASSIFIER, TIMES_BATCH, (1.5, 1.5)),
        (CLASSIFIER, MEMORY, (200, 200)),
        (ROUTER, RATIO, (0.5, 0.5)),
        (ROUTER, MEMORY, (100, 100)),
        (MODEL, PER_CPU_SECOND, (150_000, 300_000)),
        (MODEL, TIMES_SKLEARN, (5, 5)),
        (TWO_CLASSIFIERS, TO_ONE, (0.9, 0.9)),
    ],
)
def test_each_figure_has_its_goal(name: str, unit: str, goals: tuple[float, float]) -> None:
    """What was promised of 200 and of 60 characters stands beside what was measured."""
    given = [figure([a_round()], name, unit, length).goal for length in (200, 60)]
    assert [goal and goal.value for goal in given] == [*goals]
    assert [goal and goal.at_most for goal in given] == [unit == MEMORY] * 2


def test_every_goal_is_one_of_a_figure_that_is_shown() -> None:
    """No goal is forgotten because its figure has gone from the table."""
    assert all(unit in TABLE[name] for name, unit in [*GOALS, *GOALS_BY_LENGTH])


def test_every_contestant_has_something_to_do() -> None:
    """A full and a short run give each contestant of the table its share of work."""
    for effort in (FULL, SHORT):
        assert {*effort.records, *effort.texts, "triage classify"} == {*TABLE}


def test_others_are_measured_by_the_clock_and_models_by_the_cpu() -> None:
    """Against FastStream counts what comes out a second; against scikit-learn, what a core does."""
    slow = SEEN._replace(seconds=4.0, cpu_seconds=2.5)
    rounds = [a_round(**{FASTSTREAM: slow, FASTSTREAM_BATCH: slow, SKLEARN: slow})]
    assert figure(rounds, CLASSIFIER, TIMES_DOCUMENTED).values == pytest.approx([4.0])
    assert figure(rounds, CLASSIFIER, TIMES_BATCH).values == pytest.approx([4.0])
    assert figure(rounds, MODEL, TIMES_SKLEARN).values == pytest.approx([1.25])


def test_two_processes_are_held_against_one_of_the_same_round() -> None:
    """What two processes do with a second of CPU time is a share of what one does with it."""
    rounds = [a_round(**{TWO_CLASSIFIERS: SEEN._replace(cpu_seconds=2.5)})]
    assert figure(rounds, TWO_CLASSIFIERS, TO_ONE).values == pytest.approx([0.8])


def test_the_stock_pipelines_own_decision_is_the_right_one() -> None:
    """Who has the stock pipeline must say what that says, and not what our model would."""
    work = stock_works(
        Work([b"{}"], [], "ce_id", lambda *_: False), lambda _: Decision("dwp", 0.75)
    )[FASTSTREAM]

    def said(department: str, probability: float) -> ARecord:
        answer = {"inquiry": {}, "department": department, "probability": probability}
        return ARecord(json.dumps(answer).encode())

    assert work.approves(7, said("dwp", 0.75))
    assert not work.approves(7, said("dwp", 0.74))
    assert not work.approves(7, said("hmrc", 0.75))


def test_plots_show_all_contestants_on_both_backgrounds(tmp_path: Path) -> None:
    """Each plot is an image of its own for light and for dark, with every median in words."""
    rounds = [a_round(), a_round(**{PASS_THROUGH: SEEN._replace(seconds=0.5)}), a_round()]
    write_plots(tmp_path, figures_of(rounds))
    assert len(PLOTS) * len(THEMES) == len([*tmp_path.iterdir()])
    for name, (contestants, _, title) in PLOTS.items():
        for theme in THEMES:
            plot = (tmp_path / f"{name}-{theme}.svg").read_text(encoding="utf-8")
            assert ET.fromstring(plot).attrib["aria-label"] == title  # noqa: S314 - our own
            assert all(f">{contestant}<" in plot for contestant in contestants)
            assert THEMES[theme].paper in plot
