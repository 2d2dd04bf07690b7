"""Clients that break one promise each, for the tests that show that the suite would notice.

They stand between a worker and its client, where the promises are kept; nothing in `services/`
knows of them.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from services.kafka.protocols import (
    Admin,
    Batch,
    Clients,
    Consumer,
    PartitionReader,
    Producer,
    SingleRecords,
)
from services.kafka.whole_partition import WholePartition
from tests.broker.faults.traffic import MAX_BYTES

# Between the two halves of what should be one: wide enough that a fault seldom misses it.
WINDOW = 0.1


@dataclass
class WeakClients:
    """Makes the clients of one service, with producers that are weakened.

    `notes` is where a settler notes what is settled.
    """

    sound: Clients
    weaken: "Callable[[WeakClients, str], Producer]"
    rejected: str
    notes: str
    reader: Any = None

    @property
    def servers(self) -> str:
        return self.sound.servers

    @property
    def server_options(self) -> str:
        return self.sound.server_options

    def admin(self) -> Admin:
        return self.sound.admin()

    def consumer(self, group: str, fetch_bytes: int) -> Consumer:
        self.reader = self.sound.consumer(group, fetch_bytes)
        return self.reader  # type: ignore[no-any-return]

    def partition_reader(self, partition: TopicPartition) -> PartitionReader:
        return self.sound.partition_reader(partition)

    def single_records(self, partition: TopicPartition) -> SingleRecords:
        return self.sound.single_records(partition)

    def producer(self, transactional_id: str) -> Producer:
        return self.weaken(self, transactional_id)


@dataclass
class ForgetfulClients(WeakClients):
    """Finds nothing on a partition from which state is to be rebuilt."""

    def partition_reader(self, partition: TopicPartition) -> PartitionReader:
        reader: Any = super().partition_reader(partition)
        return _Empty(reader.consumer, reader.partition)


class _Empty(WholePartition):
    async def begins(self) -> int:
        return await self.ends()


@dataclass
class PassOn:
    """A producer that does what another does."""

    clients: WeakClients
    sound: Producer

    async def start(self) -> None:
        await self.sound.start()

    async def stop(self) -> None:
        await self.sound.stop()

    async def partitions_for(self, topic: str) -> set[int]:
        return await self.sound.partitions_for(topic)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        async with self.sound.transaction():
            yield
            await asyncio.sleep(WINDOW)

    def create_batch(self) -> Batch:
        return self.sound.create_batch()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Awaitable[Any]:
        return await self.sound.send_batch(batch, topic, partition=partition)

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, int], group_id: str
    ) -> None:
        await self.sound.send_offsets_to_transaction(offsets, group_id)

    async def committed(self, partition: TopicPartition, group_id: str) -> int | None:
        return await self.sound.committed(partition, group_id)


@dataclass
class OffsetsApart(PassOn):
    """Has no part in what becomes of the offsets: the consumer commits them, and is asked."""

    async def committed(self, partition: TopicPartition, group_id: str) -> int | None:
        return await self.clients.reader.committed(partition)  # type: ignore[no-any-return]


@dataclass
class WithoutTransaction(OffsetsApart):
    """Writes, and then commits the offsets: at least once."""

    _offsets: Mapping[TopicPartition, int] = field(default_factory=dict)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield
        await asyncio.sleep(WINDOW)
        await self.clients.reader.commit(self._offsets)

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, int], group_id: str
    ) -> None:
        self._offsets = offsets


@dataclass
class OffsetsFirst(OffsetsApart):
    """Commits the offsets, and then writes: at most once."""

    _held: list[tuple[Batch, str, int]] = field(default_factory=list)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Awaitable[Any]:
        self._held.append((batch, topic, partition))
        return asyncio.sleep(0)

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, int], group_id: str
    ) -> None:
        if not self._held:  # a worker that starts gives up what it sends
            return
        await self.clients.reader.commit(offsets)
        await asyncio.sleep(WINDOW)
        for batch, topic, partition in self._held:
            await self.sound.send_batch(batch, topic, partition=partition)
        self._held.clear()


@dataclass
class FailedSkipped(PassOn):
    """Goes on after a record that cannot be read, without a dead letter."""

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Awaitable[Any]:
        if topic == self.clients.rejected:
            return asyncio.sleep(0)
        return await super().send_batch(batch, topic, partition=partition)


@dataclass
class NotesApart(PassOn):
    """Writes the notes of what was settled in a transaction of their own.

    What it writes first is no note, but shows how far the others are.
    """

    _began: bool = False
    _held: list[tuple[Batch, str, int]] = field(default_factory=list)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        async with self.sound.transaction():
            yield
        await asyncio.sleep(WINDOW)
        async with self.sound.transaction():
            for batch, topic, partition in self._held:
                await (await self.sound.send_batch(batch, topic, partition=partition))
        self._held.clear()

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Awaitable[Any]:
        if topic != self.clients.notes or not self._began:
            self._began = True
            return await super().send_batch(batch, topic, partition=partition)
        self._held.append((batch, topic, partition))
        return asyncio.sleep(0)


def plain(clients: WeakClients) -> Producer:
    """Make a producer without transactions."""
    producer: Any = AIOKafkaProducer(
        bootstrap_servers=clients.servers,
        enable_idempotence=True,
        max_batch_size=2 * MAX_BYTES,
        max_request_size=2 * MAX_BYTES,
    )
    return producer  # type: ignore[no-any-return]


# Where not the producer is weak.
CLIENTS: dict[str, type[WeakClients]] = {"forgetful": ForgetfulClients}
WEAKNESSES: dict[str, Callable[[WeakClients, str], Producer]] = {
    "sound": lambda clients, name: PassOn(clients, clients.sound.producer(name)),
    "forgetful": lambda clients, name: PassOn(clients, clients.sound.producer(name)),
    "notes-apart": lambda clients, name: NotesApart(clients, clients.sound.producer(name)),
    "no-transaction": lambda clients, _: WithoutTransaction(clients, plain(clients)),
    "offsets-first": lambda clients, name: OffsetsFirst(clients, clients.sound.producer(name)),
    "one-id-for-all": lambda clients, _: PassOn(clients, clients.sound.producer("all")),
    "an-id-for-each-process": lambda clients, name: PassOn(
        clients, clients.sound.producer(f"{name}.{os.getpid()}")
    ),
    "failed-skipped": lambda clients, name: FailedSkipped(clients, clients.sound.producer(name)),
}
