"""Reads what a contestant wrote."""

from collections.abc import Iterable
from time import monotonic

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.tally import Tally

LATE_SECONDS = 10


async def read_outputs(
    servers: str, topics: Iterable[str], tally: Tally
) -> dict[TopicPartition, int]:
    """Let a tally note every committed record of some topics.

    A consumer group's offset may be seen a moment before the outputs of the same transaction are:
    records that are missing are waited for, ten seconds at most.

    Returns:
        The offset up to which each partition was read.
    """
    ends: dict[TopicPartition, int] = {}
    deadline = monotonic() + LATE_SECONDS
    async with AIOKafkaConsumer(
        *topics,
        bootstrap_servers=servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    ) as consumer:
        while not ends or (tally.lost and monotonic() < deadline):
            ends = await consumer.end_offsets(consumer.assignment())
            while any([await consumer.position(each) < end for each, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        tally.note(record)
        # Not the ends: more may have been read than there was when they were asked for.
        return {each: await consumer.position(each) for each in ends}
