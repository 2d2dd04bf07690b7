"""The client that publishes a load."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from services.kafka.clients import KafkaClients
from services.kafka.connected import started

BATCH_BYTES = 262_144


@asynccontextmanager
async def publishing(clients: KafkaClients) -> AsyncIterator[AIOKafkaProducer]:
    """Connect a producer that repeats nothing and sends what is there without waiting for more.

    While a request is on its way, what comes is gathered for the next: under load these grow.
    """
    producer = AIOKafkaProducer(
        **clients.connection(), enable_idempotence=True, max_batch_size=BATCH_BYTES
    )
    async with started(producer):
        yield producer
