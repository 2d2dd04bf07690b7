from aiokafka.errors import (
    GroupAuthorizationFailedError,
    InvalidTxnState,
    TopicAuthorizationFailedError,
)

from services.engine.health import FAILING_SECONDS
from services.kafka.protocols import MembershipError
from tests.engine.memory import Cluster
from tests.engine.test_engine import running, until


async def test_a_member_that_was_shut_out_joins_anew() -> None:
    """A group that may not be used for a moment is joined again, and nothing is lost or doubled."""
    cluster = Cluster({"in": 1, "out": 1, "dead": 1})
    cluster.publish("in", 0, b"1", b"2")
    cluster.fail("committed", GroupAuthorizationFailedError("g"))
    async with running(cluster) as (member, _):
        await until(lambda: cluster.calls.count("consumer.start") == 2 and cluster.members)
        assert "Read on the consumer group g:" in (member.health.why_not_ready() or "")
        cluster.publish("in", 0, b"3")
        await until(lambda: len(cluster.read("out")) == 3)
        assert len(cluster.members) == 1
    assert [record.value for record in cluster.read("out")] == [b"1", b"2", b"3"]


async def test_a_member_that_stands_still_joins_anew() -> None:
    """A member whose group is closed to it, while nobody reads, is replaced by a new one."""
    cluster = Cluster({"in": 1, "out": 1, "dead": 1})
    cluster.fail("check", MembershipError("the member left its group"))
    async with running(cluster):
        await until(lambda: cluster.calls.count("consumer.start") == 2 and cluster.members)
        cluster.publish("in", 0, b"1")
        await until(lambda: cluster.read("out"))
        assert len(cluster.members) == 1
    assert [record.value for record in cluster.read("out")] == [b"1"]


async def test_a_refused_topic_is_said_and_tried_again() -> None:
    """A worker that may not write makes the service not ready and goes on when it may."""
    cluster = Cluster({"in": 1, "out": 1, "dead": 1})
    cluster.publish("in", 0, b"1")
    cluster.fail("commit", TopicAuthorizationFailedError({"out"}))
    async with running(cluster) as (member, _):
        await until(lambda: cluster.read("out"))
        assert "Write on the topic out:" in (member.health.why_not_ready() or "")
        assert member.health.why_not_live() is None
    assert [record.value for record in cluster.read("out")] == [b"1"]


async def test_a_transaction_that_fails_for_a_minute_is_not_ready() -> None:
    """What fails again and again makes the service not ready, until it has got on once."""
    now = [1_000.0]
    cluster = Cluster({"in": 2, "out": 1, "dead": 1})
    cluster.publish("in", 1, b"1")
    cluster.fail("commit", *[InvalidTxnState()] * 3)
    async with running(cluster, clock=lambda: now[0]) as (member, _):
        await until(lambda: cluster.calls.count("commit") == 1)
        assert member.health.why_not_ready() is None
        now[0] += FAILING_SECONDS
        await until(lambda: cluster.calls.count("commit") == 2)
        reason = member.health.why_not_ready() or ""
        assert "partition 1 of in has not got on for 60 s (" in reason
        assert "InvalidTxnState" in reason
        await until(lambda: cluster.read("out"))
        await until(lambda: member.health.why_not_ready() is None)
        now[0] += FAILING_SECONDS - 1
        assert member.health.why_not_ready() is None


async def test_a_transaction_that_hangs_for_a_minute_is_not_ready() -> None:
    """A transaction that neither ends nor fails makes the service not ready, too."""
    now = [1_000.0]
    cluster = Cluster({"in": 1, "out": 1, "dead": 1}, commits=False)
    cluster.publish("in", 0, b"1")
    async with running(cluster, clock=lambda: now[0]) as (member, _):
        await until(lambda: "acknowledged" in cluster.calls)
        assert member.health.why_not_ready() is None
        now[0] += FAILING_SECONDS
        assert "partition 0 of in has not got on" in (member.health.why_not_ready() or "")
        cluster.commits = True
        await until(lambda: member.health.why_not_ready() is None)
