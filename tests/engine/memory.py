"""A Kafka in memory, as far as the engine asks: groups, transactions and fencing.

Faults are switches: `reachable`, `commits`, and what `Cluster.fail` names for one call.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from services.messages.record import Header, Record
from tests.records import ARecord


@dataclass
class MemoryBatch:
    limit: int
    records: list[tuple[bytes | None, bytes | None, list[Header]]] = field(default_factory=list)

    def append(
        self,
        *,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: list[Header],
    ) -> object | None:
        if self.records and self.size() + len(value or b"") > self.limit:
            return None
        self.records.append((key, value, headers))
        return self

    def size(self) -> int:
        return sum(len(value or b"") for _, value, _ in self.records)


@dataclass
class Cluster:
    """Topics, committed offsets, producers' epochs and the members of groups."""

    topics: dict[str, int]
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    reachable: bool = True
    commits: bool = True
    log: dict[TopicPartition, list[ARecord]] = field(default_factory=lambda: defaultdict(list))
    offsets: dict[tuple[str, TopicPartition], int] = field(default_factory=dict)
    # What a coordinator knows that is cut off from the others: a producer asks it until that has to
    # take an offset, and cannot.
    cut_off: dict[tuple[str, TopicPartition], int] = field(default_factory=dict)
    epochs: Counter[str] = field(default_factory=Counter)
    members: list["MemoryConsumer"] = field(default_factory=list)
    failures: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    calls: list[str] = field(default_factory=list)
    servers: str = "memory:9092"
    server_options: str = "memory:9092"

    def publish(self, topic: str, partition: int, *values: bytes | None, key: bytes = b"k") -> None:
        log = self.log[TopicPartition(topic, partition)]
        for value in values:
            log.append(ARecord(value, key=key, topic=topic, partition=partition, offset=len(log)))

    def read(self, topic: str) -> list[ARecord]:
        return [
            record for tp, log in sorted(self.log.items()) if tp.topic == topic for record in log
        ]

    def fail(self, call: str, *errors: Exception) -> None:
        """Make the next calls of one name fail, one error each."""
        self.failures[call].extend(errors)

    def check(self, call: str) -> None:
        self.calls.append(call)
        if not self.reachable:
            raise KafkaConnectionError("the cluster is away")
        if self.failures[call]:
            raise self.failures[call].pop(0)

    async def rebalance(self) -> None:
        for member in self.members:
            await member.listener.on_partitions_revoked(member.assigned)
        for number, member in enumerate(self.members):
            member.assigned = {
                TopicPartition(topic, partition)
                for topic in member.subscribed
                for partition in range(self.topics[topic])
                if partition % len(self.members) == number
            }
            await member.listener.on_partitions_assigned(member.assigned)

    def admin(self) -> "MemoryAdmin":
        return MemoryAdmin(self)

    def consumer(self, group: str, fetch_bytes: int) -> "MemoryConsumer":
        return MemoryConsumer(self, group)

    def reader(self, topic: str) -> Any:
        raise NotImplementedError

    def partition_reader(self, partition: TopicPartition) -> Any:
        raise NotImplementedError

    def single_records(self, partition: TopicPartition) -> Any:
        raise NotImplementedError

    def producer(self, transactional_id: str) -> "MemoryProducer":
        return MemoryProducer(self, transactional_id)


@dataclass
class MemoryAdmin:
    cluster: Cluster

    async def start(self) -> None:
        self.cluster.check("admin.start")

    async def close(self) -> None:
        pass

    async def list_topics(self) -> list[str]:
        return [*self.cluster.topics]

    async def describe_topics(self, topics: list[str]) -> list[Any]:
        self.cluster.check("describe_topics")
        missing = UnknownTopicOrPartitionError.errno
        return [
            {
                "topic": topic,
                "error_code": 0 if topic in self.cluster.topics else missing,
                "partitions": [
                    {"partition": number, "leader": 1, "replicas": [1], "isr": [1]}
                    for number in range(self.cluster.topics.get(topic, 0))
                ],
            }
            for topic in topics
        ]

    async def create_topics(self, new_topics: list[Any]) -> Any:
        raise NotImplementedError

    async def describe_configs(self, config_resources: list[Any]) -> list[Any]:
        self.cluster.check("describe_configs")
        refused = TopicAuthorizationFailedError.errno
        settings = {each.name: self.cluster.settings.get(each.name) for each in config_resources}
        return [
            SimpleNamespace(
                resources=[
                    (refused if found is None else 0, "", 2, name, [*(found or {}).items()])
                    for name, found in settings.items()
                ]
            )
        ]


