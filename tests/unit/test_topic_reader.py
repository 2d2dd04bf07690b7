"""A topic is read to where it ends, at leaders that have what has to be there."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import TopicPartition

from services.errors import ConfigurationError
from services.kafka.topic_reader import read_topic
from services.messages.record import Record
from tests.engine.memory import Cluster

PLACE = TopicPartition("letters", 0)


@dataclass
class Reader:
    """Asks a broker that has so many records of the one partition, and then the next broker."""

    cluster: Cluster
    ends: list[int]
    at: int = 0

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def seek_to_beginning(self, *_: TopicPartition) -> None:
        self.at = 0

    async def end_offsets(self, _: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        return {PLACE: self.ends.pop(0)}

    async def position(self, _: TopicPartition) -> int:
        return self.at

    async def getmany(self, *_: Any, **__: Any) -> dict[TopicPartition, list[Record]]:
        records = self.cluster.log[PLACE]
        self.at = len(records)
        return {PLACE: [*records]}


@dataclass
class Brokers(Cluster):
    """Brokers of which the first to answer may be cut off from the others."""

    ends: tuple[int, ...] = ()

    def reader(self, topic: str) -> Reader:
        return Reader(self, [*self.ends])


def brokers(*ends: int) -> Brokers:
    found = Brokers({"letters": 1}, ends=ends)
    found.publish("letters", 0, b"1", b"2", b"3")
    return found


async def test_a_leader_that_is_none_any_more_is_not_read() -> None:
    """Where the end has to be behind a place, a broker that ends before it is not believed."""
    clients: Any = brokers(1, 1, 3)
    records = [each.value async for each in read_topic(clients, "letters", {PLACE: 2})]
    assert records == [b"1", b"2", b"3"]


async def test_a_topic_is_read_to_its_end_as_it_is_now() -> None:
    """Where nothing has to be there, the end is where the broker says."""
    clients: Any = brokers(2)
    records = [each.value async for each in read_topic(clients, "letters")]
    assert records == [b"1", b"2"]


async def test_a_topic_that_is_missing_is_named() -> None:
    """Nobody reads what does not exist, and nobody has it made by asking."""
    clients: Any = brokers()
    with pytest.raises(ConfigurationError, match="letter-box"):
        await anext(read_topic(clients, "letter-box"))
