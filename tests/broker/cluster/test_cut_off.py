"""What a broker says that is cut off from its peers and not from clients, and what we make of it.

It shows that the trouble is there: where a Kafka is wiser one day, much of our trouble can go.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.protocol.commit import OffsetFetchRequest

from services.kafka.clients import KafkaClients, connect, offset_in
from services.kafka.connected import an_admin, started
from services.kafka.protocols import Producer
from services.kafka.settings import KafkaSettings
from services.local.console.temporary_folder import temporary_folder
from tests.broker.cluster import state
from tests.broker.cluster.cluster import Cluster, three_brokers
from tests.broker.cluster.network import why_not

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(why_not() is not None, reason=f"{why_not()}"),
]

GROUP = "group"
PLACE = TopicPartition("in", 0)


@pytest.fixture(scope="module")
def cluster(can_embed: None) -> Iterator[Cluster]:
    """Three brokers, each where it can be cut off."""
    with (
        temporary_folder("triage-tests-") as folder,
        three_brokers(folder, on_loopback=False) as cluster,
    ):
        yield cluster


async def commit(producer: Producer, offset: int) -> None:
    async with producer.transaction():
        await producer.send_offsets_to_transaction({PLACE: offset}, GROUP)


async def an_id_of_another(servers: str, broker: int) -> str:
    """Return a transactional id that another broker coordinates."""
    for number in count():
        name = f"id-{number}"
        if await state.coordinator(servers, name, state.TRANSACTION) != broker:
            return name
    raise AssertionError


def clients_of(servers: str) -> KafkaClients:
    return connect(KafkaSettings(bootstrap_servers=servers, session_timeout_ms=2_000), "test")


async def says(server: str, broker: int) -> int | None:
    """Ask a broker itself what a group has committed."""
    client = AIOKafkaClient(bootstrap_servers=server)
    await client.bootstrap()
    try:
        asked = OffsetFetchRequest(GROUP, [(PLACE.topic, [PLACE.partition])])
        return offset_in(await client.send(broker, asked), PLACE)
    finally:
        await client.close()


async def test_a_coordinator_that_is_cut_off_tells_an_old_offset_and_is_not_believed(
    cluster: Cluster,
) -> None:
    """It answers from what it had; whoever has it take an offset first asks the next one."""
    servers = cluster.bootstrap_servers
    clients = clients_of(servers)
    async with an_admin(servers) as admin:
        await admin.create_topics([NewTopic(PLACE.topic, 1, 3)])
    first = clients.producer("first")
    async with started(first):
        await commit(first, 1)  # from now on there are coordinators
    old = await state.coordinator(servers, GROUP, state.GROUP)
    name = await an_id_of_another(servers, old)
    server = servers.split(",")[old - 1]
    before, after = clients.producer(name), clients_of(server).producer(name)
    await before.start()
    await commit(before, 5)
    assert cluster.network
    cluster.network.cut_from_peers(old - 1)
    try:
        await commit(before, 9)  # which is done once another broker coordinates the group
        assert await says(server, old) in {1, 5}  # the latter once that transaction has ended
        await after.start()
        sender: Any = after._sender  # type: ignore[attr-defined]  # noqa: SLF001 - one in three finds the old one by itself
        sender._coordinators[CoordinationType.GROUP] = old  # noqa: SLF001 - likewise
        async with after.transaction():
            await after.send_offsets_to_transaction({PLACE: 0}, GROUP)
            assert await after.committed(PLACE, GROUP) == 9
    finally:
        await before.stop()
        await after.stop()
        cluster.network.join(old - 1)
