import asyncio
import json
import subprocess
from collections import Counter
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions, RecordsToDelete

from services.kafka.connected import an_admin
from services.local.processes.service_process import ServiceProcess
from services.messages.codec import ESCALATED_HEADER
from services.messages.events import DECIDED, ROUTED, SampledInquiry
from services.messages.examples import example_of
from services.messages.rejection import Rejection
from tests.broker.at_rest import read_all, until
from tests.broker.desk import OTHER, Desk, a_judgement
from tests.broker.pipeline import PARTITIONS, Pipeline, metric, until_answered
from tests.tools import need

NEVER_OPEN = {"SETTLER_CIRCUIT_BREAKER_SHARE": "1"}


@pytest.fixture
def desk(pipeline: Pipeline) -> Desk:
    """The desk of a pipeline's review topic."""
    return Desk(pipeline)


async def made_anew(pipeline: Pipeline, topic: str) -> None:
    """Delete a topic and create it again."""
    async with an_admin(pipeline.servers) as admin:
        await admin.delete_topics([topic])
        await until(lambda: _is_gone(admin, topic))
    await pipeline.create_topics()


async def _is_gone(admin: Any, topic: str) -> bool:
    return topic not in await admin.list_topics()


async def grown(pipeline: Pipeline, *topics: str) -> None:
    """Add a partition to some topics."""
    async with an_admin(pipeline.servers) as admin:
        for topic in topics:
            await admin.create_partitions({topic: NewPartitions(PARTITIONS + 1)})
    await pipeline.until_known(topics, PARTITIONS + 1)


async def test_what_a_person_decides_arrives_as_it_was_sent(pipeline: Pipeline, desk: Desk) -> None:
    """The department gets the inquiry's own bytes, key and headers, with the decision beside."""
    settler = pipeline.service("settler")
    await pipeline.started(settler)
    waiting = await desk.waiting(12)
    await desk.judge(*[a_judgement(each) for each in waiting])
    arrived = {each.key: each for each in await desk.read("home-office")}
    assert len(arrived) == len(waiting)
    for each in waiting:
        record = arrived[each.key]
        assert record.value.startswith(each.value[:-1] + b',"decision":{')
        assert json.loads(record.value)["decision"]["by"] == "reviewer-0"
        headers = dict(record.headers)
        place = f"{desk.topics['review']}/{each.partition}/{each.offset}"
        assert headers["ce_id"].decode() == place
        assert headers["ce_type"].decode() == DECIDED
        assert headers["trace"] == b"\xff\x00"
        assert headers["received-ce_id"]
    notes = await desk.settled()
    assert {each.key for each in notes} == {
        f"review/{each.partition}/{each.offset}" for each in waiting
    }
    assert {(each.verdict, each.reason, each.model is None) for each in notes} == {
        ("counted", "confident", False)
    }
    counted = {"outcome": "department", "verdict": "counted"}
    assert metric(settler, "triage_judgements_total", **counted) == len(waiting)


async def test_a_note_stands_beside_its_inquiry(pipeline: Pipeline, desk: Desk) -> None:
    """Notes are on the partition number of the record that was judged, and say no word of it."""
    await pipeline.started(pipeline.service("settler"))
    waiting = await desk.waiting(PARTITIONS)
    await desk.judge(*[a_judgement(each) for each in waiting])
    for record in await desk.read("settled"):
        assert json.loads(record.value)["record"]["partition"] == record.partition
        assert b"is my pension" not in record.value


async def test_the_first_in_the_log_counts(pipeline: Pipeline, desk: Desk) -> None:
    """A double click is noted as repeated, a second person's as late with whose came first."""
    await pipeline.started(pipeline.service("settler"))
    [one] = await desk.waiting(1)
    first, second = a_judgement(one, 1), a_judgement(one, 2, department=OTHER)
    await desk.judge(first, first, second, first)
    await desk.judge(second)
    assert len(await desk.read("home-office", "justice")) == 1
    notes = [(each.verdict, each.first_by) for each in await desk.settled()]
    late = ("late", "reviewer-1")
    assert notes == [("counted", None), ("repeated", None), late, ("repeated", None), late]


