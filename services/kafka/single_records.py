"""Reads records of a partition by their offsets: near ones together, and none by a loop that waits.

aiokafka reads ahead from wherever it stands. Told to read elsewhere it first waits for what it has
asked for, some 100 ms whatever its settings; so it is kept from reading, and asked for its
connection alone.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, LeaderNotAvailableError, OffsetOutOfRangeError

from services.kafka.lenient_records import fetch_request, records_in
from services.messages.record import Record

FETCH_BYTES = 256 * 1024


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

    async def _read(self, offsets: list[int]) -> dict[int, Record]:
        wanted, found = set(offsets), dict[int, Record]()
        following = -1
        for offset in offsets:
            if offset >= following:
                records, following = await self._read_from(offset)
                found |= {each.offset: each for each in records if each.offset in wanted}
        return found

    async def _read_from(self, offset: int) -> tuple[list[ConsumerRecord], int]:
        client: Any = self.consumer._client  # noqa: SLF001 - there is no other way to ask for a place
        leader = client.cluster.leader_for_partition(self.partition)
        if leader in {None, -1}:
            raise LeaderNotAvailableError(self.partition)
        request = fetch_request(self.partition, offset, FETCH_BYTES, wait_ms=0)
        answer = await client.send(leader, request)
        records, following = records_in(answer, self.partition, offset, max_records=None)
        if following <= offset:
            raise KafkaError(f"the broker gave nothing of offset {offset}, which it says it has")
        return records, following
