"""What a cluster says of itself: who leads, who coordinates, and whether all replicas keep up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.broker.at_rest import until

ANSWER_MS = 3_000
PAUSE = 0.5
GROUP, TRANSACTION = 0, 1


@asynccontextmanager
async def _admin(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=ANSWER_MS)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def until_whole(servers: str, limit: float) -> None:
    """Wait until every partition is led by whom it should be, and all of its replicas keep up.

    Raises:
        TimeoutError: It is not so after `limit` seconds.
    """

    async def asked() -> bool:
        found = await _whole(servers)
        if not found:
            await asyncio.sleep(PAUSE)  # lest what it asks is what brokers that start have to do
        return found

    await until(asked, limit)


async def _whole(servers: str) -> bool:
    try:
        async with _admin(servers) as admin:
            topics = await admin.describe_topics()
    except (KafkaError, OSError, TimeoutError):  # a broker that is just coming back
        return False
    partitions = [each for topic in topics for each in topic["partitions"]]
    return all(
        each["leader"] == each["replicas"][0] and len(each["isr"]) == len(each["replicas"])
        for each in partitions
    )


async def leader(servers: str, topic: str, partition: int) -> int:
    """Return which broker leads a partition."""
    async with _admin(servers) as admin:
        [found] = await admin.describe_topics([topic])
    leaders: dict[int, int] = {each["partition"]: each["leader"] for each in found["partitions"]}
    return leaders[partition]


async def coordinator(servers: str, name: str, kind: int) -> int:
    """Return which broker coordinates a group or a transactional id."""
    async with _admin(servers) as admin:
        found: int = await admin.find_coordinator(name, kind)
        return found
