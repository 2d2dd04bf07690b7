import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from services.cli import run
from services.errors import ConfigurationError
from services.messages.lesson import Lesson
from services.model.manifest import FILENAME, FlagThreshold, Thresholds
from services.model.text_model import VOCABULARY, WEIGHTS, load_model
from services.training.rethreshold import PickedAnew, Promise, pick_anew
from tests.unit.lessons import (
    FIRST_DAY,
    Answer,
    Told,
    a_lesson,
    lessons_of,
    text_of,
    write_lessons,
)
from tests.unit.training_data import BUSY, flagged_rows, labelled_rows

LABELS = ("roads", "tax")
BEFORE = Thresholds(
    precision=0.95,
    overall=None,
    departments={"roads": None, "tax": None},
    in_remit=0.3,
    flags={"danger": FlagThreshold(probability=0.4, recall=0.9, false_alarms=0.1, rows=60)},
)
PROMISE = Promise(precision=0.9, recall=0.9, false_alarms=0.04)


def picked(
    truths: Sequence[str],
    chosen: Sequence[Answer],
    *,
    weights: Sequence[float] | None = None,
    flags: Sequence[str] | None = None,
) -> PickedAnew:
    model = Told("told", LABELS, {text_of(n): each for n, each in enumerate(chosen)})
    return pick_anew(model, BEFORE, lessons_of(truths, weights=weights, flags=flags), PROMISE)


def test_each_department_is_promised_by_its_own_lessons_or_by_all() -> None:
    """The rules are those of training: its own lessons, or pooled where they are few."""
    truths = ["tax"] * 60 + ["roads"] * 10
    found = picked(truths, [Answer("tax", 0.8)] * 60 + [Answer("roads", 0.9)] * 10).thresholds
    each = {name: t and (t.probability, t.rows) for name, t in found.departments.items()}
    assert each == {"tax": (0.8, 60), "roads": (0.8, 70)}
    assert found.precision == 0.9


def test_audit_copies_count_for_as_many_as_each_stands_for() -> None:
    """Where the wrong ones stand for many, the threshold is higher."""
    truths = ["tax"] * 195 + ["roads"] * 5
    chosen = [Answer("tax", 0.9)] * 100 + [Answer("tax", 0.7)] * 100
    plain = picked(truths, chosen).thresholds.departments["tax"]
    heavy = picked(truths, chosen, weights=[1.0] * 195 + [8.0] * 5).thresholds.departments["tax"]
    assert plain is not None
    assert heavy is not None
    assert (plain.probability, heavy.probability) == (0.7, 0.9)


def test_too_few_lessons_are_refused() -> None:
    """Fewer than fifty of equal weight promise nothing, and those for nobody are none of them."""
    few = ["tax"] * 49 + [""] * 50
    with pytest.raises(ConfigurationError, match=r"worth 49 of equal weight.*give more"):
        picked(few, [Answer("tax")] * 99)
    with pytest.raises(ConfigurationError, match=r"worth 3 of equal weight"):
        picked(["tax"] * 80, [Answer("tax")] * 80, weights=[1e5] * 3 + [1.0] * 77)
    with pytest.raises(ConfigurationError, match=r"worth 0 of equal weight"):
        picked(["parks"] * 80, [Answer("tax")] * 80)


def test_a_department_that_the_model_does_not_know_is_an_error_of_its() -> None:
    """What it sends elsewhere, for it knows no better, counts against its promise."""
    truths = ["tax"] * 60 + ["parks"] * 40
    found = picked(truths, [Answer("tax", 0.9)] * 60 + [Answer("tax", 0.8)] * 40).thresholds
    assert found.overall is not None
    assert (found.overall.probability, found.overall.rows) == (0.9, 60)


def test_the_remit_is_picked_on_what_is_for_a_department() -> None:
    """All but a tenth of the weight of lessons for a department reach the threshold."""
    chosen = [Answer("tax", 0.9, in_remit=0.5 + n / 200) for n in range(100)]
    plain = picked(["tax"] * 100, chosen).thresholds.in_remit
    weighed = picked(["tax"] * 100, chosen, weights=[1.0] * 50 + [19.0] * 50).thresholds.in_remit
    assert plain == pytest.approx(0.545, abs=0.005)
    assert weighed == pytest.approx(0.76, abs=0.005)


def test_what_is_not_asked_for_is_promised_as_before() -> None:
    """Without a wish, precision and the recall of each flag are what the model promises now."""
    danger = [0.9 - n / 100 for n in range(50)] + [0.01] * 50
    model = Told(
        "told", LABELS, {text_of(n): Answer("tax", danger=each) for n, each in enumerate(danger)}
    )
    lessons = lessons_of(["tax"] * 100, flags=["danger"] * 50 + [""] * 50)
    as_before = pick_anew(model, BEFORE, lessons, Promise()).thresholds
    assert as_before.precision == BEFORE.precision
    assert as_before.flags["danger"].recall == BEFORE.flags["danger"].recall
    wished = pick_anew(model, BEFORE, lessons, Promise(precision=0.9, recall=0.5)).thresholds
    assert wished.precision == 0.9
    assert wished.flags["danger"].recall == 0.5


