"""The Kafka clients of a load: one that writes to the first topic, one that reads all the last."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.errors import ConfigurationError
from services.stream.kafka import KafkaClients

CLOSE_SECONDS = 5
BATCH_BYTES = 262_144

C = TypeVar("C", AIOKafkaConsumer, AIOKafkaProducer)


async def check_topics(clients: KafkaClients, topics: Collection[str]) -> None:
    """See that topics exist: to ask for one that does not would create it on many a broker.

    Raises:
        ConfigurationError: One does not exist.
        KafkaError: Kafka does not answer, or does not let this user in.
    """
    admin = clients.admin()
    try:
        await admin.start()
        missing = sorted(set(topics) - set(await admin.list_topics()))
    finally:
        await admin.close()
    if missing:
        raise ConfigurationError(
            f"Not on {clients.servers}, or hidden from this user: {', '.join(missing)}; create "
            "what is missing with `triage topics`, and set CLASSIFIER_… and ROUTER_… as for the "
            "services."
        )


@asynccontextmanager
async def publishing(clients: KafkaClients) -> AsyncIterator[AIOKafkaProducer]:
    """Connect a producer that repeats nothing and sends what is there without waiting for more.

    While a request is on its way, what comes is gathered for the next: under load these grow.
    """
    producer = AIOKafkaProducer(
        **clients.connection(), enable_idempotence=True, max_batch_size=BATCH_BYTES
    )
    async with _started(producer):
        yield producer


@asynccontextmanager
async def following(
    clients: KafkaClients, topics: Collection[str]
) -> AsyncIterator[AIOKafkaConsumer]:
    """Connect a consumer, of no group, that reads what is committed on some topics from now on."""
    consumer = AIOKafkaConsumer(
        *topics,
        **clients.connection(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    async with _started(consumer):
        await consumer.seek_to_end()
        yield consumer


@asynccontextmanager
async def _started(client: C) -> AsyncIterator[C]:
    try:
        await client.start()
        yield client
    finally:
        # As in `services.local.traffic`: without its broker a client may not end at all.
        await asyncio.wait([asyncio.create_task(client.stop())], timeout=CLOSE_SECONDS)