async def test_other_outcomes_go_elsewhere(pipeline: Pipeline, desk: Desk) -> None:
    """What is not ours has its signpost; what is escalated waits once more, and says how often."""
    await pipeline.started(pipeline.service("settler"))
    ours, hard = await desk.waiting(2)
    await desk.judge(
        a_judgement(ours, outcome="not-ours", department=None, signpost="Ask your council."),
        a_judgement(hard, outcome="escalate", department=None),
    )
    [not_ours] = await desk.read("not-ours")
    assert json.loads(not_ours.value)["decision"]["signpost"] == "Ask your council."
    reviewed = await desk.read("review")
    [again] = [each for each in reviewed if ESCALATED_HEADER in dict(each.headers)]
    headers = dict(again.headers)
    assert (again.key, again.value) == (hard.key, hard.value)
    assert headers["ce_type"].decode() == ROUTED
    assert headers[ESCALATED_HEADER] == b"1"


async def test_of_what_went_by_itself_a_judgement_is_a_label(
    pipeline: Pipeline, desk: Desk
) -> None:
    """An audited inquiry is not sent again, unless it is to be corrected and went elsewhere."""
    await pipeline.started(pipeline.service("settler"))
    label, wrong = await desk.waiting(2, "audit")
    await desk.judge(
        a_judgement(label), a_judgement(wrong, department=OTHER, correct=True, mode="shown")
    )
    assert await desk.read("home-office") == []
    [copy] = await desk.read("justice")
    assert copy.key == wrong.key
    assert dict(copy.headers)["ce_id"].decode().startswith(desk.topics["audit"])
    assert sorted(each.corrected for each in await desk.settled()) == [False, True]


async def test_judged_copies_are_counted_by_whoever_works_their_partition(
    pipeline: Pipeline, desk: Desk
) -> None:
    """Sums are the same after kill -9, and together, once others work some of the partitions."""
    one, other = pipeline.service("settler"), pipeline.service("settler", "other")
    await pipeline.started(one)
    copies = await desk.waiting(2 * PARTITIONS, "audit")
    suggested = example_of(SampledInquiry)["classification"]["department"]
    reviewed, *_ = await desk.waiting(1)
    await desk.judge(
        a_judgement(reviewed, department=suggested),
        *[a_judgement(each, department=suggested) for each in copies[:PARTITIONS]],
        *[a_judgement(each, department=OTHER) for each in copies[PARTITIONS:]],
        *[a_judgement(each, 2, department=suggested) for each in copies],
    )
    await desk.settled()
    chance = example_of(SampledInquiry)["sample"]["chance"]

    expected = {
        "judged": len(copies),
        "weight": len(copies) / chance,
        "right_weight": PARTITIONS / chance,
    }

    async def counted(*services: ServiceProcess) -> None:
        """Wait until some services, together, show what was judged."""

        def shown(name: str) -> float:
            name = f"triage_audit_{name}"
            return sum(metric(each, name, department=suggested) for each in services)

        def as_expected() -> bool:
            return {name: shown(name) for name in expected} == pytest.approx(expected)

        await until(lambda: asyncio.to_thread(as_expected))

    await counted(one)
    one.kill()
    await pipeline.started(one)
    await counted(one)
    await pipeline.started(other)
    await until(lambda: asyncio.to_thread(lambda: metric(other, "triage_audit_judged") > 0))
    await counted(one, other)


async def test_a_killed_settler_knows_what_is_settled(pipeline: Pipeline, desk: Desk) -> None:
    """After kill -9 the state is rebuilt: judgements that come again do nothing twice."""
    settler = pipeline.service("settler", SETTLER_BATCH_RECORDS="20")
    await pipeline.started(settler)
    waiting = await desk.waiting(400)
    judgements = [a_judgement(each) for each in waiting]
    await desk.judge(*judgements)
    await until_answered(settler, 50)
    settler.kill()
    await desk.judge(*judgements)
    await pipeline.started(settler)
    await desk.judge(*[a_judgement(each, 2) for each in waiting])
    arrived = Counter(each.key for each in await desk.read("home-office"))
    assert arrived == Counter(each.key for each in waiting)
    verdicts = Counter(each.verdict for each in await desk.settled())
    assert verdicts == {"counted": 400, "repeated": 400, "late": 400}