@dataclass
class MemoryConsumer:
    cluster: Cluster
    group: str
    subscribed: Sequence[str] = ()
    listener: Any = None
    assigned: set[TopicPartition] = field(default_factory=set)
    positions: dict[TopicPartition, int] = field(default_factory=dict)

    def subscribe(self, topics: Sequence[str], *, listener: Any) -> None:
        self.subscribed, self.listener = topics, listener

    async def start(self) -> None:
        self.cluster.check("consumer.start")
        self.cluster.members.append(self)
        await self.cluster.rebalance()

    async def stop(self) -> None:
        if self in self.cluster.members:
            self.cluster.members.remove(self)
            await self.cluster.rebalance()

    def check(self) -> None:
        if self.cluster.failures["check"]:
            raise self.cluster.failures["check"].pop(0)

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    async def seek_to_beginning(self, *partitions: TopicPartition) -> object:
        self.positions.update(dict.fromkeys(partitions, 0))
        return True

    async def getmany(
        self, partition: TopicPartition, *, timeout_ms: int, max_records: int | None
    ) -> dict[TopicPartition, list[Record]]:
        self.cluster.check("getmany")
        start = self.positions[partition]
        records: list[Record] = [*self.cluster.log[partition][start : start + (max_records or 1)]]
        self.positions[partition] += len(records)
        await asyncio.sleep(0 if records else 0.001)
        return {partition: records} if records else {}

    async def position(self, partition: TopicPartition) -> int:
        return self.positions[partition]

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        return len(self.cluster.log[partition])


@dataclass
class MemoryProducer:
    cluster: Cluster
    name: str
    epoch: int = 0
    pending: list[Callable[[], None]] = field(default_factory=list)
    knows: Mapping[tuple[str, TopicPartition], int] = field(default_factory=dict)

    async def start(self) -> None:
        self.cluster.check("producer.start")
        self.knows = self.cluster.cut_off
        self.cluster.epochs[self.name] += 1
        self.epoch = self.cluster.epochs[self.name]

    async def stop(self) -> None:
        self.pending.clear()

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(self.cluster.topics[topic]))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        self.pending.clear()
        yield
        await asyncio.sleep(0)
        while not self.cluster.commits:
            await asyncio.sleep(0.001)
        self.check_epoch()
        self.cluster.check("commit")
        for write in self.pending:
            write()

    def create_batch(self) -> MemoryBatch:
        return MemoryBatch(limit=1_000)

    async def send_batch(
        self, batch: MemoryBatch, topic: str, *, partition: int
    ) -> asyncio.Future[Any]:
        self.check_epoch()
        self.cluster.check("send_batch")
        log = self.cluster.log[TopicPartition(topic, partition)]

        def write() -> None:
            for key, value, headers in batch.records:
                log.append(ARecord(value, tuple(headers), key, topic, partition, len(log)))

        self.pending.append(write)
        return asyncio.create_task(self._acknowledge(len(log)))

    async def _acknowledge(self, offset: int) -> ARecord:
        await asyncio.sleep(0)
        self.cluster.calls.append("acknowledged")
        return ARecord(None, offset=offset)

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, int], group_id: str
    ) -> None:
        self.check_epoch()
        self.cluster.check("send_offsets")
        self.pending.append(
            lambda: self.cluster.offsets.update({(group_id, tp): o for tp, o in offsets.items()})
        )
        self.knows = self.cluster.offsets

    async def committed(self, partition: TopicPartition, group_id: str) -> int | None:
        self.cluster.check("committed")
        return self.knows.get((group_id, partition))

    def check_epoch(self) -> None:
        if self.epoch != self.cluster.epochs[self.name]:
            raise ProducerFenced
