"""Asks for records of one partition, a request at a time and from wherever it is told.

aiokafka's own consumer reads ahead from wherever it stands. Told to read elsewhere it first waits
for what it has asked for, some 100 ms whatever its settings; so it is kept from reading, and asked
for its connection alone.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.cluster import ClusterMetadata
from aiokafka.protocol.metadata import MetadataRequest

from services.kafka.lenient_records import T, Take, ask_leader, fetch_request, records_in

# A broker ends a transaction some milliseconds after it has said that it will.
PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class PartitionClient:
    """Reads one partition.

    Args:
        consumer: Of no group, not started yet, and of nobody else.
        partition: Which it is.
        tries: How often a leader is looked for that has what has to be there, 20 ms apart.
    """

    consumer: AIOKafkaConsumer
    partition: TopicPartition
    tries: int = 500

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

    async def ends(self) -> int:
        """Return the end of what is committed."""
        offsets = await self.consumer.end_offsets([self.partition])
        return int(offsets[self.partition])

    async def look_for_leader(self) -> None:
        """Ask who the partition's leader is by now."""
        await self.consumer._client.force_metadata_update()  # noqa: SLF001 - it asks by itself only now and then
        await asyncio.sleep(PAUSE_SECONDS)

    async def is_led(self) -> bool:
        """Tell whether all brokers name whom we read from as the partition's leader.

        One that is cut off from the others goes on naming itself, and has nothing of what these
        take meanwhile.

        Raises:
            KafkaError: A broker does not answer.
        """
        client = self.consumer._client  # noqa: SLF001 - there is no other way to ask each broker
        request = MetadataRequest([self.partition.topic], allow_auto_topic_creation=False)
        brokers = [each.nodeId for each in client.cluster.brokers()]
        answers = await asyncio.gather(*(client.send(each, request) for each in brokers))
        named = {_leader(answer, self.partition) for answer in answers}
        return named == {client.cluster.leader_for_partition(self.partition)}

    async def fetch(
        self, offset: int, max_bytes: int, wait_ms: int, most: int, take: Take[T]
    ) -> Iterator[tuple[list[T], int]]:
        """Ask once for committed records from an offset on; `records_in` yields what came.

        Raises:
            KafkaError: The broker does not answer.
        """
        client = self.consumer._client  # noqa: SLF001 - there is no other way to ask for a place
        request = fetch_request(self.partition, offset, max_bytes, wait_ms)
        answer = await ask_leader(client, self.partition, request)
        return records_in(answer, self.partition, offset, most, take)


def _leader(answer: Any, partition: TopicPartition) -> int | None:  # noqa: ANN401 - a raw response
    cluster = ClusterMetadata()
    cluster.update_metadata(answer)
    return cluster.leader_for_partition(partition)  # type: ignore[no-any-return]
