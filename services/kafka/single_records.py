"""Reads records of a partition by their offsets: near ones together, and none by a loop that waits.

aiokafka reads ahead from wherever it stands. Told to read elsewhere it first waits for what it has
asked for, some 100 ms whatever its settings; so it is kept from reading, and asked for its
connection alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, LeaderNotAvailableError, OffsetOutOfRangeError
from aiokafka.record.memory_records import MemoryRecords

from services.kafka.lenient_records import fetch_request, records_in
from services.messages.record import Record

# What is asked for at a time: a record or two where one is wanted, and more where many are. A
# broker answers with a whole batch at least, whatever its size.
LEAST_BYTES, RECORD_BYTES, MOST_BYTES = 8 * 1024, 2 * 1024, 1024 * 1024
# Offsets that are no further apart are read together.
NEAR = 16


@dataclass(frozen=True)
class SingleRecordsOf:
    """Reads single records of one partition.

    Args:
        consumer: Of no group, not started yet, and of nobody else.
        partition: Which it is.
    """

    consumer: AIOKafkaConsumer
    partition: TopicPartition

    async def start(self) -> None:
        """Connect."""
        self.consumer.assign([self.partition])
        self.consumer.pause(self.partition)
        await self.consumer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self.consumer.stop()

    async def begins(self) -> int:
        """Return the offset of the oldest record that is kept."""
        offsets = await self.consumer.beginning_offsets([self.partition])
        return int(offsets[self.partition])

    async def read(self, offsets: Collection[int]) -> tuple[int, dict[int, Record]]:
        """Read the committed records at some offsets; see `SingleRecords`."""
        while True:
            begins = await self.begins()
            ends = (await self.consumer.end_offsets([self.partition]))[self.partition]
            there = sorted(offset for offset in offsets if begins <= offset < ends)
            try:
                return begins, await self._read(there)
            except OffsetOutOfRangeError:  # retention has just taken some
                continue

    async def _read(self, offsets: Sequence[int]) -> dict[int, Record]:
        found = dict[int, Record]()
        for run in _runs(offsets):
            wanted, following = set(run), run[0]
            while following <= run[-1]:
                records, following = await self._read_from(following, run[-1])
                found |= {each.offset: each for each in records if each.offset in wanted}
        return found

    async def _read_from(self, offset: int, last: int) -> tuple[list[ConsumerRecord], int]:
        """Read on from an offset, no further than what one answer holds or the last that counts."""
        client: Any = self.consumer._client  # noqa: SLF001 - there is no other way to ask for a place
        leader = client.cluster.leader_for_partition(self.partition)
        if leader in {None, -1}:
            raise LeaderNotAvailableError(self.partition)
        most = last - offset + 1
        size = min(LEAST_BYTES + most * RECORD_BYTES, MOST_BYTES)
        request = fetch_request(self.partition, offset, size, wait_ms=0)
        answer = await client.send(leader, request)
        try:
            records, following = records_in(answer, self.partition, offset, most, MemoryRecords)
        except UnicodeDecodeError:
            records, following = records_in(answer, self.partition, offset, most)
        if following <= offset:
            raise KafkaError(f"the broker gave nothing of offset {offset}, which it says it has")
        return records, following


def _runs(offsets: Sequence[int]) -> list[list[int]]:
    """Part ascending offsets where so many lie between two that they are better read apart."""
    runs: list[list[int]] = []
    for offset in offsets:
        if runs and offset - runs[-1][-1] <= NEAR:
            runs[-1].append(offset)
        else:
            runs.append([offset])
    return runs
