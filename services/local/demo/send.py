"""Publishes inquiries and follows each of them to where it comes out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import monotonic

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from services.kafka.connected import following, started
from services.local.demo.outcome import LINE, Outcome
from services.local.exactly_once import Account
from services.local.examples import key_of
from services.operate.installation import Installation

STALLED_SECONDS = 60
QUIET_SECONDS = 0.5


async def send_through(
    servers: str,
    installation: Installation,
    lines: Sequence[bytes],
    progress: Callable[[int], None],
) -> Outcome:
    """Publish each line as a record, and wait until each has come out.

    What has not come out after 60 s in which nothing did is missing from the outcome.

    Args:
        servers: The brokers to ask.
        installation: Whose topics to publish to and to look at.
        lines: The values of the records.
        progress: Told how many have come out, twice a second at least.

    Raises:
        KafkaError: Kafka refused a record, or answers no more.
    """
    progress(0)  # from here on, and not before, Ctrl-C is asyncio's to handle
    written = {installation.classifier.output_topic, *installation.final_topics}
    outcome = Outcome(installation, Account(range(1, len(lines) + 1)))
    async with following({"bootstrap_servers": servers}, written) as consumer:
        started = monotonic()
        async with _publishing(servers, installation.received_topic, lines) as publishing:
            async for records in _arriving(consumer):
                if publishing.done():
                    publishing.result()
                for record in records:
                    outcome.note(record)
                if records:
                    outcome.seconds = monotonic() - started
                progress(outcome.account.arrived)
                # One more look after the last is what would show that any came out twice.
                if outcome.complete and not records:
                    break
    return outcome


@asynccontextmanager
async def _publishing(
    servers: str, topic: str, lines: Sequence[bytes]
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(_publish(servers, topic, lines))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _arriving(consumer: AIOKafkaConsumer) -> AsyncIterator[list[ConsumerRecord]]:
    """Yield what has come out, or nothing after half a second; end after a minute of nothing."""
    last = monotonic()
    while monotonic() - last < STALLED_SECONDS:
        batches = await consumer.getmany(timeout_ms=int(QUIET_SECONDS * 1000))
        if batches:
            last = monotonic()
        yield [record for records in batches.values() for record in records]


async def _publish(servers: str, topic: str, lines: Sequence[bytes]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, enable_idempotence=True, linger_ms=5, max_batch_size=262_144
    )
    async with started(producer):
        sent = [
            await producer.send(
                topic, value=line, key=key_of(line), headers=[(LINE, b"%d" % number)]
            )
            for number, line in enumerate(lines, start=1)
        ]
        await asyncio.gather(*sent)
