"""Transactions that are given up: what they write nobody sees, and who takes it has followers.

A broker that is cut off from the others answers whoever reads from what it had. It takes nothing
any more: that would need others to have it too.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from aiokafka import TopicPartition

from services.kafka.own_producer import in_time
from services.kafka.protocols import Producer


class _GivenUpError(Exception):
    """Ends a transaction whose records nobody is to see."""


@asynccontextmanager
async def given_up(producer: Producer) -> AsyncIterator[None]:
    """Open a transaction that is given up at the end of the block."""
    with suppress(_GivenUpError):
        async with producer.transaction():
            yield
            raise _GivenUpError


async def latest(
    producer: Producer, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """Write a record that nobody will see to each partition, and return their offsets.

    They lie behind all that was ever committed there.

    Raises:
        KafkaError: The broker refused.
    """
    written: dict[TopicPartition, int] = {}
    async with given_up(producer):
        for topic, number in partitions:
            batch = producer.create_batch()
            batch.append(timestamp=None, key=b"", value=None, headers=[])
            sent = await in_time(await producer.send_batch(batch, topic, partition=number))
            written[TopicPartition(topic, number)] = int(sent.offset)
    return written
