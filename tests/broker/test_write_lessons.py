import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from services.cli import MODEL
from services.clock import utc_now
from services.kafka.connected import an_admin
from tests.broker.command import triage
from tests.broker.desk import Desk, Waiting, a_judgement
from tests.broker.lessons import delete_notes, put_inquiries, put_notes
from tests.broker.pipeline import PARTITIONS, Pipeline
from tests.broker.processes import files_in
from tests.unit.training_data import BUSY, Row, labelled_rows
from tests.warm import Ended

LABELS = dict(zip(BUSY, ("home-office", "hm-treasury", "ministry-of-justice"), strict=True))
DAYS = 30
FOR_NOBODY = 15
TEXT = "Zebedee has no home"
DECIDED: Mapping[str, Any] = {"department": "home-office", "at": "2026-11-02T10:03:59Z"}
SINCE = ("--since", "2026-11-01")


async def lessons(pipeline: Pipeline, out: Path, *options: str) -> Ended:
    asked = ("--out", str(out), *(options or SINCE))
    return await triage("lessons", *asked, settings=pipeline.environment)


def counts_of(ended: Ended) -> dict[str, int]:
    """Return the number of each line of what was said, by the first word after it."""
    found = re.findall(r"^ *([0-9,]+)  (.+)$", ended.output, flags=re.MULTILINE)
    return {said.split(",")[0].removesuffix("."): int(n.replace(",", "")) for n, said in found}


def lines_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def judgement_of(waiting: Waiting, row: Row, number: int) -> dict[str, Any]:
    """Judge an inquiry rightly, the sooner the lower its number."""
    at = utc_now() - timedelta(days=DAYS) * (1 - number / 300)
    department = LABELS[row.department]
    return a_judgement(waiting, department=department, at=at.isoformat())


async def test_what_people_decide_makes_the_next_model(pipeline: Pipeline, tmp_path: Path) -> None:
    """Judged, settled, fetched as lessons: training, comparing and thresholds take the file."""
    await pipeline.started(pipeline.service("settler"))
    desk, rows = Desk(pipeline), labelled_rows(0, BUSY)
    reviewed, audited = rows[:230], rows[230:]
    waiting = [
        *await put_inquiries(pipeline, "review", [row.text for row in reviewed]),
        *await put_inquiries(
            pipeline, "audit", [row.text for row in audited], sample={"chance": 0.1}
        ),
    ]
    judged = [judgement_of(*each) for each in zip(waiting, rows, range(len(rows)), strict=True)]
    for each in judged[1:FOR_NOBODY]:
        each |= {"outcome": "not-ours", "department": None}
    judged[0] |= {"outcome": "escalate", "department": None}
    await desk.judge(*judged, *judged[:9])
    await desk.settled()
    day = f"{utc_now() - timedelta(days=DAYS + 1):%Y-%m-%d}"
    out = tmp_path / "lessons.jsonl"
    ended = await lessons(pipeline, out, "--since", day)
    assert ended.errors == ""
    assert counts_of(ended) == {
        "settled judgements handed the inquiry on to somebody else": 1,
        "review": 229,
        "audit": 40,
        "returned": 0,
        "lessons": 269,
    }
    assert "40  audit, which stand for 400" in ended.output
    assert out.stat().st_mode & 0o777 == 0o600
    written = lines_in(out)
    assert [each["at"] for each in written] == sorted(each["at"] for each in written)
    expected = {row.text: LABELS[row.department] for row in rows[FOR_NOBODY:]}
    expected |= {row.text: "" for row in rows[1:FOR_NOBODY]}
    assert {each["text"]: each["department"] for each in written} == expected
    assert {each["weight"] for each in written if each["kind"] == "audit"} == {10}
    await learnt_from(out, tmp_path)


