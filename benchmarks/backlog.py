"""Publishes a backlog that nobody sees until all of it is there."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder

from benchmarks.work import Keyed, Work
from services.stream.outbox import partition_of

BATCH_BYTES = 262_144


@asynccontextmanager
async def backlog(
    servers: str, topic: str, work: Work, numbers: range, partitions: int
) -> AsyncIterator[dict[TopicPartition, int]]:
    """Publish records in one transaction, which is committed at the end of the block.

    A record goes to the partition of its key, as a Java producer would send it.

    A `read_committed` consumer, which every contestant is, reads none of it before that and may
    read all of it after: so a process that has long been ready waits, idle, until it is let go.

    Yields:
        The offset after the last record of each partition.
    """
    async with (
        AIOKafkaProducer(
            bootstrap_servers=servers, transactional_id="bench", max_batch_size=BATCH_BYTES
        ) as producer,
        producer.transaction(),
    ):
        records: list[list[Keyed]] = [[] for _ in range(partitions)]
        for record in map(work.record, numbers):
            records[partition_of(record[0], partitions)].append(record)
        yield {
            TopicPartition(topic, number): await _publish(producer, topic, number, part)
            for number, part in enumerate(records)
        }


async def _publish(
    producer: AIOKafkaProducer, topic: str, partition: int, records: Iterable[Keyed]
) -> int:
    """Publish to one partition, and give the offset after the last record."""
    sent = []
    count = 0
    for batch in _batches(producer, records):
        count = batch.record_count()
        sent.append(await producer.send_batch(batch, topic, partition=partition))
    last = (await asyncio.gather(*sent))[-1]
    return int(last.offset + count)


def _batches(producer: AIOKafkaProducer, records: Iterable[Keyed]) -> Iterator[BatchBuilder]:
    batch = producer.create_batch()
    for key, value, headers in records:
        if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
            yield batch
            batch = producer.create_batch()
            batch.append(timestamp=None, key=key, value=value, headers=headers)
    yield batch
