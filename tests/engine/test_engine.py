import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from services.engine.circuit_breaker import CircuitBreaker, why_any_open
from services.engine.health import Health
from services.engine.job import Job, Result
from services.engine.member import DRAIN_SECONDS, GroupMember
from services.engine.metrics import EngineMetrics
from services.errors import ConfigurationError
from services.messages.dead_letter import write_rejected
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError, Rejection
from tests.engine.memory import Cluster

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def copy(records: Sequence[Record]) -> list[Output]:
    return [Output("out", r.key, r.value, list(r.headers)) for r in records]


def reject(record: Record, error: RejectedError) -> Output:
    return write_rejected(record, error, topic="dead", by="/test", at=NOW)


JOB = Job(
    topics={"in": copy},
    group="g",
    reject=reject,
    output_topics=frozenset({"out", "dead"}),
    batch_records=10,
    batch_bytes=1_000,
    fetch_bytes=1_000,
    linger_seconds=0,
    fenced_seconds=0.05,
)


def a_member(
    cluster: Cluster,
    job: Job = JOB,
    breakers: Mapping[str, CircuitBreaker] | None = None,
    clock: Callable[[], float] | None = None,
) -> tuple[GroupMember, CollectorRegistry]:
    registry = CollectorRegistry()
    metrics = EngineMetrics(
        registry,
        reads=job.topics,
        writes=job.output_topics,
        note=lambda _: lambda: None,
        clock=NOW.timestamp,
    )
    clock = clock or asyncio.get_running_loop().time
    never = CircuitBreaker("", share=1, records=1, seconds=1, clock=clock)
    breakers = breakers or dict.fromkeys(job.topics, never)
    health = Health(clock, why_held=partial(why_any_open, breakers.values()))
    return GroupMember(job, cluster, metrics, health, breakers), registry


