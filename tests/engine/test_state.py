import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from aiokafka.errors import KafkaTimeoutError

from services.engine.circuit_breaker import CircuitBreaker
from services.engine.health import FAILING_SECONDS, STUCK_SECONDS
from services.engine.job import Beat, Done, Opening, Process, Result, Stateful, Work
from services.errors import ConfigurationError
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError, Rejection
from tests.engine.memory import Cluster
from tests.engine.test_engine import JOB, a_member, running, until

FIRST, AGAIN = b"first ", b"again "


@dataclass
class Seen(Work):
    """Says of each value whether it is the first of its kind; what it wrote tells it so."""

    cluster: Cluster
    kinds: set[bytes] = field(default_factory=set)

    async def prepare(self, records: Sequence[Record]) -> Process:
        self.cluster.check("prepare")
        fresh: set[bytes] = set()

        def process(part: Sequence[Record]) -> list[Result]:
            noted = set(fresh)
            results = [self._result(record, noted) for record in part]
            fresh.update(noted)
            return results

        return process

    def _result(self, record: Record, noted: set[bytes]) -> Result:
        value = record.value or b""
        if value.startswith(b"poison"):
            raise ZeroDivisionError
        if value.startswith(b"bad"):
            return RejectedError(Rejection.NOT_JSON, "bad")
        kind = value[:1]
        known = kind in self.kinds | noted
        noted.add(kind)
        return Output("out", record.key, (AGAIN if known else FIRST) + value, [])

    def note(self, outputs: Sequence[Output]) -> Done:
        kinds = {(each.value or b"")[6:7] for each in outputs if each.topic == "out"}
        return lambda: self.kinds.update(kinds)


@dataclass
class Opened:
    """Rebuilds the state from what is on the output topic."""

    cluster: Cluster
    works: list[Seen] = field(default_factory=list)
    closed: int = 0
    asks: bool = False
    ends: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def __call__(self, opening: Opening) -> AsyncIterator[Work]:
        self.cluster.check("open")
        if self.asks:
            self.ends.append(await opening.latest(opening.partition._replace(topic="out")))
        written = {(record.value or b"")[6:7] for record in self.cluster.read("out")}
        self.works.append(Seen(self.cluster, written))
        try:
            yield self.works[-1]
        finally:
            self.closed += 1


@dataclass
class Slow:
    """Has a partition that takes as long to open as its test wants."""

    cluster: Cluster
    beats: list[Beat] = field(default_factory=list)
    known: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def __call__(self, opening: Opening) -> AsyncIterator[Work]:
        self.beats.append(opening.beat)
        await self.known.wait()
        self.cluster.check("open")
        yield Seen(self.cluster)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster({"in": 1, "out": 1, "dead": 1})


def written(cluster: Cluster) -> list[bytes | None]:
    return [record.value for record in cluster.read("out")]


async def test_state_is_rebuilt_between_the_offset_and_reading(cluster: Cluster) -> None:
    """What the owner before has written is final when it is read, and nothing has been read yet."""
    cluster.publish("out", 0, b"first a")
    cluster.publish("in", 0, b"a", b"b", b"a")
    opened = Opened(cluster)
    async with running(cluster, replace(JOB, topics={"in": Stateful(opened)})):
        await until(lambda: len(cluster.read("out")) == 4)
    order = [cluster.calls.index(c) for c in ("producer.start", "committed", "open", "getmany")]
    assert order == sorted(order)
    assert written(cluster)[1:] == [b"again a", b"first b", b"again a"]
    assert opened.closed == 1


async def test_who_rebuilds_is_told_where_others_have_followed_to(cluster: Cluster) -> None:
    """A record that is written and given up lies behind all that was, and nobody sees it."""
    cluster.publish("out", 0, b"first a", b"first b")
    cluster.publish("in", 0, b"a")
    opened = Opened(cluster, asks=True)
    async with running(cluster, replace(JOB, topics={"in": Stateful(opened)})):
        await until(lambda: len(written(cluster)) == 3)
    assert opened.ends == [2]
    assert written(cluster)[2:] == [b"again a"]


async def test_state_moves_with_what_was_committed_alone(cluster: Cluster) -> None:
    """A batch whose transaction fails is processed as if it had never been."""
    cluster.publish("in", 0, b"a", b"a")
    cluster.fail("commit", KafkaTimeoutError(), KafkaTimeoutError())
    opened = Opened(cluster)
    async with running(cluster, replace(JOB, topics={"in": Stateful(opened)})):
        await until(lambda: cluster.read("out"))
        cluster.publish("in", 0, b"a")
        await until(lambda: len(cluster.read("out")) == 3)
    assert written(cluster) == [b"first a", b"again a", b"again a"]
    assert [work.kinds for work in opened.works] == [set(), set(), {b"a"}]


