"""What a load needs of Kafka before it is sent: its topics, and a client that writes."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer

from services.errors import ConfigurationError
from services.local.clients import started
from services.stream.kafka import KafkaClients

BATCH_BYTES = 262_144


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
    async with started(producer):
        yield producer
