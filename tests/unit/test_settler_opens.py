"""What the settler reads of a partition before it works it, told by the notes and the returns."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from aiokafka import TopicPartition
from structlog.testing import capture_logs

from services.engine.job import Opening
from services.kafka.protocols import Value
from services.messages.judgement import Settled
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError
from services.settler.judged_copies import CopiesAtWork
from services.settler.returning import Returning
from services.settler.work import Settling
from tests.records import ARecord
from tests.unit.returned import RULES, a_return
from tests.unit.test_settle import ADDRESSES, NOW, PARTITION, a_judgement, settle

JUDGED, RETURNED = TopicPartition("judged", PARTITION), TopicPartition("returned", PARTITION)


@dataclass
class Log:
    """The clients of one partition, on which these portions lie."""

    portions: Sequence[Sequence[Record]]
    stopped: int = 0
    behind: int = -1
    opened: list[TopicPartition] = field(default_factory=list)

    def partition_reader(self, partition: TopicPartition) -> "Log":
        self.opened.append(partition)
        return self

    def single_records(self, partition: TopicPartition) -> "Log":
        return self.partition_reader(partition)

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        self.stopped += 1

    async def begins(self) -> int:
        return 0

    def count(self) -> int:
        return 4

    async def records(self, behind: int) -> AsyncIterator[Sequence[Record]]:
        self.behind = behind
        for portion in self.portions:
            yield portion

    async def values(self, behind: int) -> AsyncIterator[Sequence[Value]]:
        async for portion in self.records(behind):
            yield [Value(each.offset, each.value) for each in portion]


async def latest(partition: TopicPartition) -> int:
    """Return what is the end of no other partition than that of the notes."""
    return {TopicPartition(ADDRESSES.settled, PARTITION): 41}[partition]


def a_note() -> ARecord:
    [[_, note]] = [each for each in settle(a_judgement()) if not isinstance(each, RejectedError)]
    return ARecord(note.value, offset=7)


async def test_a_beat_comes_with_all_that_is_read_of_what_is_settled() -> None:
    """A rebuild of minutes is told from one that hangs; what is no note is left out, and said."""
    broken = ARecord(b"no note", offset=8)
    log: Any = Log([[a_note()], [], [broken, a_note()]])
    settling = Settling(ADDRESSES, {"review": "review"}, lambda: NOW, CopiesAtWork(28, lambda: NOW))
    beats: list[bool] = []
    with capture_logs() as logs:
        opening = Opening(JUDGED, 9, log, lambda: beats.append(True), latest)
        async with settling.open(opening) as work:
            assert len(beats) == 3
            process = await work.prepare([])
            [[note]] = cast("list[list[Output]]", process([a_judgement()]))
    assert cast("Settled", note.decided).verdict == "repeated"
    assert [(each["event"], each["offset"]) for each in logs] == [("settler.note_unreadable", 8)]
    assert log.stopped == len(log.opened) == 2
    assert log.behind == 41


async def test_a_beat_comes_with_all_that_is_read_of_what_was_returned() -> None:
    """Likewise where the topic of returns itself is read, with all that was answered."""
    log: Any = Log([[a_return(offset=0)], [], [a_return(offset=1)]])
    beats: list[bool] = []
    returning = Returning(RULES, lambda: NOW)
    async with returning.open(Opening(RETURNED, 2, log, lambda: beats.append(True), latest)):
        assert len(beats) == 3
    assert log.stopped == 1
    assert log.behind == 1