async def test_ten_thousand_judgements_of_one_inquiry_stop_nothing(
    pipeline: Pipeline, desk: Desk
) -> None:
    """However often one inquiry is judged, it arrives once, and the next one does too."""
    await pipeline.started(pipeline.service("settler"))
    one, *_, other = await desk.waiting(PARTITIONS + 1)  # on the same partition
    await desk.judge(*[a_judgement(one, number) for number in range(10_000)], a_judgement(other))
    assert {each.key for each in await desk.read("home-office")} == {one.key, other.key}
    assert Counter(each.verdict for each in await desk.settled()) == {"counted": 2, "late": 9_999}


async def test_what_refers_to_no_inquiry_is_kept_with_its_reason(
    pipeline: Pipeline, desk: Desk
) -> None:
    """Every judgement that cannot be done goes whole to the dead letters, and stops no other."""
    await pipeline.started(pipeline.service("settler", **NEVER_OPEN))
    taken, *waiting = await desk.waiting(2 * PARTITIONS)
    async with an_admin(pipeline.servers) as admin:
        gone = TopicPartition(desk.topics["review"], taken.partition)
        await admin.delete_records({gone: RecordsToDelete(before_offset=taken.offset + 1)})
    one, last = waiting[0], waiting[-1]
    elsewhere = {**one.place, "event_id": "other.inquiries.classified/0/1"}
    beyond = {**one.place, "offset": 999_999}
    bad = {
        Rejection.WRONG_PARTITION: a_judgement(one, record={**one.place, "partition": 99}),
        Rejection.INQUIRY_GONE: a_judgement(taken),
        Rejection.UNKNOWN_DEPARTMENT: a_judgement(one, department="ministry-of-magic"),
        Rejection.MISSING_FIELD: {"id": "j-1"},
        Rejection.WRONG_TYPE: a_judgement(one, outcome="not-ours"),
    }
    records: list[tuple[int, bytes | None]] = [
        (one.partition, json.dumps(each).encode()) for each in bad.values()
    ]
    records += [
        (one.partition, json.dumps(a_judgement(one, record=place)).encode())
        for place in (elsewhere, beyond)
    ]
    records += [(taken.partition, records.pop(1)[1]), (0, b"not JSON"), (0, None)]
    await desk.say(records)
    later = [("ce_specversion", b"1.0"), ("ce_type", b"inquiry.judged.v2")]
    await desk.say([(0, b"{}")], later)
    await desk.judge(a_judgement(last))
    rejected = await desk.read("rejected")
    reasons = Counter(dict(each.headers)["rejected-reason"].decode() for each in rejected)
    assert reasons == {
        **dict.fromkeys(bad, 1),
        Rejection.OTHER_INQUIRY: 2,
        Rejection.NOT_JSON: 1,
        Rejection.EMPTY_VALUE: 1,
        Rejection.UNSUPPORTED_VERSION: 1,
    }
    assert {each.value for each in rejected} == {value for _, value in records} | {b"{}"}
    assert [each.key for each in await desk.read("home-office")] == [last.key]


async def test_a_topic_that_was_made_anew_has_other_inquiries(
    pipeline: Pipeline, desk: Desk
) -> None:
    """What was judged before counts for the event that lay there, not for the one that does now."""
    settler = pipeline.service("settler")
    await pipeline.started(settler)
    old = await desk.waiting(PARTITIONS)
    await desk.judge(*[a_judgement(each) for each in old])
    await desk.read("settled")
    settler.stop()
    await made_anew(pipeline, desk.topics["review"])
    await pipeline.started(settler)
    new = await desk.waiting(PARTITIONS)
    assert [each.place["offset"] for each in new] == [each.place["offset"] for each in old]
    await desk.judge(*[a_judgement(each, 2) for each in (*old, *new)])
    assert len(await desk.read("home-office")) == 2 * PARTITIONS
    verdicts = Counter(each.verdict for each in await desk.settled())
    assert verdicts == {"counted": 2 * PARTITIONS, "late": PARTITIONS}


