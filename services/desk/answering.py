"""What Kafka does not answer in time becomes a sentence for the person who waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiokafka.errors import KafkaError

from services.desk.interface import AwayError
from services.kafka.errors import describe

# A person waits no longer; a broker that is there answers in milliseconds.
AWAY_SECONDS = 4

log = structlog.get_logger()


@asynccontextmanager
async def answering() -> AsyncIterator[None]:
    """Wait for what a block asks of Kafka, for some seconds.

    Raises:
        AwayError: It did not answer, or refused.
    """
    try:
        async with asyncio.timeout(AWAY_SECONDS):
            yield
    except (KafkaError, TimeoutError, OSError) as error:
        log.warning("desk.kafka_away", error=describe(error))
        raise AwayError(
            "Kafka does not answer just now: nothing is lost, send it again in a moment."
        ) from None
