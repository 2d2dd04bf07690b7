"""Publishes inquiries and follows each of them to where it comes out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from time import monotonic

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from services.local.clients import following, started
from services.local.outcome import LINE, Outcome, Topics

STALLED_SECONDS = 60
QUIET_SECONDS = 0.5


class _Keyed(msgspec.Struct):
    id: str | None = None
    reference: str | None = None


async def send_through(
    servers: str, topics: Topics, lines: Sequence[bytes], progress: Callable[[int], None]
) -> Outcome:
    """Publish each line as a record, and wait until each has come out.

    What has not come out after 60 s in which nothing did is missing from the outcome.

    Args:
        servers: The brokers to ask.
        topics: Where to publish and where to look.
        lines: The values of the records.
        progress: Told how many have come out, twice a second at least.

    Raises:
        KafkaError: Kafka refused a record, or answers no more.
    """
    outcome = Outcome(topics, published=len(lines))
    async with following({"bootstrap_servers": servers}, topics.written) as consumer:
        started = monotonic()
        async with _publishing(servers, topics.received, lines) as publishing:
            async for records in _arriving(consumer):
                if publishing.done():
                    publishing.result()
                for record in records:
                    outcome.note(record)
                if records:
                    outcome.seconds = monotonic() - started
                progress(outcome.arrived)
                # One more look after the last is what would show that any came out twice.
                if outcome.complete and not records:
                    break
    return outcome


def key_of(line: bytes) -> bytes | None:
    """Give the key that keeps the messages of one case in order: its reference, or its id."""
    try:
        keyed = msgspec.json.decode(line, type=_Keyed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    key = keyed.reference or keyed.id
    return key.encode() if key else None


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
