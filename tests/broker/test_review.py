import asyncio
import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from aiokafka import ConsumerRecord
from aiokafka.admin import NewPartitions

from services.kafka.connected import an_admin
from services.messages.codec import judgements
from tests.broker.at_rest import read_all, until
from tests.broker.command import triage
from tests.broker.desk import DEPARTMENT, Desk, Waiting
from tests.broker.pipeline import PARTITIONS, Pipeline
from tests.tools import TRIAGE
from tests.warm import Ended

INQUIRIES = 200
SHARES = ("--double", "0.3", "--late", "0.3")


def truths(tmp_path: Path, waiting: Sequence[Waiting]) -> str:
    """Write a file that says all of them are for one department."""
    ids = [json.loads(each.value)["inquiry"]["id"] for each in waiting]
    lines = [json.dumps({"id": each, "department": DEPARTMENT}) for each in ids]
    path = tmp_path / "truths.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


async def review(pipeline: Pipeline, *arguments: str) -> Ended:
    return await triage("review", "--simulate", *arguments, settings=pipeline.environment)


async def said(desk: Desk, pipeline: Pipeline) -> list[ConsumerRecord]:
    return await read_all(pipeline.servers, [desk.topics["judged"]])


async def test_what_simulated_people_say_is_done_once(pipeline: Pipeline, tmp_path: Path) -> None:
    """Each inquiry has one note that counts; a double click repeats it, and who is late is told.

    The judgements stand on the partition numbers of their inquiries, as events of their own type.
    """
    desk = Desk(pipeline)
    await pipeline.started(pipeline.service("settler"))
    waiting = await desk.waiting(INQUIRIES)
    known = truths(tmp_path, waiting[:-3])
    ended = await review(pipeline, known, *SHARES, "--wrong", "0", "--until-idle", "1")
    assert (ended.code, ended.errors) == (0, "")
    notes = await desk.settled()
    verdicts = Counter(each.verdict for each in notes)
    counted = {each.key: each for each in notes if each.verdict == "counted"}
    assert len(counted) == verdicts["counted"] == INQUIRIES - 3
    for each in notes:
        first = counted[each.record.key]
        assert each.verdict != "repeated" or each.judgement == first.judgement
        assert each.verdict != "late" or each.first_by == first.by != each.by
    assert min(verdicts["repeated"], verdicts["late"]) > 0
    arrived = Counter(each.key for each in await desk.read("home-office"))
    assert arrived == Counter(each.key for each in waiting[:-3])
    assert f"judged  {INQUIRIES - 3}: {INQUIRIES - 3} to a department" in ended.output
    assert f"beside  {verdicts['repeated']} double clicks" in ended.output
    assert "left    3 without a truth" in ended.output
    for record in await said(desk, pipeline):
        assert judgements.read(record).body.record.partition == record.partition


async def test_the_same_seed_says_the_same_again(pipeline: Pipeline, tmp_path: Path) -> None:
    """Whoever runs it twice repeats what was said; of copies it says so only where it is told."""
    desk = Desk(pipeline)
    await pipeline.started(pipeline.service("settler"))
    waiting = [*await desk.waiting(20), *await desk.waiting(20, "audit")]
    known = truths(tmp_path, waiting)
    alone = ("--late", "0", "--double", "0", "--until-idle", "1")
    for more in ((), (), ("--audit",)):
        ended = await review(pipeline, known, *alone, *more)
        assert (ended.code, ended.errors) == (0, "")
    assert Counter((each.verdict, each.record.topic) for each in await desk.settled()) == {
        ("counted", "review"): 20,
        ("repeated", "review"): 40,
        ("counted", "audit"): 20,
    }


async def test_it_goes_on_until_it_is_stopped(pipeline: Pipeline, tmp_path: Path) -> None:
    """Without an end it judges what comes, at its pace; Ctrl-C ends it with 0 and the figures."""
    desk = Desk(pipeline)
    known = truths(tmp_path, [*await desk.waiting(4)])
    process = await asyncio.create_subprocess_exec(
        *(TRIAGE, "review", "--simulate", known, "--per-minute", "600"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **pipeline.environment},
    )

    async def all_judged() -> bool:
        records = await said(desk, pipeline)
        return len({judgements.read(each).body.record.key for each in records}) == 4

    await until(all_judged)
    process.send_signal(signal.SIGINT)
    output, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    assert b"judged  4: " in output


async def test_it_ends_after_so_many(pipeline: Pipeline, tmp_path: Path) -> None:
    """With a count it ends once so many are judged, however many wait."""
    desk = Desk(pipeline)
    known = truths(tmp_path, await desk.waiting(30))
    ended = await review(pipeline, known, "--count", "7", "--double", "0", "--late", "0")
    assert (ended.code, ended.errors) == (0, "")
    assert len(await said(desk, pipeline)) == 7


async def test_topics_that_do_not_fit_are_named(pipeline: Pipeline, tmp_path: Path) -> None:
    """Where a topic lacks, or has other partitions, one sentence says so and nothing is judged."""
    desk = Desk(pipeline)
    known = truths(tmp_path, await desk.waiting(1))
    settings = pipeline.environment | {"SETTLER_INPUT_TOPIC": "nowhere"}
    ended = await triage("review", "--simulate", known, settings=settings)
    assert (ended.code, ended.output) == (2, "")
    [line] = ended.errors.splitlines()
    assert "nowhere" in line
    async with an_admin(pipeline.servers) as admin:
        await admin.create_partitions({desk.topics["judged"]: NewPartitions(PARTITIONS + 1)})
    await pipeline.until_known([desk.topics["judged"]], PARTITIONS + 1)
    ended = await review(pipeline, known)
    assert ended.code == 2
    [line] = ended.errors.splitlines()
    assert "as many partitions as each other" in line
