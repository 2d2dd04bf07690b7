"""Reads a topic from its beginning to its end as it is now."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from types import MappingProxyType

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError

from services.errors import TriageError
from services.kafka.errors import remedy_for, with_cause
from services.kafka.protocols import Clients, Reader
from services.kafka.topics import check_topics_exist
from services.messages.record import Record

WAIT_MS = 500
# What is taken at a time: a compressed fetch may hold tens of thousands, all of them in memory.
RECORDS = 2_000
# A minute: a client asks who leads every ten seconds, of any broker.
TRIES, PAUSE_SECONDS = 600, 0.1


async def read_topic(
    clients: Clients, topic: str, behind: Mapping[TopicPartition, int] = MappingProxyType({})
) -> AsyncIterator[Record]:
    """Yield every committed record that a topic has, in the order of each partition.

    Args:
        clients: Make the clients.
        topic: Which it is.
        behind: Offsets that the ends have to be behind; a broker that has less is no leader any
            more, and the next one is waited for.

    Raises:
        ConfigurationError: The topic does not exist.
        TriageError: The broker cannot be reached, or does not let this user read.
    """
    reader = clients.reader(topic)
    try:
        await check_topic(clients, topic)
        await reader.start()
        partitions = sorted(reader.assignment())
        await reader.seek_to_beginning(*partitions)
        ends = await _ends(reader, partitions, behind)
        async for record in read_to_end(reader, ends):
            yield record
    except KafkaError as error:
        raise TriageError(
            remedy_for(error)
            or f"The topic {topic} could not be read from {clients.servers} ({error}): see that "
            "the broker runs there and that this user may read."
        ) from None
    finally:
        await reader.stop()


async def _ends(
    reader: Reader, partitions: Collection[TopicPartition], behind: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    for _ in range(TRIES):
        ends = await reader.end_offsets(partitions)
        if all(end > behind.get(each, -1) for each, end in ends.items()):
            return ends
        await asyncio.sleep(PAUSE_SECONDS)
    raise KafkaTimeoutError("its leader has less than others have")


async def read_to_end(reader: Reader, ends: Mapping[TopicPartition, int]) -> AsyncIterator[Record]:
    """Yield the records of some partitions up to where they end, in the order of each partition.

    Args:
        reader: A connected client that has these partitions.
        ends: The offset of each partition from which on nothing is read.
    """
    async for records in batches_to_end(reader, ends):
        for record in records:
            yield record


async def batches_to_end(
    reader: Reader, ends: Mapping[TopicPartition, int]
) -> AsyncIterator[list[Record]]:
    """Yield the same some thousand at a time, for whoever reads a million of them."""
    while waiting := [each for each, end in ends.items() if await reader.position(each) < end]:
        batches = await reader.getmany(waiting[0], timeout_ms=WAIT_MS, max_records=RECORDS)
        for partition, records in batches.items():
            yield [record for record in records if record.offset < ends[partition]]


async def check_topic(clients: Clients, topic: str) -> None:
    """See that a topic exists, without having it made.

    Raises:
        ConfigurationError: It does not.
        KafkaError: The broker cannot be reached, or refuses.
    """
    admin = clients.admin()
    try:
        with with_cause():
            await admin.start()
        await check_topics_exist(admin, [topic], clients.servers)
    finally:
        await admin.close()
