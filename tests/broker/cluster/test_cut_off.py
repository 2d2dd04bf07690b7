"""What a broker says that is cut off from its peers and not from clients, and what we make of it.

It shows that the trouble is there: where a Kafka is wiser one day, much of our trouble can go.
"""

import asyncio
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.client import AIOKafkaClient, CoordinationType
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
# Each time that another broker is asked, two of three know who coordinates now.
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


async def test_a_coordinator_that_is_cut_off_in_mid_commit_holds_nobody_up(
    cluster: Cluster,
) -> None:
    """It says for ever that the transaction has not ended; a producer asks for the next one."""
    servers, network = cluster.bootstrap_servers, cluster.network
    assert network
    await until_coordinated(servers)
    name = "cut-off-in-mid-commit"
    # Who asks again hears that what it began has not ended: this one is to wait for its answer.
    before = clients_of(servers, session_ms=LIMIT * 1000).producer(name)
    after = clients_of(servers).producer(name)
    await before.start()
    old = await state.coordinator(servers, name, state.TRANSACTION)
    keeper = old % len(cluster.brokers) + 1
    async with an_admin(servers) as admin:
        await admin.create_topics([NewTopic("out", -1, -1, {0: [keeper]})])
    await state.until_whole(servers, LIMIT)
    try:
        async with before.transaction():
            batch = before.create_batch()
            batch.append(timestamp=None, key=b"", value=b"", headers=[])
            await (await before.send_batch(batch, "out", partition=0))
            network.cut_from_peers(keeper - 1)
        network.join(keeper - 1)  # who alone has to hear that the transaction has ended
        network.cut_from_peers(old - 1)  # and hears it from the next one
        sender: Any = after._sender  # type: ignore[attr-defined]  # noqa: SLF001 - one in three finds the old one by itself
        sender._coordinators[CoordinationType.TRANSACTION] = old  # noqa: SLF001 - likewise
        async with asyncio.timeout(LIMIT):
            await after.start()
    finally:
        await before.stop()
        await after.stop()
        network.join(keeper - 1)
        network.join(old - 1)
