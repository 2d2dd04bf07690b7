"""Reads a partition from its beginning to its end as it is now."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from aiokafka.errors import OffsetOutOfRangeError

from services.kafka.lenient_records import WAIT_MS, Fetched, Take, fetched, value
from services.kafka.partition_client import PartitionClient
from services.kafka.protocols import Value
from services.messages.record import Record

FETCH_BYTES = 1024 * 1024
# What is made at a time: so few stay in the processor's cache, where a thousand do not.
RECORDS = 100

T = TypeVar("T", Fetched, Value)


class WholePartition(PartitionClient):
    """Reads all of a partition; see `PartitionReader`."""

    def count(self) -> int:
        """Return how many partitions its topic has; 0 where it is unknown."""
        return len(self.consumer.partitions_for_topic(self.partition.topic) or ())

    def records(self, behind: int) -> AsyncIterator[Sequence[Record]]:
        """Yield the committed records; see `PartitionReader`."""
        return self._all(fetched, behind)

    def values(self, behind: int) -> AsyncIterator[Sequence[Value]]:
        """Yield what the committed records say; see `PartitionReader`."""
        return self._all(value, behind)

    async def _all(self, take: Take[T], behind: int) -> AsyncIterator[list[T]]:
        end = await self._end(behind)
        offset = await self.begins()
        while offset < end:
            asked = offset
            answer = await self.fetch(offset, FETCH_BYTES, WAIT_MS, RECORDS, take)
            try:
                for found, following in answer:
                    offset = following
                    if offset > asked:  # an answer without anything is no progress
                        yield [each for each in found if each.offset < end]
                    await asyncio.sleep(0)  # others, a group's heartbeat among them, get their turn
            except OffsetOutOfRangeError:
                offset = await self.begins()  # retention has just taken some
                if offset <= asked:
                    raise

    async def _end(self, behind: int) -> int:
        for _ in range(self.tries):
            if (end := await self.ends()) > behind:
                return end
            await self.look_for_leader()
        raise OffsetOutOfRangeError({self.partition: behind + 1})