async def learnt_from(out: Path, folder: Path) -> None:
    """See that each command takes a file of lessons, as docs/learning.md tells."""
    until = f"{utc_now() - timedelta(days=DAYS // 2):%Y-%m-%d}"
    columns = ("--date", "at")
    checked = await triage("check", str(out), *columns, settings={})
    assert checked.code == 0, checked.output
    model, other = str(folder / "next"), str(folder / "picked")
    asked = ("--data", str(out), *columns, "--until", until, "--words-only", "--out", model)
    trained = await triage("train", *asked, settings={})
    assert trained.code == 0, trained.errors
    given = ("--model", str(MODEL), "--with", model, "--lessons", str(out))
    compared = await triage("compare", *given, settings={})
    assert "Verdict: " in compared.output, compared.errors
    given = ("--model", model, "--lessons", str(out), "--out", other)
    picked = await triage("thresholds", *given, settings={})
    assert picked.code == 0, picked.errors


async def test_what_has_no_text_any_more_is_counted(pipeline: Pipeline, tmp_path: Path) -> None:
    """Retention, a topic made anew, deleted notes and those of later versions are each told."""
    waiting = await put_inquiries(pipeline, "review", [TEXT] * 3 * PARTITIONS)
    taken, other, late, deleted, *rest = waiting
    async with an_admin(pipeline.servers) as admin:
        topic = pipeline.installation.table.review_topic
        gone = TopicPartition(topic, taken.partition)
        await admin.delete_records({gone: RecordsToDelete(before_offset=taken.offset + 1)})
    stranger = Waiting("review", other.partition, other.offset, "older", None, b"")
    await put_notes(pipeline, [taken, stranger, deleted], **DECIDED)
    await put_notes(pipeline, [late], event_type="inquiry.settled.v2", **DECIDED)
    await put_notes(pipeline, [*rest, *rest], **DECIDED)
    await delete_notes(pipeline, [deleted])
    await put_notes(pipeline, rest, **{**DECIDED, "verdict": "late", "department": "hm-treasury"})
    out = tmp_path / "lessons.jsonl"
    ended = await lessons(pipeline, out)
    assert ended.code == 0, ended.errors
    counts = counts_of(ended)
    assert counts["lessons"] == counts["review"] == len(rest) == len(lines_in(out))
    assert counts["notes cannot be read"] == 1
    assert "settled judgements have no text any more: the inquiry" in ended.output
    assert "settled judgements have another inquiry in their place" in ended.output
    assert f"/{late.partition}/0 cannot be read: unsupported-version" in ended.output
    assert TEXT not in ended.output
    again = await lessons(pipeline, out)
    assert (again.code, again.output) == (2, "")
    assert "is there already: name another file with --out" in again.errors


async def test_a_return_is_a_lesson_of_its_own_kind(pipeline: Pipeline, tmp_path: Path) -> None:
    """What a department sent back and a person decided anew replaces what was decided before."""
    same = {"id": "q-1"}
    reviewed = await put_inquiries(pipeline, "review", [TEXT], inquiry=same)
    returned = await put_inquiries(
        pipeline, "review", [TEXT], inquiry=same, route={"reason": "returned"}
    )
    await put_notes(pipeline, reviewed, **DECIDED)
    later = {"department": "hm-treasury", "at": "2026-11-05T10:00:00Z", "reason": "returned"}
    await put_notes(pipeline, returned, **later | {"settled_at": "2026-11-05T10:00:01Z"})
    out = tmp_path / "lessons.jsonl"
    ended = await lessons(pipeline, out)
    assert ended.code == 0, ended.errors
    [lesson] = lines_in(out)
    assert (lesson["kind"], lesson["department"]) == ("returned", "hm-treasury")


async def test_what_is_wrong_is_one_sentence(pipeline: Pipeline, tmp_path: Path) -> None:
    """No Kafka, no topic, a wrong time and nothing to learn from: what to do, and no file."""
    wrong = [
        ({}, SINCE, 1, "Nothing to learn from was decided since 2026-11-01: give another time"),
        ({}, ("--since", "2099-01-01"), 2, "--since 2099-01-01 is in the future"),
        ({"KAFKA_TOPIC_PREFIX": "no.such."}, SINCE, 2, "do not exist"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, SINCE, 1, "could not be read from 127.0.0.1"),
    ]
    asked = ("lessons", "--out", str(tmp_path / "lessons.jsonl"))
    for settings, options, code, says in wrong:
        ended = await triage(*asked, *options, settings=pipeline.environment | settings)
        assert ended.code == code
        assert len(ended.errors.splitlines()) == 1
        assert says in ended.errors
    assert files_in(tmp_path) == []
