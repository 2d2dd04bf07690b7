"""The limit: aiokafka alone, which passes records on unread, with the services' transactions.

It follows aiokafka's documentation: "Transactional Consume-Process-Produce" (the offsets of what
was read are committed by the transaction that holds what is written), "Batch producer"
(`create_batch` and `send_batch` for control over batches) and `getmany` for a partition's records
at once; and from Kafka's on exactly-once one transactional id for each input partition. It runs on
uvloop, and leaves out all that a service is for: it checks nothing, counts nothing, makes no
header, chooses no partition and could not take over from another process.
"""

import asyncio
from collections.abc import Iterator, Sequence

import uvloop  # noqa: TID251 - as it would be run, and as fast as can be
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder

from benchmarks.contestant_setup import BATCH_BYTES, BATCH_RECORDS, Setup, read_setup, say_ready
from benchmarks.contestants import PARTITIONS


async def run(setup: Setup) -> None:
    """Pass records on until killed."""
    partitions = [TopicPartition(setup.reads, number) for number in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=setup.servers,
        group_id=setup.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    consumer.assign(partitions)
    async with consumer, asyncio.TaskGroup() as tasks:
        for partition in partitions:
            producer = AIOKafkaProducer(
                bootstrap_servers=setup.servers,
                transactional_id=f"{setup.group}.{partition.partition}",
                max_batch_size=BATCH_BYTES,
            )
            await producer.start()
            tasks.create_task(_pass_on(setup, partition, consumer, producer))
        say_ready()


async def _pass_on(
    setup: Setup, partition: TopicPartition, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer
) -> None:
    number = partition.partition
    while True:
        read = await consumer.getmany(partition, timeout_ms=1_000, max_records=BATCH_RECORDS)
        if records := read.get(partition):
            async with producer.transaction():
                sent = [
                    await producer.send_batch(batch, setup.writes, partition=number)
                    for batch in _batches(producer, records)
                ]
                await asyncio.gather(*sent)  # a broker refuses offsets beside them, for 100 ms
                offsets = {partition: records[-1].offset + 1}
                await producer.send_offsets_to_transaction(offsets, setup.group)


def _batches(
    producer: AIOKafkaProducer, records: Sequence[ConsumerRecord]
) -> Iterator[BatchBuilder]:
    batch = producer.create_batch()
    for record in records:
        if not _append(batch, record):
            yield batch
            batch = producer.create_batch()
            _append(batch, record)
    yield batch


def _append(batch: BatchBuilder, record: ConsumerRecord) -> bool:
    key, value, headers = record.key, record.value, list(record.headers)
    return batch.append(timestamp=None, key=key, value=value, headers=headers) is not None


if __name__ == "__main__":
    uvloop.run(run(read_setup()))
