import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.compare_power import Plan, compare_once
from services.cli import MODEL, run
from services.errors import ConfigurationError
from services.model.manifest import Limits
from services.training.data.lessons import Lessons
from services.training.evaluate.compare import Contestant, compare
from services.training.evaluate.comparison import Compared, Comparison
from services.training.evaluate.comparison_report import cautions, render_comparison
from services.training.evaluate.paired import LOSS, Pair, Ratio, judge
from services.training.lesson_commands import EXIT_CODES
from tests.unit.lessons import Answer, Told, a_lesson, lessons_of, text_of, write_lessons

LABELS = ("roads", "tax <north>")
LIMITS = Limits(dict.fromkeys(LABELS, 0.8), in_remit=0.5, flags={"danger": 0.5})
SIZE = 1_200
TRUTHS = [LABELS[n % 2] for n in range(SIZE)]
NUMBERS = np.arange(SIZE)


def a_contestant(
    name: str,
    *,
    wrong: Sequence[int] = (),
    unsure: Sequence[int] = (),
    danger: Sequence[int] = (),
    precision: float = 0.95,
    truths: Sequence[str] = TRUTHS,
) -> Contestant:
    """Return a model that is right and sure of all lessons but those of these numbers."""
    chosen = np.array([LABELS.index(each or "roads") for each in truths])
    chosen[[*wrong]] = 1 - chosen[[*wrong]]
    sure = np.full(len(truths), 0.9)
    sure[[*unsure]] = 0.6
    raised = set(danger)
    answers = {
        text_of(n): Answer(LABELS[label], sure=float(sure[n]), danger=0.9 * (n in raised))
        for n, label in enumerate(chosen.tolist())
    }
    return Contestant(Told(name, LABELS, answers), LIMITS, precision)


def every(step: int, start: int = 0) -> list[int]:
    return [*range(start, SIZE, step)]


def compared(candidate: Contestant, champion: Contestant, lessons: Lessons) -> Comparison:
    return compare(champion, candidate, lessons, resamples=200)


def the(found: Comparison, figure: str, name: str = "") -> Compared:
    [one] = [each for each in found.compared if (each.figure, each.name) == (figure, name)]
    return one


CHAMPION = a_contestant("old", wrong=every(10))


@pytest.mark.parametrize(
    ("loss", "stopped"), [(LOSS, range(29, 31)), (0.0, range(5))], ids=["worse", "equal"]
)
def test_a_candidate_is_stopped_where_it_is_worse(loss: float, stopped: range) -> None:
    """A loss of six points in one slice stops a candidate, and chance in 24 slices seldom does."""
    plan = Plan(lessons=3_000, slice=1_000, differ=0.08)
    outcomes = [compare_once(plan, loss=loss, seed=seed) for seed in range(30)]
    assert sum(each.stopped for each in outcomes) in stopped


def test_a_slice_is_large_enough_from_some_hundred_lessons_on() -> None:
    """With 300 lessons a loss of six points could go unseen, with 1,200 it could not."""
    assert not compare_once(Plan(3_000, 300, differ=0.08), loss=0, seed=0).tells
    assert compare_once(Plan(3_000, 1_200, differ=0.08), loss=0, seed=0).tells


def test_equal_models_are_no_worse() -> None:
    """Whoever decides as the champion does is no worse in anything, and better in nothing."""
    found = compared(CHAMPION, CHAMPION, lessons_of(TRUTHS))
    assert (found.verdict, found.sentence) == ("no worse", "no worse")
    assert {each.says for each in found.compared if not each.kind} == {"no worse"}
    assert all(each.difference is None or each.difference.value == 0 for each in found.compared)


def test_a_better_model_is_better() -> None:
    """What is right far more often is better, and the sentence says in what."""
    found = compared(a_contestant("new", wrong=every(60)), CHAMPION, lessons_of(TRUTHS))
    assert found.verdict == "better"
    assert found.sentence.startswith("better in accuracy, precision")
    assert the(found, "accuracy").difference is not None
    assert the(found, "accuracy").champion == pytest.approx(0.9)
    assert the(found, "accuracy").candidate == pytest.approx(59 / 60)


