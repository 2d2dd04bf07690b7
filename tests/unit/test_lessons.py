import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from services.cli import MODEL, run
from services.errors import ConfigurationError
from services.model.manifest import Source, read_manifest
from services.training.data.columns import Columns
from services.training.data.dataset import read_dataset
from services.training.data.lessons import (
    newest,
    not_made_from,
    read_lessons,
    until_day,
    without_learnt,
)
from services.training.data.training_set import Request, read_training_set
from tests.unit.lessons import FIRST_DAY, a_lesson, lessons_of, text_of, write_lessons
from tests.unit.training_data import BUSY, as_csv, labelled_rows, write

MARK = "Zebedee"
PLAIN = Columns("text", "department", "at", weight="weight")


def some_lessons(folder: Path) -> Path:
    kinds = ("review", "audit", "returned", "review")
    return write_lessons(
        folder / "lessons.jsonl",
        [
            a_lesson(n, BUSY[n % 3], kind=kinds[n % 4], weight=50.0 if n % 4 == 1 else 1.0)
            for n in range(120)
        ],
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A lesson comes back with its department, day, weight, flags and slices."""
    lesson = a_lesson(
        0, kind="audit", weight=50.0, mode="blind", flags="danger", channel="email", language="cy"
    )
    found = read_lessons(write_lessons(tmp_path / "a.jsonl", [lesson, a_lesson(1, "")]))
    assert [*found.data.labels] == [{"tax"}, set()]
    assert [*(found.data.flags or ())] == [{"danger"}, set()]
    assert [*found.weights] == [50.0, 1.0]
    assert found.days == (date(2026, 1, 1), date(2026, 1, 2))
    assert (found.kinds, found.modes) == ({"audit": 1, "review": 1}, {"": 1, "blind": 1})
    assert {name: values[0] for name, values in found.data.groups.items()} == {
        "kind": "audit",
        "mode": "blind",
        "channel": "email",
        "language": "cy",
    }


def test_what_was_returned_judges_nobody(tmp_path: Path) -> None:
    """What departments return is known because the model was wrong, so it tells nothing of it."""
    found = read_lessons(some_lessons(tmp_path))
    assert (len(found.data), found.returned) == (90, 30)
    alone = write_lessons(tmp_path / "alone.jsonl", [a_lesson(0, kind="returned")])
    with pytest.raises(ConfigurationError, match="only lessons that departments returned"):
        read_lessons(alone)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kind": MARK}, "has another kind than review, audit, returned"),
        ({"mode": MARK}, "has another mode than blind, on-request, shown"),
        ({"weight": 0}, "has no number above 0 in weight"),
        ({"weight": -1.5}, "has no number above 0 in weight"),
        ({"weight": "nan"}, "has no number above 0 in weight"),
        ({"weight": "1e999"}, "has no number above 0 in weight"),
        ({"weight": MARK}, "has no number above 0 in weight"),
        ({"weight": True}, "has no number above 0 in weight"),
        ({"weight": None}, "has no number above 0 in weight"),
        ({"weight": [MARK]}, "has no number above 0 in weight"),
        ({"weight": 10**400}, "has no number above 0 in weight"),
        ({"at": MARK}, "has no date such as 2026-11-24 in at"),
        ({"at": "2099-01-01"}, "has a date in the future in at"),
        ({"text": ""}, "has no text in text"),
        ({"channel": MARK * 30}, "The column channel has"),
    ],
)
def test_a_wrong_lesson_is_named_by_its_line(
    tmp_path: Path, wrong: dict[str, object], sentence: str
) -> None:
    """What is wrong is said by file and line, and not a word of it is repeated."""
    path = tmp_path / "a.jsonl"
    good = {"text": "a tax", "department": "tax", "at": "2026-01-01", "kind": "review"}
    path.write_text(f"{json.dumps(good)}\n{json.dumps({**good, **wrong})}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=sentence) as refused:
        read_lessons(path)
    assert MARK not in str(refused.value)
    if "The column" not in sentence:
        assert "a.jsonl line 2 " in str(refused.value)


def test_a_lesson_without_a_date_is_refused(tmp_path: Path) -> None:
    """Without its day nobody can tell whether a lesson is among the newest."""
    path = tmp_path / "a.jsonl"
    rows = [{"text": "a", "department": "tax"}, {"text": "b", "department": "", "at": "2026-01-01"}]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 1 has no at"):
        read_lessons(path)


def test_the_newest_are_whole_days() -> None:
    """The newest fifth begins with a day, so that what is older can be trained on by its date."""
    lessons = lessons_of(["tax"] * 100)
    judging, older = newest(lessons, 0.2)
    assert (len(judging.data), judging.older, len(older)) == (20, 80, 80)
    at_once = replace(lessons, data=replace(lessons.data, dates=[FIRST_DAY] * 100))
    assert len(newest(at_once, 0.2)[0].data) == 100
    assert len(newest(lessons, 1.0)[0].data) == 100


def test_a_model_is_not_judged_by_what_it_was_made_from(tmp_path: Path) -> None:
    """Of a file that it learnt from, a model is judged by the rows of the day that it was told."""
    path = some_lessons(tmp_path)
    lessons, made = read_lessons(path), read_manifest(MODEL)
    assert len(not_made_from(path, lessons, [made])[0].data) == 90
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    for until, left in ((date(2026, 1, 1), 90), (date(2026, 4, 1), 22), (date(2026, 4, 30), 1)):
        source = Source(file="x.jsonl", sha256=content, used_for="training", until=until)
        learnt = structs.replace(made, sources=(source,))
        judging, others = not_made_from(path, lessons, [made, learnt])
        assert (len(judging.data), len(others), judging.learnt) == (left, 90 - left, 90 - left)
        assert judging.days[0] >= until
    for beyond in (None, date(2026, 5, 1)):
        source = Source(file="x.jsonl", sha256=content, used_for="training", until=beyond)
        learnt = structs.replace(made, sources=(source,))
        with pytest.raises(ConfigurationError, match="make it anew with --until 2026-01-01"):
            not_made_from(path, lessons, [made, learnt])


def test_texts_that_a_model_has_learnt_judge_nothing(tmp_path: Path) -> None:
    """A lesson that stands in other files, exactly or nearly, is left out and counted."""
    lessons = lessons_of(["tax"] * 60)
    learnt = lessons.data.of([n < 20 for n in range(60)])
    nearly = replace(learnt, texts=[f"{text} please".upper() for text in learnt.texts])
    found = without_learnt(lessons, [nearly])
    assert (len(found.data), found.learnt) == (40, 20)
    with pytest.raises(ConfigurationError, match="All 60 lessons stand in what was learnt"):
        without_learnt(lessons, [lessons.data])


def test_lessons_until_a_day_are_those_before_it() -> None:
    """What is left to judge a candidate by begins with the day that was named."""
    lessons = lessons_of(["tax"] * 10)
    assert len(until_day(lessons, date(2026, 1, 4)).data) == 3
    assert len(until_day(lessons, None).data) == 10
    with pytest.raises(ConfigurationError, match="no lessons of before 2026-01-01"):
        until_day(lessons, FIRST_DAY)


def test_lessons_are_data_to_train_on(tmp_path: Path) -> None:
    """Training reads the same file by its columns, leaves later rows out, and weighs the others."""
    path = some_lessons(tmp_path)
    request = Request(data=[path], columns=PLAIN, out=tmp_path / "m", half_life=np.inf)
    every = read_training_set(request).train
    assert len(every.texts) == 120
    assert np.unique(every.weights / every.weights.min()).tolist() == [1.0, pytest.approx(50.0)]
    assert every.weights.mean() == pytest.approx(1)
    earlier = read_training_set(replace(request, until=date(2026, 3, 2))).train
    assert earlier.texts == [text_of(n) for n in range(60)]


def test_rows_count_by_weight_and_age_together(tmp_path: Path) -> None:
    """A weighed row counts less the older it is, as every other does."""
    path = some_lessons(tmp_path)
    weights = read_training_set(
        Request(data=[path], columns=PLAIN, out=tmp_path / "m", half_life=40.0)
    ).train.weights
    assert weights[41] / weights[1] == pytest.approx(2)
    assert weights[41] / weights[40] == pytest.approx(50 * 2 ** (1 / 40))


def test_a_column_of_weights_has_to_be_there(tmp_path: Path) -> None:
    """A file without the column is refused where no other has it, and counts as 1 beside others."""
    plain = write(tmp_path / "plain.csv", labelled_rows(0, BUSY))
    with pytest.raises(ConfigurationError, match="no column weight: leave --weight-column out"):
        read_training_set(
            Request(
                data=[plain], columns=Columns("text", "department", weight="weight"), out=tmp_path
            )
        )
    weighed = tmp_path / "weighed.csv"
    weighed.write_text("text,department,weight\na tax,tax,2.5\n", encoding="utf-8")
    data = read_dataset([plain, weighed], Columns("text", "department", weight="weight"))
    assert set(data.weights or ()) == {1.0, 2.5}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--until", "2025-03-01"), "--until needs a date"),
        (("--date", "day", "--until", "2024-01-01"), "has no rows of before 2024-01-01"),
        (("--weight-column", "department"), "is named for two things"),
        (("--until", "March"), "Invalid value for '--until'"),
    ],
)
def test_what_cannot_be_trained_on_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    """A day or a weight that does not fit the file is refused before anything is learnt."""
    path = tmp_path / "a.csv"
    path.write_bytes(as_csv(labelled_rows(0, BUSY)))
    with pytest.raises(SystemExit) as ended:
        run(["train", "--data", str(path), "--out", str(tmp_path / "m"), *arguments])
    assert ended.value.code == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_no_repr_has_a_word_of_a_lesson() -> None:
    """A lesson and a set of them are shown without what citizens wrote."""
    assert MARK not in repr(a_lesson(0, text=MARK))
    assert text_of(0) not in repr(lessons_of(["tax"]))
