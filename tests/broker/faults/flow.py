"""How soon records flow again after a fault: inquiries, and those of two plain clients beside them.

The plain clients show how long the brokers themselves take to fail over.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from services.kafka.connected import an_admin, started
from tests.broker.exactly_once import number_of
from tests.broker.pipeline import Pipeline

ANSWER_MS = 10_000
PAUSE = 0.05


class Flow:
    """Which inquiries have come to some topics, as one who reads committed records sees it."""

    def __init__(self, servers: str, topics: Collection[str]) -> None:
        self._servers, self._topics = servers, topics
        self._newest: dict[bytes, int] = defaultdict(lambda: -1)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch for as long as the block runs."""
        async with _reader(self._servers, *self._topics) as reader, _running(self._go(reader)):
            yield

    async def _go(self, reader: AIOKafkaConsumer) -> None:
        async for record in reader:
            if record.key is not None:
                self._newest[record.key] = max(self._newest[record.key], number_of(record))

    def since(self, number: int, partitions: int) -> bool:
        """Tell whether of every input partition one has come that was published since then."""
        everyone = list(range(partitions))
        choose = DefaultPartitioner()
        found = {choose(k, everyone, everyone) for k, n in self._newest.items() if n >= number}
        return len(found) == partitions

    def any_since(self, number: int) -> bool:
        """Tell whether any inquiry has come that was published since then."""
        return any(newest >= number for newest in self._newest.values())


class Probe:
    """A topic of which each broker leads one partition, with a producer and a consumer of it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._servers = pipeline.servers
        self.topic = f"{pipeline.installation.kafka.topic_prefix}probe"
        self._newest: dict[int, float] = defaultdict(float)

    @asynccontextmanager
    async def watched(self, brokers: int) -> AsyncIterator[None]:
        """Write and read for as long as the block runs."""
        numbers = range(brokers)
        replicas = {each: [1 + (each + i) % brokers for i in numbers] for each in numbers}
        async with an_admin(self._servers) as admin:
            await admin.create_topics([NewTopic(self.topic, -1, -1, replicas)])
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers, acks="all", request_timeout_ms=ANSWER_MS
        )
        async with (
            _reader(self._servers, self.topic) as reader,
            started(producer),
            _running(self._read(reader), *(self._write(producer, each) for each in numbers)),
        ):
            yield

    async def _write(self, producer: AIOKafkaProducer, partition: int) -> None:
        while True:
            value = str(monotonic()).encode()
            with suppress(KafkaError):
                await producer.send_and_wait(self.topic, value, partition=partition)
            await asyncio.sleep(PAUSE)

    async def _read(self, reader: AIOKafkaConsumer) -> None:
        async for record in reader:
            self._newest[record.partition] = float(record.value)

    def since(self, moment: float, broker: int) -> bool:
        """Tell whether a record was read that was written since then to what a broker led."""
        return self._newest[broker] > moment


def _reader(servers: str, *topics: str) -> AbstractAsyncContextManager[AIOKafkaConsumer]:
    return started(
        AIOKafkaConsumer(
            *topics,
            bootstrap_servers=servers,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            request_timeout_ms=ANSWER_MS,
            metadata_max_age_ms=ANSWER_MS,
        )
    )


@asynccontextmanager
async def _running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
