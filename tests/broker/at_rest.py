"""Tells when a pipeline has answered everything, and reads what it wrote up to there.

Offsets and outputs are of one transaction. So once a group's offset stands at the end of what it
reads, nothing more can come of it, and a count of what came out is final.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.kafka.connected import an_admin
from services.kafka.topic_reader import read_to_end

LIMIT = 60.0
# Between questions, in seconds, ever longer: what takes long is not asked for all the while, which
# would keep a processor busy that something else could do with.
FIRST_PAUSE, LONGER, LONGEST_PAUSE = 0.01, 1.5, 0.2


async def until(condition: Callable[[], Awaitable[object]], limit: float = LIMIT) -> None:
    """Wait until a condition holds; raises TimeoutError where it does not after `limit` seconds."""
    pauses = _pauses()
    async with asyncio.timeout(limit):
        while not await condition():
            await asyncio.sleep(next(pauses))


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * LONGER, LONGEST_PAUSE)


async def read_all(servers: str, topics: Iterable[str]) -> list[ConsumerRecord]:
    """Read every committed record of some topics, once no transaction on them is open.

    It may take as long as it takes: it is given up where nothing came for a while.
    """
    async with (
        _reader(servers, topics, "read_committed") as consumer,
        _reader(servers, topics, "read_uncommitted") as other,
    ):
        ends: dict[TopicPartition, int] = {}

        async def none_open() -> bool:
            partitions = consumer.assignment()
            ends.update(await consumer.end_offsets(partitions))  # the last stable offsets
            return bool(ends == await other.end_offsets(partitions))  # the high watermarks

        await until(none_open)
        clock, records = asyncio.get_running_loop().time, list[ConsumerRecord]()
        async with asyncio.timeout(LIMIT) as limit:
            async for record in read_to_end(consumer, ends):
                records.append(record)
                limit.reschedule(clock() + LIMIT)
        return records


async def wait_until_answered(servers: str, group: str, topic: str) -> None:
    """Wait until a group has answered every committed record of a topic.

    It may take as long as it takes: it is given up where nothing is answered for a while.
    """
    last: dict[TopicPartition, int] = {}
    for record in await read_all(servers, [topic]):
        last[TopicPartition(topic, record.partition)] = record.offset
    async with offsets_of(servers, group) as ask:
        clock, before = asyncio.get_running_loop().time, dict[TopicPartition, int]()
        pauses = _pauses()
        async with asyncio.timeout(LIMIT) as limit:
            while not all(before.get(tp, 0) > offset for tp, offset in last.items()):
                await asyncio.sleep(next(pauses))
                offsets = await ask()
                if offsets != before:
                    before = offsets
                    limit.reschedule(clock() + LIMIT)


@asynccontextmanager
async def offsets_of(
    servers: str, group: str
) -> AsyncIterator[Callable[[], Awaitable[dict[TopicPartition, int]]]]:
    """Connect, and hand out what asks for the offsets that a group has committed."""
    async with an_admin(servers) as admin:

        async def ask() -> dict[TopicPartition, int]:
            offsets = await admin.list_consumer_group_offsets(group)
            return {partition: committed.offset for partition, committed in offsets.items()}

        yield ask


@asynccontextmanager
async def _reader(
    servers: str, topics: Iterable[str], isolation_level: str
) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=servers,
        isolation_level=isolation_level,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
