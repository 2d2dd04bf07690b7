"""A partition is read from its beginning to its end, whatever the broker answers in between."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.errors import LeaderNotAvailableError, OffsetOutOfRangeError

from services.kafka.whole_partition import WholePartition
from tests.unit.test_lenient_records import PARTITION, Answer, a_batch, an_answer

GONE = an_answer(b"", code=OffsetOutOfRangeError.errno)
NOTHING = an_answer(b"")


@dataclass
class Broker:
    """Answers requests one by one, and plays the consumer that has the connection."""

    answers: list[Answer]
    begins: list[int]
    ends: int
    leader: int = 0
    asked: list[int] = field(default_factory=list)
    later: int = 0

    @property
    def _client(self) -> "Broker":
        return self

    @property
    def cluster(self) -> "Broker":
        return self

    def leader_for_partition(self, _: Any) -> int:
        return self.leader

    async def send(self, _: int, request: Any, *, group: Any) -> Answer:
        [(_, [(_, offset, _)])] = request.topics
        self.asked.append(offset)
        return self.answers.pop(0)

    async def beginning_offsets(self, _: Any) -> dict[Any, int]:
        return {PARTITION: self.begins.pop(0)}

    async def end_offsets(self, _: Any) -> dict[Any, int]:
        return {PARTITION: self.ends}

    async def force_metadata_update(self) -> None:
        """Find the leader that has all."""
        self.ends = self.later


def a_broker(*answers: Answer, begins: Iterable[int] = (0,), ends: int) -> Broker:
    return Broker([*answers], [*begins], ends)


async def offsets(broker: Broker, behind: int = -1) -> list[int]:
    reader: Any = WholePartition(broker, PARTITION)
    return [each.offset async for values in reader.values(behind) for each in values]


async def test_an_empty_partition_is_not_asked_for() -> None:
    """Where there is nothing between beginning and end the broker would only wait."""
    broker = a_broker(begins=[7], ends=7)
    assert await offsets(broker) == []
    assert broker.asked == []


async def test_what_came_after_it_began_is_left_for_later() -> None:
    """The end is where it was at first, though a batch goes on behind it."""
    broker = a_broker(an_answer(a_batch(first=0) + a_batch(first=3)), ends=4)
    assert await offsets(broker) == [0, 1, 2, 3]


async def test_a_leader_that_is_none_any_more_is_not_read() -> None:
    """One that was cut off ends before what others have: the next one is looked for."""
    broker = a_broker(an_answer(a_batch(first=0) + a_batch(first=3)), ends=3)
    broker.later = 6
    assert await offsets(broker, behind=3) == [0, 1, 2, 3, 4, 5]


async def test_a_place_behind_the_end_is_waited_for_so_long() -> None:
    """Where nobody has it, as in a log that was cut, the partition is said to lack the offset."""
    broker = a_broker(ends=3)
    reader: Any = WholePartition(broker, PARTITION, tries=2)
    with pytest.raises(OffsetOutOfRangeError):
        await anext(reader.records(behind=3))


async def test_gaps_of_compaction_are_passed() -> None:
    """Offsets that are there no more are no end, at the beginning of an answer or within it."""
    broker = a_broker(
        an_answer(a_batch(first=5) + a_batch(first=50)), an_answer(a_batch(first=97)), ends=100
    )
    assert await offsets(broker) == [5, 6, 7, 50, 51, 52, 97, 98, 99]
    assert broker.asked == [0, 53]


async def test_a_transaction_that_was_aborted_is_progress() -> None:
    """Where an answer has nothing that anybody may read, it goes on behind it, and says so."""
    broker = a_broker(
        an_answer(a_batch(first=0, producer=9), aborted=[(9, 0)]),
        an_answer(a_batch(first=3)),
        ends=6,
    )
    reader: Any = WholePartition(broker, PARTITION)
    assert [len(values) async for values in reader.values(-1)] == [0, 3]


async def test_retention_may_move_the_beginning_meanwhile() -> None:
    """What is deleted between two answers is left out, and what is kept is read."""
    broker = a_broker(
        an_answer(a_batch(first=0)), GONE, an_answer(a_batch(first=9)), begins=[0, 9], ends=12
    )
    assert await offsets(broker) == [0, 1, 2, 9, 10, 11]
    assert broker.asked == [0, 3, 9]


async def test_a_partition_that_was_made_anew_is_not_read_on() -> None:
    """Where the place lies behind what there is now, the whole is to be begun afresh."""
    broker = a_broker(an_answer(a_batch(first=0)), GONE, begins=[0, 0], ends=12)
    with pytest.raises(OffsetOutOfRangeError):
        await offsets(broker)


async def test_an_answer_without_anything_is_no_progress() -> None:
    """A broker that holds back is asked again, and nobody is told that it has got on."""
    broker = a_broker(NOTHING, NOTHING, an_answer(a_batch(first=0)), ends=3)
    reader: Any = WholePartition(broker, PARTITION)
    assert [len(values) async for values in reader.values(-1)] == [3]


async def test_a_partition_without_a_leader_is_said_to_have_none() -> None:
    """It fails like any error of the broker's, and is tried again."""
    broker = a_broker(ends=3)
    broker.leader = -1
    with pytest.raises(LeaderNotAvailableError):
        await offsets(broker)