async def test_what_was_judged_before_a_topic_was_made_anew_is_kept_while_the_settler_runs(
    pipeline: Pipeline, desk: Desk
) -> None:
    """A settler that was not stopped meanwhile takes no new inquiry for the old one at its place.

    What had not been judged is a dead letter, and what comes after it is done.
    """
    await pipeline.started(pipeline.service("settler", **NEVER_OPEN))
    settled, waiting = (await desk.waiting(PARTITIONS))[0], await desk.waiting(PARTITIONS)
    await desk.judge(a_judgement(settled))
    await desk.read("settled")
    await made_anew(pipeline, desk.topics["review"])
    new = await desk.waiting(2 * PARTITIONS)
    assert [each.offset for each in new[PARTITIONS:]] == [each.offset for each in waiting]
    await desk.judge(*[a_judgement(each, 2) for each in (*waiting, settled, *new)])
    rejected = await desk.read("rejected")
    reasons = Counter(dict(each.headers)["rejected-reason"].decode() for each in rejected)
    assert reasons == {Rejection.OTHER_INQUIRY: PARTITIONS}
    assert {each.key for each in await desk.read("home-office")} == {
        each.key for each in (settled, *new)
    }
    verdicts = Counter(each.verdict for each in await desk.settled())
    assert verdicts == {"counted": 2 * PARTITIONS + 1, "late": 1}


async def test_no_client_writes_to_a_partition_that_there_is_not(
    pipeline: Pipeline, desk: Desk
) -> None:
    """Whoever judges on a partition that does not exist is told so, and nothing is written."""
    need("kcat")
    topic = [b"-b", pipeline.servers.encode(), b"-t", desk.topics["judged"].encode()]
    ended = await asyncio.to_thread(
        subprocess.run,
        [b"kcat", b"-P", *topic, b"-p", b"%d" % PARTITIONS, b"-X", b"message.timeout.ms=5000"],
        input=b"{}",
        capture_output=True,
        check=False,
    )
    assert ended.returncode != 0
    assert b"partition" in ended.stderr.lower()
    assert await read_all(pipeline.servers, [desk.topics["judged"]]) == []


async def test_partitions_that_are_added_to_all_topics_are_worked(
    pipeline: Pipeline, desk: Desk
) -> None:
    """A judgement on a new partition is done, one of nothing there is a dead letter."""
    await pipeline.started(pipeline.service("settler", **NEVER_OPEN))
    await grown(pipeline, *(desk.topics[each] for each in ("review", "audit", "settled", "judged")))
    [new] = await desk.waiting(1, partition=PARTITIONS)
    nothing = a_judgement(new, 1, record={**new.place, "offset": new.offset + 1})
    await desk.judge(nothing, a_judgement(new, 2))
    assert [each.key for each in await desk.read("home-office")] == [new.key]
    [rejected] = await desk.read("rejected")
    assert dict(rejected.headers)["rejected-reason"].decode() == Rejection.OTHER_INQUIRY


async def test_where_the_topic_of_judgements_alone_has_grown_no_other_partition_waits(
    pipeline: Pipeline, desk: Desk
) -> None:
    """What stands where no inquiry can lie waits until the topics are alike, and is kept then.

    Until they are, a settler that is started ends at once and names them.
    """
    settler = pipeline.service("settler", **NEVER_OPEN)
    await pipeline.started(settler)
    [one] = await desk.waiting(1)
    await grown(pipeline, desk.topics["judged"])
    beyond = {**one.place, "partition": PARTITIONS}
    await desk.judge(a_judgement(one, record=beyond), a_judgement(one))
    await until(lambda: read_all(pipeline.servers, [desk.topics["home-office"]]))
    settler.stop()
    settler.start()
    assert await asyncio.to_thread(settler.wait, 60) == 2
    last = settler.log.read_text().splitlines()[-1]
    assert last.startswith("triage: These topics need as many partitions as each other")
    await grown(
        pipeline, *(desk.topics[each] for each in ("returned", "review", "audit", "settled"))
    )
    await pipeline.started(settler)
    assert [each.key for each in await desk.read("home-office")] == [one.key]
    [rejected] = await desk.read("rejected")
    assert dict(rejected.headers)["rejected-reason"].decode() == Rejection.OTHER_INQUIRY


async def test_topics_of_different_sizes_are_refused(pipeline: Pipeline, desk: Desk) -> None:
    """Where a partition's number says nothing the settler ends at once, and names the topics."""
    await grown(pipeline, desk.topics["review"])
    settler = pipeline.service("settler")
    settler.start()
    assert await asyncio.to_thread(settler.wait, 30) == 2
    last = settler.log.read_text().splitlines()[-1]
    assert last.startswith("triage: These topics need as many partitions as each other")
    assert f"{desk.topics['review']} has {PARTITIONS + 1}" in last
