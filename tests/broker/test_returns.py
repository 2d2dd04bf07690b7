import asyncio
import json
from collections import Counter
from dataclasses import replace

import httpx
import pytest
from aiokafka import ConsumerRecord

from services.kafka.partitioner import partition_of
from services.local.processes.service_process import ServiceProcess
from services.messages.rejection import Rejection
from services.messages.returned import TIMES_HEADER
from tests.asyncapi import names_of
from tests.broker.at_rest import read_all, until
from tests.broker.desk import OTHER, Desk, a_judgement, waits
from tests.broker.pipeline import PARTITIONS, Pipeline, metric, until_answered


@pytest.fixture
def desk(pipeline: Pipeline) -> Desk:
    """The desk of a pipeline's review topic, and its departments."""
    return Desk(pipeline)


async def got(desk: Desk, inquiries: int, department: str = "home-office") -> list[ConsumerRecord]:
    """Let a department get some inquiries by themselves, and return them as it got them."""
    await desk.waiting(inquiries, topic=desk.topics[department])
    return await desk.read(department)


def returned_in(record: ConsumerRecord) -> dict[str, object]:
    said: dict[str, object] = json.loads(record.value)["returned"]
    return said


async def test_the_whole_circle_twice(pipeline: Pipeline, desk: Desk) -> None:
    """Returned, judged, returned by the next one, judged again: the inquiry stays as it was sent.

    The second time it waits with high priority, and says how often and what was decided before.
    """
    settler = pipeline.service("settler")
    await pipeline.started(settler)
    [event] = await got(desk, 1)
    sent = event.value[: event.value.index(b',"classification"')]
    await desk.give_back(event, suggests=OTHER)
    [first] = await desk.read("review")
    route = json.loads(first.value)["route"]
    assert (route["reason"], route["priority"]) == ("returned", "normal")
    said = returned_in(first)
    assert (said["why"], said["by"], said["suggests"]) == ("not-ours", "desk-4", OTHER)
    await desk.judge(a_judgement(waits(first), department=OTHER))
    [decided] = await desk.read("justice")
    await desk.give_back(decided, why="shared")
    _, second = sorted(await desk.read("review"), key=lambda each: each.offset)
    assert json.loads(second.value)["route"]["priority"] == "high"
    said = returned_in(second)
    assert (said["why"], said["times"], said["from"]) == ("shared", 2, desk.topics["justice"])
    assert said["decision"] == json.loads(decided.value)["decision"]
    assert dict(second.headers)[TIMES_HEADER] == b"2"
    await desk.judge(a_judgement(waits(second)))
    last = max(await desk.read("home-office"), key=lambda each: each.offset)
    for each in (first, decided, second, last):
        assert each.value.startswith(sent + b',"classification":')
        assert (each.key, dict(each.headers)["trace"]) == (event.key, b"\xff\x00")
        assert dict(each.headers)["received-ce_id"] == dict(event.headers)["received-ce_id"]
    assert [each.reason for each in await desk.settled()] == ["returned", "returned"]
    contract = json.loads(settler.get("/asyncapi.json")[1])
    for each in await desk.read("returned", "review", "justice"):
        text = [(name, value) for name, value in each.headers if name != "trace"]
        assert len(names_of(contract, replace(each, headers=text))) == 1, each.topic
    assert metric(settler, "triage_returned_total", outcome="review") == 2
    assert metric(settler, "triage_agreement_total") == 0


async def test_ten_thousand_returns_of_one_event_wait_once(pipeline: Pipeline, desk: Desk) -> None:
    """However often it is returned, also to a settler that is killed, it is once on review."""
    settler = pipeline.service("settler", SETTLER_BATCH_RECORDS="200")
    await pipeline.started(settler)
    one, other = await got(desk, 2)
    await desk.give_back(*[one] * 5_000)
    await until_answered(settler, 100)
    settler.kill()
    await desk.give_back(*[one] * 5_000, other, other)
    await pipeline.started(settler)
    reviewed = await desk.read("review")
    assert Counter(each.key for each in reviewed) == {one.key: 1, other.key: 1}
    assert {returned_in(each)["times"] for each in reviewed} == {1}
    assert await desk.read("rejected") == []


async def test_what_departments_do_wrong_holds_up_no_judgement(
    pipeline: Pipeline, desk: Desk
) -> None:
    """What is no return is kept whole with its reason, and its circuit breaker is its own."""
    settler = pipeline.service("settler", SETTLER_CIRCUIT_BREAKER_RECORDS="50")
    await pipeline.started(settler)
    events = await got(desk, 80)
    bad = {
        Rejection.NEVER_SENT: {"ce_id": b"crm-1"},
        Rejection.WRONG_HEADER: {"returned-why": b"busy"},
        Rejection.MISSING_HEADER: {"returned-by": b""},
        Rejection.HEADER_NOT_UTF8: {"returned-by": b"\xff"},
        Rejection.UNKNOWN_DEPARTMENT: {"returned-suggests": b"magic"},
        Rejection.UNSUPPORTED_VERSION: {"ce_type": b"inquiry.routed.v9"},
    }
    for headers in bad.values():
        await desk.give_back(*events, also=headers)
    await until(lambda: asyncio.to_thread(is_open, settler, desk))
    waiting = await desk.waiting(20)
    await desk.judge(*[a_judgement(each, department=OTHER) for each in waiting])
    await until(lambda: arrived(pipeline, desk, len(waiting)))
    assert is_open(settler, desk)
    assert desk.topics["returned"] in settler.get("/readyz")[1]
    async with httpx.AsyncClient(trust_env=False) as client:
        closing = f"http://127.0.0.1:{settler.port}/circuit-breaker/close"
        (await client.post(closing)).raise_for_status()
    rejected = await desk.read("rejected")
    reasons = Counter(dict(each.headers)["rejected-reason"].decode() for each in rejected)
    assert reasons == dict.fromkeys(bad, len(events))
    assert Counter(each.value for each in rejected) == Counter(
        each.value for each in events for _ in bad
    )
    await desk.give_back(events[0])
    assert [each.key for each in await desk.read("review") if is_returned(each)] == [events[0].key]


def is_open(settler: ServiceProcess, desk: Desk) -> bool:
    return metric(settler, "triage_circuit_breaker_open", topic=desk.topics["returned"]) == 1


def is_returned(record: ConsumerRecord) -> bool:
    return TIMES_HEADER in dict(record.headers)


async def arrived(pipeline: Pipeline, desk: Desk, inquiries: int) -> bool:
    return len(await read_all(pipeline.servers, [desk.topics["justice"]])) == inquiries


async def test_a_return_on_another_partition_is_kept(pipeline: Pipeline, desk: Desk) -> None:
    """Nobody could tell whether it repeats another: it is a dead letter, and no second one."""
    await pipeline.started(pipeline.service("settler"))
    stray = [each for each in await got(desk, 12) if partition_of(each.key, PARTITIONS) != 0]
    assert stray
    await desk.give_back(*stray, partition=0)
    await desk.give_back(*stray)
    rejected = await desk.read("rejected")
    reasons = [dict(each.headers)["rejected-reason"].decode() for each in rejected]
    assert reasons == [Rejection.WRONG_PARTITION] * len(stray)
    reviewed = await desk.read("review")
    assert Counter(each.key for each in reviewed) == Counter(each.key for each in stray)