def test_a_gain_elsewhere_does_not_make_up_for_a_loss() -> None:
    """A candidate that is better over all and worse in one channel is worse."""
    channels = ["phone" if n % 8 == 1 else "email" for n in range(SIZE)]
    worse = [n for n in every(8, 1) if n % 5 == 0]
    found = compared(
        a_contestant("new", wrong=worse),
        a_contestant("old", wrong=[n for n in every(5) if n % 8 != 1]),
        lessons_of(TRUTHS, channels=channels),
    )
    assert the(found, "accuracy").says == "better"
    assert found.verdict == "worse"
    assert "accuracy of channel phone" in found.sentence
    assert "email" not in found.sentence


def test_precision_and_coverage_are_those_at_each_models_own_thresholds() -> None:
    """What is unsure goes to a person: coverage falls, and precision is of what is left."""
    found = compared(
        a_contestant("new", wrong=every(10), unsure=every(5)), CHAMPION, lessons_of(TRUTHS)
    )
    assert the(found, "coverage").candidate == pytest.approx(0.8)
    assert the(found, "coverage").says == "worse"
    assert the(found, "precision").candidate == 1
    assert the(found, "precision").says == "better"
    assert the(found, "accuracy").says == "no worse"
    assert found.sentence == "worse in coverage"


def test_a_promise_that_is_kept_is_no_worse() -> None:
    """A lower precision that is still what the champion promises stops nobody."""
    new, lessons = a_contestant("new", wrong=every(25)), lessons_of(TRUTHS)
    assert the(compared(new, a_contestant("old"), lessons), "precision").says == "no worse"
    strict = a_contestant("old", precision=0.98)
    assert the(compared(new, strict, lessons), "precision").says == "worse"


def test_a_promise_stands_in_for_a_champion_that_sends_nothing() -> None:
    """Nobody saw how right it was, so the candidate is held against what was promised."""
    silent = a_contestant("old", unsure=every(1))
    found = compared(a_contestant("new", wrong=every(4)), silent, lessons_of(TRUTHS))
    assert the(found, "precision").champion == pytest.approx(0.95)
    assert the(found, "precision").says == "worse"


def test_what_is_for_nobody_counts_for_precision_alone() -> None:
    """A lesson without a department is wrong wherever it is sent, and has no first choice."""
    truths = ["" if n % 4 == 0 else each for n, each in enumerate(TRUTHS)]
    same = a_contestant("old", truths=truths)
    found = compared(same, same, lessons_of(truths))
    assert the(found, "accuracy").lessons == 900
    assert the(found, "accuracy").candidate == 1
    assert the(found, "precision").candidate == pytest.approx(0.75)


def test_a_flag_that_is_found_less_often_stops_a_candidate() -> None:
    """Recall of each flag is judged, and false alarms are, of which fewer are better."""
    flags = ["danger" if n % 3 == 0 else "" for n in range(SIZE)]
    old = a_contestant("old", danger=every(3) + every(6, 1))
    new = a_contestant("new", danger=every(6))
    found = compared(new, old, lessons_of(TRUTHS, flags=flags))
    assert found.verdict == "worse"
    assert the(found, "recall of danger").says == "worse"
    assert the(found, "recall of danger").candidate == pytest.approx(0.5)
    assert the(found, "false alarms").says == "better"
    assert the(found, "false alarms").champion == pytest.approx(0.25)


def test_a_flag_that_few_have_is_not_outvoted() -> None:
    """A loss among forty lessons with a flag counts, though of all figures it could be chance."""
    flags = ["danger" if n % 30 == 0 else "" for n in range(SIZE)]
    channels = [f"c{n % 12}" for n in range(SIZE)]
    lost = [*range(0, 150, 30)]
    old = a_contestant("old", wrong=every(11, 1), danger=every(30))
    new = a_contestant("new", wrong=every(11, 2), danger=sorted({*every(30)} - {*lost}))
    found = compared(new, old, lessons_of(TRUTHS, flags=flags, channels=channels))
    assert the(found, "recall of danger").candidate == pytest.approx(35 / 40)
    assert found.sentence == "worse in recall of danger"


def test_audit_copies_count_for_as_many_as_each_stands_for() -> None:
    """A figure is of all that was decided, not of what happened to be drawn."""
    weights = [9.0 if n % 2 else 1.0 for n in range(SIZE)]
    found = compared(
        a_contestant("new", wrong=every(2)), CHAMPION, lessons_of(TRUTHS, weights=weights)
    )
    assert the(found, "accuracy").candidate == pytest.approx(0.9)
    assert the(found, "accuracy").effective == pytest.approx(SIZE * 25 / 41, abs=1)