async def test_what_cannot_be_looked_up_is_tried_again(cluster: Cluster) -> None:
    """A broker that does not answer while a batch is prepared costs nothing but time."""
    cluster.publish("in", 0, b"a")
    cluster.fail("prepare", KafkaTimeoutError())
    cluster.fail("open", KafkaTimeoutError())
    async with running(cluster, replace(JOB, topics={"in": Stateful(Opened(cluster))})):
        await until(lambda: cluster.read("out"))
    assert written(cluster) == [b"first a"]


async def test_a_part_of_a_batch_knows_the_parts_before(cluster: Cluster) -> None:
    """Where one record fails the others are processed in parts, each with what went before."""
    cluster.publish("in", 0, b"a", b"b", b"poison", b"a", b"c", b"b", b"c")
    async with running(cluster, replace(JOB, topics={"in": Stateful(Opened(cluster))})):
        await until(lambda: len(cluster.read("out")) == 6)
    first, again = [b"first a", b"first b"], [b"again a", b"first c", b"again b", b"again c"]
    assert written(cluster) == [*first, *again]
    assert [record.value for record in cluster.read("dead")] == [b"poison"]


async def test_a_record_that_is_too_large_is_not_known_to_those_after_it(cluster: Cluster) -> None:
    """What is rejected for its size counts for nothing: the next of its kind is the first."""
    cluster.publish("in", 0, b"b", b"a" * 1_500, b"a", b"b" * 1_500, b"b")
    async with running(cluster, replace(JOB, topics={"in": Stateful(Opened(cluster))})):
        await until(lambda: len(cluster.read("out")) == 3)
    assert written(cluster) == [b"first b", b"first a", b"again b"]
    assert [record.value for record in cluster.read("dead")] == [b"a" * 1_500, b"b" * 1_500]


async def test_what_the_open_circuit_breaker_holds_back_is_not_known(cluster: Cluster) -> None:
    """A batch that waits unwritten is processed afresh once it may go."""
    cluster.publish("in", 0, b"a", *[b"bad"] * 8)
    clock = asyncio.get_running_loop().time
    breaker = CircuitBreaker("in", share=0.1, records=5, seconds=60, clock=clock)
    opened = Opened(cluster)
    async with running(cluster, replace(JOB, topics={"in": Stateful(opened)}), {"in": breaker}):
        await until(breaker.why_open)
        assert opened.works[-1].kinds == set()
        breaker.close()
        await until(lambda: cluster.read("out"))
    assert written(cluster) == [b"first a"]


async def test_topics_that_belong_to_each_other_have_as_many_partitions(cluster: Cluster) -> None:
    """Where the partition's number has to be the same, another count ends the service at once."""
    cluster.topics["notes"] = 2
    member, _ = a_member(cluster, replace(JOB, beside=frozenset({"notes"})))
    with pytest.raises(ConfigurationError, match=r"in has 1, notes has 2: give each as many"):
        await member.run()


async def test_a_partition_that_is_rebuilt_for_long_lives_while_it_gets_on(
    cluster: Cluster,
) -> None:
    """What takes minutes to rebuild is no reason to start afresh, and one that hangs is."""
    cluster.publish("in", 0, b"a")
    now, opening = [0.0], Slow(cluster)
    job = replace(JOB, topics={"in": Stateful(opening)})
    async with running(cluster, job, clock=lambda: now[0]) as (member, _):
        health = member.health
        await until(lambda: opening.beats and health.why_not_ready() is None)
        while now[0] < 3 * STUCK_SECONDS:
            now[0] += FAILING_SECONDS - 1
            opening.beats[0]()
            assert (health.why_not_live(), health.why_not_ready()) == (None, None)
        now[0] += FAILING_SECONDS
        assert "has not got on for 60 s" in (health.why_not_ready() or "")
        now[0] += STUCK_SECONDS
        assert "partition 0 of in has not been read" in (health.why_not_live() or "")
        opening.known.set()
        await until(lambda: health.why_not_live() is None and written(cluster))
        assert written(cluster) == [b"first a"]


async def test_what_fails_while_it_is_rebuilt_is_not_ready_because_it_gets_on(
    cluster: Cluster,
) -> None:
    """A partition that is read time and again up to where that fails is no better than stuck."""
    now, opening = [0.0], Slow(cluster)
    cluster.fail("open", KafkaTimeoutError())
    job = replace(JOB, topics={"in": Stateful(opening)})
    async with running(cluster, job, clock=lambda: now[0]) as (member, _):
        health = member.health
        await until(lambda: opening.beats and health.why_not_ready() is None)
        opening.known.set()
        await until(lambda: "open" in cluster.calls)
        opening.known.clear()
        await until(lambda: len(opening.beats) > 1)
        now[0] += FAILING_SECONDS
        opening.beats[-1]()
        assert health.why_not_live() is None
        assert "KafkaTimeoutError" in (health.why_not_ready() or "")