def test_a_flag_keeps_its_threshold_where_few_lessons_have_it() -> None:
    """What nine lessons have says nothing; what thirty have and others lack does."""
    chosen = [Answer("tax", danger=0.8 if n < 30 else 0.1) for n in range(100)]
    none, few, enough = (
        picked(["tax"] * 100, chosen, flags=flags)
        for flags in (None, ["danger"] * 9 + [""] * 91, ["danger"] * 30 + [""] * 70)
    )
    assert none.thresholds.flags == few.thresholds.flags == BEFORE.flags
    assert none.kept_flags == few.kept_flags == ("danger",)
    assert enough.kept_flags == ()
    assert enough.thresholds.flags["danger"].rows == 30
    assert enough.thresholds.flags["danger"].recall == 1


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model with a flag, from a file of lessons of before a day."""
    folder = tmp_path_factory.mktemp("model")
    write_lessons(folder / "lessons.jsonl", some_lessons())
    options = "--date at --flags flags --weight-column weight --until 2026-09-28 --words-only"
    out = ["--data", str(folder / "lessons.jsonl"), "--out", str(folder / "old")]
    run_well(["train", *out, *options.split()])
    return folder / "old"


def some_lessons() -> list[Lesson]:
    rows = [
        *((row.text, row.department, "") for row in labelled_rows(1, BUSY)),
        *((row.text, row.department, row.flags) for row in flagged_rows(3)),
        *((row.text, row.department, row.flags) for row in flagged_rows(4)),
    ]
    return [
        a_lesson(n % 330, department, text=f"{text} ref{n}a ref{n}b", flags=flags, kind="audit")
        for n, (text, department, flags) in enumerate(rows)
    ]


def run_well(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert not ended.value.code


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2
    return " ".join(capsys.readouterr().err.split())


def test_a_new_version_has_the_same_weights_and_other_promises(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`triage thresholds` writes another version, which says what it promises and from what."""
    lessons = model.parent / "lessons.jsonl"
    command = ["thresholds", "--model", str(model), "--lessons", str(lessons), "--precision", "0.8"]
    run_well([*command, "--out", str(tmp_path / "new")])
    printed = capsys.readouterr().out
    old, new = (load_model(each, threads=1).manifest for each in (model, tmp_path / "new"))
    assert (old.name, old.files, old.expected) == (new.name, new.files, new.expected)
    assert old.version != new.version
    assert new.version in printed
    assert new.thresholds.precision == 0.8
    assert {name for name, each in new.thresholds.departments.items() if each} == {*BUSY}
    source = new.sources[-1]
    assert (source.file, source.used_for) == ("lessons.jsonl", "thresholds")
    assert source.sha256 == hashlib.sha256(lessons.read_bytes()).hexdigest()
    assert new.training["thresholds_picked_anew_for"] == old.version
    # The model was made from rows of before this day: only the others judge it.
    assert old.sources[0].until == date(2026, 9, 28)
    days = [n % 330 for n in range(len(some_lessons()))]
    left = sum(day >= (date(2026, 9, 28) - FIRST_DAY).days for day in days)
    assert f"by {left:,} lessons" in printed


def test_a_version_that_sends_nothing_by_itself_says_so(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no department reaches the promise, that is a sentence, and not columns alone."""
    write_lessons(tmp_path / "wrong.jsonl", [a_lesson(n, [*BUSY][n % 2]) for n in range(120)])
    command = ["thresholds", "--model", str(model), "--lessons", str(tmp_path / "wrong.jsonl")]
    run_well([*command, "--precision", "0.99", "--out", str(tmp_path / "new")])
    printed = " ".join(capsys.readouterr().out.split())
    assert "A person decides everything with this version" in printed
    assert "99.0% for no department: give more, or ask for less with --precision." in printed
    lessons = ["--lessons", str(model.parent / "lessons.jsonl"), "--precision", "0.8"]
    run_well([*command[:3], *lessons, "--out", str(tmp_path / "other")])
    assert "decides everything" not in capsys.readouterr().out


def test_a_new_version_is_the_same_each_time(model: Path, tmp_path: Path) -> None:
    """The same model and lessons give the same version, byte for byte."""
    command = ["thresholds", "--model", str(model), "--precision", "0.8"]
    command += ["--lessons", str(model.parent / "lessons.jsonl")]
    for name in ("one", "two"):
        run_well([*command, "--out", str(tmp_path / name)])
    for name in (WEIGHTS, VOCABULARY, FILENAME):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_model_that_runs_is_not_overwritten(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old version stays as it is until the new one runs, and so needs another folder."""
    command = ["thresholds", "--model", str(model), "--out", str(model), "--precision", "0.8"]
    said = refused([*command, "--lessons", str(model.parent / "lessons.jsonl")], capsys)
    assert "has the model itself" in said


def test_thresholds_are_not_picked_on_what_the_model_learnt(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lessons of before the day that the model was made until are refused, and so are its texts."""
    lessons = str(model.parent / "lessons.jsonl")
    command = ["thresholds", "--model", str(model), "--out", str(tmp_path / "new")]
    said = refused([*command, "--lessons", lessons, "--until", "2026-09-01"], capsys)
    assert "was made from all lessons" in said
    copied = write_lessons(tmp_path / "copy.jsonl", some_lessons()[::-1])
    said = refused([*command, "--lessons", str(copied), "--trained-on", lessons], capsys)
    assert "stand in what was learnt before" in said


def test_a_new_version_is_judged_by_lessons_that_gave_it_no_threshold(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Thresholds of before a day leave the later lessons to `triage compare`, and only those."""
    lessons = ["--lessons", str(model.parent / "lessons.jsonl")]
    command = ["thresholds", "--model", str(model), "--precision", "0.8", *lessons]
    run_well([*command, "--until", "2026-11-01", "--out", str(tmp_path / "until")])
    run_well([*command, "--out", str(tmp_path / "all")])
    compare = ["compare", "--model", str(model), *lessons, "--newest", "0.3", "--with"]
    assert "was made from all lessons" in refused([*compare, str(tmp_path / "all")], capsys)
    with pytest.raises(SystemExit):
        run([*compare, str(tmp_path / "until")])
    printed = capsys.readouterr().out
    assert "from 2026-11-01 to 2026-11-26" in printed
    assert "that a model has learnt" in printed
    assert printed.count("Verdict: ") == 1