def test_few_lessons_say_nothing() -> None:
    """Where a loss of six points could go unseen, no worse would be a guess."""
    few = lessons_of(TRUTHS[:100])
    found = compared(CHAMPION, CHAMPION, few)
    assert found.verdict == "too few to say"
    assert any("too few" in caution for caution in cautions(found))
    worse = compared(a_contestant("new", wrong=every(2)), CHAMPION, few)
    assert worse.verdict == "worse"


def test_equal_texts_are_one_witness() -> None:
    """A letter that five hundred people have sent alike tells as much as one."""
    right, wrong = np.ones(600, np.bool_), np.arange(600) >= 500
    pair = Pair(Ratio(right, right), Ratio(wrong, right))
    apart = judge([pair], np.ones(600), np.arange(600), resamples=50)
    alike = judge([pair], np.ones(600), np.maximum(np.arange(600) - 499, 0), resamples=50)
    assert apart.each[0].deviation < -apart.critical
    assert alike.each[0].deviation > -alike.critical


def test_the_same_seed_gives_the_same_figures() -> None:
    """A comparison can be repeated by whoever doubts it."""
    new, lessons = a_contestant("new", wrong=every(9)), lessons_of(TRUTHS)
    assert compared(new, CHAMPION, lessons) == compared(new, CHAMPION, lessons)


def test_models_of_other_departments_are_refused() -> None:
    """A model that knows none of the departments is not called worse, but refused."""
    strange = lessons_of(["parks"] * 50)
    with pytest.raises(ConfigurationError, match="old 1 knows none of the departments"):
        compared(CHAMPION, CHAMPION, strange)


def test_what_speaks_against_believing_it_is_said() -> None:
    """Without audit copies, or with a model's choice shown, lessons tell less, and that is said."""
    lessons = lessons_of(TRUTHS[:200])
    said = " ".join(cautions(compared(CHAMPION, CHAMPION, lessons)))
    assert "None of the lessons is an audit copy" in said
    audited = lessons_of(TRUTHS[:200], kinds=["audit"] * 100 + ["review"] * 100)
    assert "audit copy" not in " ".join(cautions(compared(CHAMPION, CHAMPION, audited)))


def test_a_model_that_is_held_against_itself_is_told() -> None:
    """Whoever names one folder twice is not left with `no worse`; two versions are nothing odd."""
    lessons, other = lessons_of(TRUTHS[:200]), a_contestant("new")
    assert "Both are the same version" in " ".join(cautions(compared(CHAMPION, CHAMPION, lessons)))
    assert "Both are" not in " ".join(cautions(compared(other, CHAMPION, lessons)))


def test_the_page_shows_the_verdict_and_each_figure() -> None:
    """The page says what was found of each part, escapes names, and has no text of a lesson."""
    found = compared(a_contestant("new", wrong=every(3)), CHAMPION, lessons_of(TRUTHS))
    page = render_comparison(found)
    assert "Worse in accuracy, precision" in page
    assert "tax &lt;north&gt;" in page
    assert "<north>" not in page
    assert "nobody" not in page
    assert page.count("<svg") == sum(each.difference is not None for each in found.compared)
    assert "://" not in page


def test_every_verdict_has_its_exit_code() -> None:
    """Better and no worse are 0, worse is 1, too few is 3: 2 is for what was asked wrongly."""
    assert EXIT_CODES == {"better": 0, "no worse": 0, "worse": 1, "too few to say": 3}


def test_the_command_judges_by_the_newest_lessons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`triage compare` prints the verdict and writes figures and page, without a text."""
    label = "department-for-transport"
    path = write_lessons(
        tmp_path / "lessons.jsonl", [a_lesson(n, label, text=text_of(n)) for n in range(300)]
    )
    html, figures = tmp_path / "page.html", tmp_path / "figures.json"
    options = {
        "--model": MODEL,
        "--with": MODEL,
        "--lessons": path,
        "--html": html,
        "--json": figures,
    }
    with pytest.raises(SystemExit) as ended:
        run(["compare", *(str(each) for option in options.items() for each in option)])
    printed = capsys.readouterr().out
    assert ended.value.code == 3
    assert "Verdict: too few to say." in printed
    found = json.loads(figures.read_text(encoding="utf-8"))
    assert (found["lessons"], found["older"]) == (60, 240)
    assert text_of(299) not in printed + html.read_text(encoding="utf-8")
