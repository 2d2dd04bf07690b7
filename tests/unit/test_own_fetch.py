"""A partition is fetched when its records are wanted, and ahead only where more of them wait."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.errors import (
    CorruptRecordException,
    KafkaConnectionError,
    NotLeaderForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)

from services.kafka.own_fetch import OwnFetch, OwnFetches
from tests.unit.test_lenient_records import PARTITION, Answer, a_batch, an_answer

# What can be read ends at 100, as every answer says.
LAST = an_answer(a_batch(first=97))


@dataclass
class Connection:
    closed: bool = False

    def close(self) -> None:
        self.closed = True


@dataclass
class Broker:
    """Answers requests one by one, and plays aiokafka's client; without answers left it hangs."""

    answers: list[Answer | Exception]
    leader: int | None = 0
    asked: list[int] = field(default_factory=list)
    updates: int = 0

    def __post_init__(self) -> None:
        self.own, self.others = Connection(), Connection()
        self._conns = {(0, PARTITION): self.own, (0, 0): self.others}

    @property
    def cluster(self) -> "Broker":
        return self

    def leader_for_partition(self, _: Any) -> int | None:
        return self.leader

    def force_metadata_update(self) -> None:
        self.updates += 1

    async def send(self, _: int, request: Any, *, group: Any) -> Answer:
        assert group == PARTITION
        [(_, [(_, offset, _)])] = request.topics
        self.asked.append(offset)
        await asyncio.sleep(0)
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def a_fetch(*answers: Answer | Exception) -> tuple[OwnFetch, Broker]:
    broker = Broker([*answers])
    return OwnFetch(broker, PARTITION, 1_000), broker


async def offsets(fetch: OwnFetch, offset: int, most: int | None = 1_000) -> tuple[list[int], int]:
    records, following = await fetch.take(offset, 1_000, most)
    await asyncio.sleep(0)  # what is asked for ahead is on its way
    return [each.offset for each in records], following


async def test_nothing_is_read_ahead_of_what_waits() -> None:
    """Once all is taken that there was, what comes gathers until it is wanted."""
    fetch, broker = a_fetch(LAST)
    assert await offsets(fetch, 97) == ([97, 98, 99], 100)
    assert fetch.last_stable_offset == 100
    assert broker.asked == [97]


async def test_of_a_backlog_the_next_records_are_on_their_way() -> None:
    """Where more waits it is asked for while what came is worked on, and only once."""
    fetch, broker = a_fetch(an_answer(a_batch(first=94)), LAST)
    assert await offsets(fetch, 94) == ([94, 95, 96], 97)
    assert broker.asked == [94, 97]
    assert await offsets(fetch, 97) == ([97, 98, 99], 100)
    assert broker.asked == [94, 97]


async def test_an_answer_is_given_out_in_portions() -> None:
    """No more is given than was asked for, and the rest without another question."""
    fetch, broker = a_fetch(an_answer(a_batch(first=94) + a_batch(first=97)))
    assert await offsets(fetch, 94, most=4) == ([94, 95, 96, 97], 98)
    assert broker.asked == [94]
    assert await offsets(fetch, 98, most=4) == ([98, 99], 100)
    assert broker.asked == [94]


async def test_who_reads_elsewhere_is_given_what_lies_there() -> None:
    """What was fetched is forgotten, and nobody waits for the answer that is on its way."""
    fetch, broker = a_fetch(an_answer(a_batch(first=94)))
    await offsets(fetch, 94)
    broker.answers.append(an_answer(a_batch(first=94)))
    broker.own.closed = False
    assert await offsets(fetch, 95) == ([95, 96], 97)
    assert broker.own.closed
    assert not broker.others.closed


@pytest.mark.parametrize(
    "error", [KafkaConnectionError(), an_answer(b"", code=NotLeaderForPartitionError.errno)]
)
async def test_a_leader_that_is_away_is_waited_for(error: Answer | Exception) -> None:
    """There are no records meanwhile, the cluster is asked who leads, and it goes on there."""
    fetch, broker = a_fetch(error, LAST)
    assert await offsets(fetch, 97) == ([], 97)
    assert broker.updates == 1
    assert await offsets(fetch, 97) == ([97, 98, 99], 100)


async def test_a_partition_that_nobody_leads_is_waited_for() -> None:
    """Where there is nobody to ask nothing is sent."""
    fetch, broker = a_fetch()
    broker.leader = None
    assert await offsets(fetch, 97) == ([], 97)
    assert (broker.asked, broker.updates) == ([], 1)


async def test_a_refusal_says_of_what() -> None:
    """An error that an operator has to see has the place or the topic with it."""
    fetch, _ = a_fetch(an_answer(b"", code=OffsetOutOfRangeError.errno))
    with pytest.raises(OffsetOutOfRangeError) as out_of_range:
        await fetch.take(7, 1_000, None)
    assert out_of_range.value.args == ({PARTITION: 7},)
    fetch, _ = a_fetch(an_answer(b"", code=TopicAuthorizationFailedError.errno))
    with pytest.raises(TopicAuthorizationFailedError) as refused:
        await fetch.take(7, 1_000, None)
    assert refused.value.args == (PARTITION.topic,)


async def test_a_record_that_is_damaged_is_an_error() -> None:
    """It is no broker that is away: nothing is passed over, and nothing waited for."""
    damaged = bytearray(a_batch(first=97))
    damaged[-1] ^= 1
    fetch, _ = a_fetch(an_answer(bytes(damaged)))
    with pytest.raises(CorruptRecordException):
        await fetch.take(97, 1_000, None)


async def test_who_stops_waiting_leaves_no_answer_behind() -> None:
    """The connection is closed on which one may still come: the next question would wait for it."""
    fetch, broker = a_fetch()
    waiting = asyncio.create_task(fetch.take(100, 1_000, None))
    while not broker.asked:
        await asyncio.sleep(0)
    broker.own.closed = False
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert broker.own.closed


async def test_what_was_read_of_a_partition_goes_with_it() -> None:
    """Of a partition that somebody else has by now neither records nor a connection are kept."""
    broker = Broker([an_answer(a_batch(first=0))])
    fetches = OwnFetches(broker, 1_000)
    await offsets(fetches.of(PARTITION), 0)
    broker.own.closed = False  # what it was before it was read from here
    fetches.keep({PARTITION})
    assert not broker.own.closed
    fetches.keep(())
    await asyncio.sleep(0)
    assert broker.own.closed
    assert not broker.others.closed
    assert fetches.of(PARTITION).last_stable_offset is None
