import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from aiokafka import TopicPartition

from services.engine.circuit_breaker import CircuitBreaker
from services.engine.job import Process, Result
from services.messages.record import Nothing, Output, Record
from services.messages.rejection import RejectedError, Rejection
from tests.engine.memory import Cluster
from tests.engine.test_engine import JOB, running, until


def marked(mark: bytes) -> Process:
    """Return what writes each record with a mark before it, and refuses what is bad."""

    def process(records: Sequence[Record]) -> list[Result]:
        return [_marked(mark, record) for record in records]

    return process


def _marked(mark: bytes, record: Record) -> Result:
    if record.value == b"bad":
        return RejectedError(Rejection.NOT_JSON, "bad")
    if record.value == b"nothing":
        return Nothing("nothing")
    return Output("out", record.key, mark + (record.value or b""), [])


BOTH = replace(JOB, topics={"in": marked(b"in "), "back": marked(b"back ")})


@pytest.fixture
def cluster() -> Cluster:
    return Cluster({"in": 2, "back": 2, "out": 1, "dead": 1})


def offset(cluster: Cluster, topic: str) -> int:
    return cluster.offsets.get(("g", TopicPartition(topic, 0)), 0)


async def test_each_topic_is_read_with_a_function_of_its_own(cluster: Cluster) -> None:
    """In one group, and with a producer for each partition of each topic."""
    cluster.publish("in", 0, b"1")
    cluster.publish("back", 0, b"2")
    async with running(cluster, BOTH) as (_, registry):
        await until(lambda: len(cluster.read("out")) == 2)
        await until(lambda: offset(cluster, "in") == offset(cluster, "back") == 1)
    assert sorted(each.value or b"" for each in cluster.read("out")) == [b"back 2", b"in 1"]
    producers = {f"g.{topic}.{number}" for topic in BOTH.topics for number in range(2)}
    assert cluster.epochs.keys() == producers
    for topic in BOTH.topics:
        assert registry.get_sample_value("triage_records_read_total", {"topic": topic}) == 1


async def test_what_is_wrong_on_one_topic_holds_up_no_other(cluster: Cluster) -> None:
    """A circuit breaker that opens stops its topic alone, and its reason names that."""
    clock = asyncio.get_running_loop().time
    breakers = {
        topic: CircuitBreaker(topic, share=0.1, records=10, seconds=60, clock=clock)
        for topic in BOTH.topics
    }
    cluster.publish("back", 0, *[b"bad"] * 40)
    async with running(cluster, BOTH, breakers) as (member, _):
        await until(breakers["back"].why_open)
        cluster.publish("in", 0, *[b"%d" % number for number in range(40)])
        await until(lambda: offset(cluster, "in") == 40)
        assert "records of back would be rejected" in (member.health.why_not_ready() or "")
        assert offset(cluster, "back") < 10
    assert len(cluster.read("out")) == 40


async def test_a_record_of_which_nothing_is_to_be_written_is_done(cluster: Cluster) -> None:
    """It is read and counted, the offset moves on, and it is no dead letter."""
    cluster.publish("in", 0, b"nothing", b"1", b"nothing")
    async with running(cluster, BOTH) as (_, registry):
        await until(lambda: offset(cluster, "in") == 3)
        await until(
            lambda: registry.get_sample_value("triage_records_read_total", {"topic": "in"}) == 3
        )
    assert [each.value for each in cluster.read("out")] == [b"in 1"]
    assert cluster.read("dead") == []
