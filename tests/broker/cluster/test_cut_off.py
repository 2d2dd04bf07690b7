"""What a broker says that is cut off from its peers and not from clients, and what we make of it.

It shows that the trouble is there: where a Kafka is wiser one day, much of our trouble can go.
"""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import KafkaError
from aiokafka.protocol.commit import OffsetFetchRequest

from services.kafka.clients import KafkaClients, connect
from services.kafka.connected import an_admin, started
from services.kafka.own_producer import offset_in
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
LIMIT = 60


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


async def start_afresh(make: Callable[[], Producer]) -> Producer:
    """Start a producer, and another where that is given up, as a worker does."""
    async with asyncio.timeout(2 * LIMIT):
        while True:
            producer = make()
            try:
                await producer.start()
            except KafkaError:
                await producer.stop()
            else:
                return producer


async def commit_afresh(clients: KafkaClients, name: str, offset: int) -> None:
    """Commit, with as many producers as it takes."""
    while True:
        producer = await start_afresh(lambda: clients.producer(name))
        try:
            return await commit(producer, offset)
        except KafkaError:
            continue
        finally:
            await producer.stop()


async def until_coordinated(servers: str) -> None:
    """Wait until all replicas keep up, those of the topics of coordinators among them."""
    async with an_admin(servers) as admin:
        await admin.create_topics([NewTopic(PLACE.topic, 1, 3)])
    async with started(clients_of(servers).producer("first")) as first:
        await commit(first, 1)
    await state.until_whole(servers, LIMIT)


async def an_id_of_another(servers: str, broker: int) -> str:
    """Return a transactional id that another broker coordinates."""
    for number in count():
        name = f"id-{number}"
        if await state.coordinator(servers, name, state.TRANSACTION) != broker:
            return name
    raise AssertionError


def clients_of(servers: str, session_ms: int = 2_000) -> KafkaClients:
    settings = KafkaSettings(bootstrap_servers=servers, session_timeout_ms=session_ms)
    return connect(settings, "test")


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
    await until_coordinated(servers)
    old = await state.coordinator(servers, GROUP, state.GROUP)
    name = await an_id_of_another(servers, old)
    server = servers.split(",")[old - 1]
    await commit_afresh(clients, name, 5)
    assert cluster.network
    cluster.network.cut_from_peers(old - 1)
    try:
        await commit_afresh(clients, name, 9)  # done once another broker coordinates the group
        assert await says(server, old) in {1, 5}  # the latter once that transaction has ended
        after = await start_afresh(lambda: clients_of(server).producer(name))
        sender: Any = after._sender  # type: ignore[attr-defined]  # noqa: SLF001 - one in three finds the old one by itself
        sender._coordinators[CoordinationType.GROUP] = old  # noqa: SLF001 - likewise
        try:
            async with after.transaction():
                await after.send_offsets_to_transaction({PLACE: 0}, GROUP)
                assert await after.committed(PLACE, GROUP) == 9
        finally:
            await after.stop()
    finally:
        cluster.network.join(old - 1)