@asynccontextmanager
async def running(
    cluster: Cluster,
    job: Job = JOB,
    breakers: Mapping[str, CircuitBreaker] | None = None,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[tuple[GroupMember, CollectorRegistry]]:
    member, registry = a_member(cluster, job, breakers, clock)
    task = asyncio.create_task(member.run())
    try:
        yield member, registry
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def assigned(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("triage_assigned_partitions")


@pytest.fixture
def cluster() -> Cluster:
    return Cluster({"in": 2, "out": 3, "dead": 1})


async def test_every_record_comes_out_once_and_in_order(cluster: Cluster) -> None:
    """What is read is written once, in the order of its key, with its key and headers."""
    values = [b"%d" % number for number in range(100)]
    cluster.publish("in", 0, *values, key=b"a")
    cluster.publish("in", 1, *values, key=b"b")
    async with running(cluster):
        await until(lambda: len(cluster.read("out")) >= 200)
    out = cluster.read("out")
    for key in (b"a", b"b"):
        assert [record.value for record in out if record.key == key] == values


async def test_outputs_and_offset_are_one_transaction(cluster: Cluster) -> None:
    """A transaction that fails leaves neither outputs nor offset, and the batch is read again."""
    cluster.publish("in", 0, b"1", b"2")
    cluster.fail("commit", KafkaTimeoutError())
    async with running(cluster) as (_, registry):
        await until(lambda: cluster.offsets.get(("g", TopicPartition("in", 0))) == 2)
        aborted = registry.get_sample_value("triage_transactions_total", {"result": "aborted"})
        failed = registry.get_sample_value("triage_loop_restarts_total", {"cause": "failed"})
    assert [record.value for record in cluster.read("out")] == [b"1", b"2"]
    assert (aborted, failed) == (1, 1)


async def test_a_worker_that_had_got_on_starts_afresh_soon_however_often_others_failed(
    cluster: Cluster,
) -> None:
    """After ten failures, each after a commit, it still waits as after the first."""

    def has(count: int) -> bool:
        return cluster.offsets.get(("g", TopicPartition("in", 0))) == count

    async with running(cluster) as (_, registry), asyncio.timeout(15):  # it would take twice that
        for number in range(1, 11):
            cluster.publish("in", 0, b"1")
            await until(partial(has, number))
            cluster.fail("commit", KafkaTimeoutError())
        cluster.publish("in", 0, b"1")
        await until(partial(has, 11))
        failed = registry.get_sample_value("triage_loop_restarts_total", {"cause": "failed"})
    assert failed == 10


async def test_a_record_that_fails_goes_to_the_dead_letters_alone(cluster: Cluster) -> None:
    """One record on which the function fails is rejected; the others of its batch go through."""

    def fail_on_poison(records: Sequence[Record]) -> list[Output]:
        if any(record.value == b"poison" for record in records):
            raise ZeroDivisionError
        return copy(records)

    cluster.publish("in", 0, b"1", b"2", b"poison", b"4", b"5")
    async with running(cluster, replace(JOB, topics={"in": fail_on_poison})) as (_, registry):
        await until(lambda: cluster.read("dead") and len(cluster.read("out")) == 4)
        counted = registry.get_sample_value("triage_rejected_total", {"reason": "failed"})
    assert [record.value for record in cluster.read("out")] == [b"1", b"2", b"4", b"5"]
    [letter] = cluster.read("dead")
    assert letter.value == b"poison"
    assert dict(letter.headers)["rejected-reason"] == b"failed"
    assert counted == 1


async def test_a_record_that_fails_is_one_line_in_the_log(cluster: Cluster) -> None:
    """The log says which record failed, and with which error where, and nothing of what it says."""

    def fail_on_poison(records: Sequence[Record]) -> list[Output]:
        for record in records:
            if record.value == b"my neighbour Blodwen":
                raise ValueError(record.value)
        return copy(records)

    cluster.publish("in", 1, b"1", b"2", b"my neighbour Blodwen", b"4", key=b"Blodwen")
    with capture_logs() as logs:
        async with running(cluster, replace(JOB, topics={"in": fail_on_poison})):
            await until(lambda: cluster.read("dead") and len(cluster.read("out")) == 3)
    [line] = [line for line in logs if line["event"] == "engine.record_failed"]
    assert re.fullmatch(r"ValueError in fail_on_poison \(test_engine\.py:\d+\)", line.pop("error"))
    assert line == {
        "event": "engine.record_failed",
        "log_level": "error",
        "topic": "in",
        "partition": 1,
        "offset": 2,
    }
    assert "Blodwen" not in str(logs)
    [letter] = cluster.read("dead")
    assert b"Blodwen" not in (dict(letter.headers)["rejected-detail"] or b"")


async def test_a_function_that_drops_a_record_loses_nothing(cluster: Cluster) -> None:
    """A function that returns fewer results than it was given records fails, and loses nothing."""
    cluster.publish("in", 0, b"1", b"2", b"3")
    job = replace(JOB, topics={"in": lambda records: [o for o in copy(records) if o.value != b"2"]})
    async with running(cluster, job):
        await until(lambda: cluster.read("dead") and len(cluster.read("out")) == 2)
    assert [record.value for record in cluster.read("dead")] == [b"2"]


async def test_a_result_that_is_too_large_is_rejected(cluster: Cluster) -> None:
    """A record whose result does not fit goes to the dead letters whole, and says so."""
    cluster.publish("in", 0, b"1", b"x" * 1_500, b"3")
    async with running(cluster):
        await until(lambda: cluster.read("dead") and len(cluster.read("out")) == 2)
    [letter] = cluster.read("dead")
    assert letter.value == b"x" * 1_500
    assert dict(letter.headers)["rejected-reason"] == Rejection.TOO_LARGE.encode()


def in_two(records: Sequence[Record]) -> list[Result]:
    """Make of `a,b` a record `a` and a copy `b` on another topic; a dead letter of `bad`."""
    return [
        RejectedError(Rejection.NOT_JSON, "bad")
        if (record.value or b"").startswith(b"bad")
        else [
            Output(topic, record.key, part, list(record.headers))
            for topic, part in zip(("out", "aside"), (record.value or b"").split(b","), strict=True)
        ]
        for record in records
    ]


async def test_a_record_may_become_several(cluster: Cluster) -> None:
    """Each of the outputs of one record is written, in order, and the offset moves with them."""
    cluster.topics["aside"] = 1
    job = replace(JOB, topics={"in": in_two}, output_topics=JOB.output_topics | {"aside"})
    cluster.publish("in", 0, b"1,one", b"bad", b"2,two")
    async with running(cluster, job) as (_, registry):
        value = registry.get_sample_value
        await until(lambda: value("triage_records_read_total", {"topic": "in"}) == 3)
        assert cluster.offsets["g", TopicPartition("in", 0)] == 3
        written = {
            topic: value("triage_records_written_total", {"topic": topic})
            for topic in ("out", "aside", "dead")
        }
        ages = value("triage_inquiry_age_seconds_count", {"topic": "out"})
        copied = value("triage_inquiry_age_seconds_count", {"topic": "aside"})
    assert [record.value for record in cluster.read("out")] == [b"1", b"2"]
    assert [record.value for record in cluster.read("aside")] == [b"one", b"two"]
    assert [record.value for record in cluster.read("dead")] == [b"bad"]
    assert written == {"out": 2, "aside": 2, "dead": 1}
    assert (ages, copied) == (2, 0)


async def test_of_several_outputs_none_is_written_where_one_is_too_large(cluster: Cluster) -> None:
    """A record of which one output does not fit becomes one dead letter, and nothing else."""
    cluster.topics["aside"] = 1
    job = replace(JOB, topics={"in": in_two}, output_topics=JOB.output_topics | {"aside"})
    large = b"2," + b"x" * 1_500
    cluster.publish("in", 0, b"1,one", large, b"3,three")
    async with running(cluster, job):
        await until(lambda: cluster.read("dead") and len(cluster.read("out")) == 2)
    assert [record.value for record in cluster.read("out")] == [b"1", b"3"]
    assert [record.value for record in cluster.read("aside")] == [b"one", b"three"]
    [letter] = cluster.read("dead")
    assert letter.value == large
    assert dict(letter.headers)["rejected-reason"] == Rejection.TOO_LARGE.encode()


async def test_a_record_of_which_nothing_is_made_is_rejected(cluster: Cluster) -> None:
    """A function that gives a record no output at all fails on it, and loses nothing."""
    cluster.publish("in", 0, b"1", b"2", b"3")

    def drop(records: Sequence[Record]) -> list[Result]:
        return [[] if each.value == b"2" else copy([each]) for each in records]

    async with running(cluster, replace(JOB, topics={"in": drop})):
        await until(lambda: cluster.read("dead") and len(cluster.read("out")) == 2)
    assert [record.value for record in cluster.read("dead")] == [b"2"]


async def test_a_broker_that_is_away_at_the_start_is_waited_for(cluster: Cluster) -> None:
    """A service started before its broker works as soon as the broker is there."""
    cluster.reachable = False
    cluster.publish("in", 0, b"1")
    async with running(cluster) as (member, _):
        await asyncio.sleep(0.05)
        assert member.health.why_not_ready() == "the Kafka broker cannot be reached"
        assert member.health.why_not_live() is None
        cluster.reachable = True
        await until(lambda: cluster.read("out"))
        await until(lambda: member.health.why_not_ready() is None)


async def test_a_missing_topic_is_named(cluster: Cluster) -> None:
    """A topic that does not exist ends the service with one sentence that names it."""
    job = replace(JOB, output_topics=frozenset({"out", "departments.moon"}))
    member, _ = a_member(cluster, job)
    with pytest.raises(ConfigurationError, match=r"departments\.moon; create them with `triage"):
        await member.run()


async def test_a_second_member_takes_over_half_of_the_partitions(cluster: Cluster) -> None:
    """When a replica joins, partitions move to it with nothing lost or doubled."""
    numbers = iter(range(1_000_000))

    def publish(count: int) -> None:
        for _ in range(count):
            number = next(numbers)
            cluster.publish("in", number % 2, b"%d" % number, key=b"%d" % (number % 7))

    publish(200)
    async with running(cluster) as (_, first):
        await until(lambda: cluster.read("out"))
        async with running(cluster) as (_, second):
            publish(200)
            await until(lambda: assigned(first) == assigned(second) == 1)
            publish(200)
            await until(lambda: len(cluster.read("out")) >= 600)
        publish(200)
        await until(lambda: len(cluster.read("out")) >= 800)
    assert sorted(int(record.value or b"") for record in cluster.read("out")) == [*range(800)]


async def test_a_fenced_worker_ends_quietly_and_waits(cluster: Cluster) -> None:
    """A worker that was fenced counts it, pauses, and starts afresh from the committed offset."""
    cluster.publish("in", 0, b"1")
    async with running(cluster) as (_, registry):
        await until(lambda: cluster.read("out"))
        cluster.epochs["g.in.0"] += 1  # another process has started a producer of the same id
        cluster.publish("in", 0, b"2")
        await until(lambda: len(cluster.read("out")) == 2)
        fenced = registry.get_sample_value("triage_loop_restarts_total", {"cause": "fenced"})
        failed = registry.get_sample_value("triage_loop_restarts_total", {"cause": "failed"})
    assert (fenced, failed) == (1, 0)
    assert [record.value for record in cluster.read("out")] == [b"1", b"2"]


async def test_the_producer_starts_before_the_offset_is_read(cluster: Cluster) -> None:
    """A new owner fences the old one first: what that one still commits is seen, not repeated."""
    cluster.topics["in"] = 1
    cluster.publish("in", 0, b"1")
    async with running(cluster):
        await until(lambda: cluster.read("out"))
    order = [cluster.calls.index(call) for call in ("producer.start", "committed", "getmany")]
    assert order == sorted(order)


async def test_an_offset_is_asked_of_a_coordinator_that_others_follow(cluster: Cluster) -> None:
    """A worker that starts afresh while a coordinator is cut off answers nothing twice."""
    cluster.publish("in", 0, b"1", b"2")
    place = ("g", TopicPartition("in", 0))
    cluster.cut_off[place] = 1
    async with running(cluster):
        await until(lambda: cluster.offsets.get(place) == 2)
        cluster.fail("getmany", KafkaTimeoutError(), KafkaTimeoutError())
        cluster.publish("in", 0, b"3")
        await until(lambda: cluster.offsets.get(place) == 3)
    assert [record.value for record in cluster.read("out")] == [b"1", b"2", b"3"]


async def test_offsets_are_sent_once_the_records_have_arrived(cluster: Cluster) -> None:
    """A broker that still verifies the records of a transaction is asked for nothing more."""
    cluster.topics["in"] = 1
    cluster.publish("in", 0, b"1", key=b"a")
    cluster.publish("in", 0, b"2", key=b"b")
    async with running(cluster):
        await until(lambda: len(cluster.read("out")) == 2)
    calls = cluster.calls[cluster.calls.index("getmany") :]
    order = [call for call in calls if call in {"acknowledged", "send_offsets"}]
    assert order == ["acknowledged", "acknowledged", "send_offsets"]


async def test_stopping_ends_the_transaction_in_hand(cluster: Cluster) -> None:
    """A stop in mid-batch commits that batch and nothing after it."""
    entered = asyncio.Event()

    def note(records: Sequence[Record]) -> list[Output]:
        entered.set()
        return copy(records)

    cluster.publish("in", 0, *[b"%d" % number for number in range(10_000)])
    async with running(cluster, replace(JOB, topics={"in": note})):
        await entered.wait()
    offset = cluster.offsets["g", TopicPartition("in", 0)]
    assert [record.value for record in cluster.read("out")] == [b"%d" % n for n in range(offset)]
    assert 0 < offset < 10_000
    assert not cluster.members


async def test_a_worker_that_lingers_stops_at_once(cluster: Cluster) -> None:
    """Whoever waits for its next transaction holds up neither the end nor a rebalance."""
    cluster.publish("in", 0, b"1")
    async with asyncio.timeout(DRAIN_SECONDS), running(cluster, replace(JOB, linger_seconds=3600)):
        await until(lambda: cluster.read("out"))
    assert not cluster.members


async def test_a_worker_that_waits_to_try_again_lets_its_partition_go(cluster: Cluster) -> None:
    """What failed and is not due yet holds nobody up who takes the partitions away."""
    cluster.fail("producer.start", *[KafkaTimeoutError("away")] * 1_000)
    async with running(cluster) as (member, _), asyncio.timeout(DRAIN_SECONDS):
        await until(lambda: cluster.calls.count("producer.start") > 2)
        await member.on_partitions_revoked([])
    assert not cluster.members


async def test_a_transaction_that_does_not_end_is_left_to_the_next_owner(cluster: Cluster) -> None:
    """Whoever takes a partition over waits for no transaction, and its records come out once."""
    cluster.commits = False
    cluster.publish("in", 0, b"1")
    async with running(cluster) as (member, _):
        await until(lambda: "send_batch" in cluster.calls)
        async with asyncio.timeout(DRAIN_SECONDS):
            await member.on_partitions_revoked([])
        cluster.commits = True
        await member.on_partitions_assigned([TopicPartition("in", 0)])
        await until(lambda: cluster.read("out"))
    assert [record.value for record in cluster.read("out")] == [b"1"]


async def test_one_partition_that_stands_still_shows(cluster: Cluster) -> None:
    """A transaction that never ends stops the clock of its partition, whatever the others do."""

    async def others_go_on() -> None:
        turns = cluster.calls.count("getmany")
        await until(lambda: cluster.calls.count("getmany") > turns + 10)

    cluster.commits = False
    cluster.publish("in", 0, b"1")
    async with running(cluster) as (member, _):
        await until(lambda: "send_batch" in cluster.calls)
        await others_go_on()
        stopped = member.health.advanced or 0
        await others_go_on()
        assert member.health.advanced == stopped
        cluster.commits = True
        await until(lambda: (member.health.advanced or 0) > stopped)


async def test_metrics_tell_what_came_in_and_went_out(cluster: Cluster) -> None:
    """Operators see records in, records out by topic, transactions, lag and assignment."""
    cluster.publish("in", 0, b"1", b"2", b"3")
    async with running(cluster) as (_, registry):
        value = registry.get_sample_value
        await until(lambda: value("triage_records_read_total", {"topic": "in"}) == 3)
        assert value("triage_records_written_total", {"topic": "out"}) == 3
        assert value("triage_transactions_total", {"result": "committed"}) == 1
        assert value("triage_assigned_partitions") == 2
        await until(lambda: value("triage_lag_records", {"topic": "in", "partition": "0"}) == 0)
        assert value("triage_inquiry_age_seconds_count", {"topic": "out"}) == 3


async def test_the_circuit_breaker_holds_back_what_would_nearly_all_be_rejected(
    cluster: Cluster,
) -> None:
    """Too many failures stop the reading unwritten; closed by hand, it lets them go, once each."""

    def fail(records: Sequence[Record]) -> list[Result]:
        return [RejectedError(Rejection.NOT_JSON, "byte 0") for _ in records]

    cluster.publish("in", 0, *[b"%d" % number for number in range(40)])
    clock = asyncio.get_running_loop().time
    breaker = CircuitBreaker("in", share=0.1, records=25, seconds=60, clock=clock)
    async with running(cluster, replace(JOB, topics={"in": fail}), {"in": breaker}) as (member, _):
        await until(breaker.why_open)
        assert "most of them as not-json" in (member.health.why_not_ready() or "")
        assert member.health.why_not_live() is None
        held = cluster.offsets.get(("g", TopicPartition("in", 0)), 0)
        assert len(cluster.read("dead")) == held < 25
        breaker.close()
        await until(lambda: cluster.offsets.get(("g", TopicPartition("in", 0))) == 40)
        assert member.health.why_not_ready() is None
    assert [record.value for record in cluster.read("dead")] == [b"%d" % n for n in range(40)]
