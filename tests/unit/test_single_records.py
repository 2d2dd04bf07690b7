"""What a judgement names is looked for at the partition's leader, and at no broker that was it."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import LeaderNotAvailableError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataResponse_v5

from services.kafka.single_records import SingleRecordsOf
from tests.unit.test_lenient_records import PARTITION, a_batch, an_answer

CUT_OFF, OTHER, LEADER = 1, 2, 3
HAS = {CUT_OFF: 3, OTHER: 3, LEADER: 6}


def names(leader: int) -> MetadataResponse_v5:
    partition: Any = (0, PARTITION.partition, leader, [*HAS], [leader], [])
    brokers = [(each, "broker", 9092, None) for each in HAS]
    return MetadataResponse_v5(
        0, brokers, "cluster", leader, [(0, PARTITION.topic, False, [partition])]
    )


@dataclass
class Brokers:
    """Three of them, of which the first is cut off from the others, if so is said.

    They play the consumer too, which asks them for their metadata in this order.
    """

    asked: list[int]
    named: dict[int, int] = field(
        default_factory=lambda: {CUT_OFF: CUT_OFF, OTHER: LEADER, LEADER: LEADER}
    )
    cluster: ClusterMetadata = field(default_factory=ClusterMetadata)

    def __post_init__(self) -> None:
        self.cluster.update_metadata(names(self.named[self.asked.pop(0)]))

    @property
    def _client(self) -> "Brokers":
        return self

    async def force_metadata_update(self) -> None:
        self.cluster.update_metadata(names(self.named[self.asked.pop(0)]))

    async def send(self, node: int, request: Any, **_: Any) -> Any:
        if isinstance(request, FetchRequest):
            return an_answer(a_batch(first=3))
        return names(self.named[node])

    async def beginning_offsets(self, _: Any) -> dict[Any, int]:
        return {PARTITION: 0}

    async def end_offsets(self, _: Any) -> dict[Any, int]:
        return {PARTITION: HAS[self.cluster.leader_for_partition(PARTITION)]}


async def read(brokers: Brokers, offset: int, tries: int = 9) -> list[int]:
    reader: Any = SingleRecordsOf(brokers, PARTITION, tries)
    _, found = await reader.read({offset})
    return [*found]


async def test_what_a_broker_that_is_cut_off_lacks_is_read_elsewhere() -> None:
    """It names itself, and the others name another, who has the record."""
    brokers = Brokers([CUT_OFF, CUT_OFF, OTHER])
    assert await read(brokers, 4) == [4]
    assert brokers.asked == []


async def test_what_the_leader_lacks_is_not_there() -> None:
    """All brokers name the one that was asked: what it does not have is no record of anybody's."""
    brokers = Brokers([LEADER], named=dict.fromkeys(HAS, LEADER))
    assert await read(brokers, 6) == []


async def test_while_brokers_name_several_leaders_nothing_is_said_to_lack() -> None:
    """It fails, and is tried again: a judgement is no dead letter for that."""
    with pytest.raises(LeaderNotAvailableError):
        await read(Brokers([CUT_OFF] * 3), 4, tries=2)
