"""Clients that are connected for as long as a block runs."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

CLOSE_SECONDS = 5

C = TypeVar("C", AIOKafkaConsumer, AIOKafkaProducer)


@asynccontextmanager
async def started(client: C) -> AsyncIterator[C]:
    """Start a client, and stop it at the end, with or without its broker."""
    try:
        await client.start()
        yield client
    finally:
        # In a task of its own: with the broker gone, aiokafka's clients may end by the cancellation
        # of their own parts, which is none of ours, or not end at all.
        await asyncio.wait([asyncio.create_task(client.stop())], timeout=CLOSE_SECONDS)


@asynccontextmanager
async def reading(
    connection: Mapping[str, Any], topics: Iterable[str]
) -> AsyncIterator[AIOKafkaConsumer]:
    """Connect a consumer, of no group, that reads all that is committed on some topics."""
    consumer = AIOKafkaConsumer(
        *topics, **connection, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    async with started(consumer):
        yield consumer


@asynccontextmanager
async def following(
    connection: Mapping[str, Any], topics: Iterable[str]
) -> AsyncIterator[AIOKafkaConsumer]:
    """Connect likewise a consumer that reads what is committed from now on."""
    async with reading(connection, topics) as consumer:
        await consumer.seek_to_end()
        yield consumer


@asynccontextmanager
async def an_admin(servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Return an admin client for as long as the block runs."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()
