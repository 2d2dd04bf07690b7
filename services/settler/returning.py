"""The settler at work on a partition of what departments return: rebuilds what stands there."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from aiokafka.errors import UnknownTopicOrPartitionError

from services.engine.job import Done, Opening, Process, Work
from services.kafka.partitioner import partition_of
from services.messages.record import Nothing, Output, Record
from services.messages.rejection import RejectedError
from services.settler.return_log import ReturnLog
from services.settler.returns import PartitionOf, Rules, entry_of, noted, return_records


@dataclass(frozen=True)
class Returning:
    """How the settler works on a partition of returns, whichever it is.

    Args:
        rules: What returns are held against.
        now: Tells the time to write into events.
    """

    rules: Rules
    now: Callable[[], datetime]

    @asynccontextmanager
    async def open(self, opening: Opening) -> AsyncIterator[Work]:
        """Read the partition from its beginning to its end, all that was answered among it.

        Raises:
            KafkaError: The broker does not answer, or refuses.
        """
        log = ReturnLog()
        partition, beat = opening.partition, opening.beat
        reader = opening.clients.partition_reader(partition)
        try:
            await reader.start()
            # It is another number once partitions are added, and then the group gives out anew.
            partitions = reader.count()
            if not partitions:
                raise UnknownTopicOrPartitionError(partition.topic)
            place = partial(_place, partitions)
            async for records in reader.records(opening.offset - 1):
                beat()
                for record in records:
                    if entry := entry_of(record, self.rules, place):
                        log.enter(entry)
        finally:
            await reader.stop()
        yield _ReturnsWork(self, log, place)


@dataclass(frozen=True)
class _ReturnsWork(Work):
    returning: Returning
    log: ReturnLog
    place: PartitionOf

    async def prepare(self, records: Sequence[Record]) -> Process:  # noqa: ARG002 - as `Work` has it
        batch = ReturnLog(self.log)
        rules, now = self.returning.rules, self.returning.now()

        def process(part: Sequence[Record]) -> Sequence[Output | Nothing | RejectedError]:
            results = return_records(part, ReturnLog(batch), rules, self.place, now)
            for entry in noted(results):
                batch.enter(entry)
            return results

        return process

    def note(self, outputs: Sequence[Output]) -> Done:
        entries = [*noted(outputs)]

        def enter() -> None:
            for entry in entries:
                self.log.enter(entry)

        return enter


def _place(partitions: int, key: bytes | None, number: int) -> int:
    """Return the partition on which a return has to stand, as `pack` would choose it."""
    return number % partitions if key is None else partition_of(key, partitions)
