"""Publishes inquiries and follows each to where it comes out, and back from people."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from time import monotonic

from aiokafka import AIOKafkaConsumer, ConsumerRecord

from services.kafka.clients import KafkaClients
from services.kafka.connected import following
from services.local.demo.outcome import LINE, Outcome
from services.local.examples import key_of
from services.local.load.publisher import publishing
from services.local.reviewers.review import Review, run_through

STALLED_SECONDS = 60
QUIET_SECONDS = 0.5


async def send_through(
    clients: KafkaClients, outcome: Outcome, lines: Sequence[bytes], progress: Callable[[], None]
) -> None:
    """Publish each line as a record, let people judge what waits, and wait until all has arrived.

    What has not after 60 s in which nothing did is missing from the outcome.

    Args:
        clients: Knows how to connect.
        outcome: Takes note of all that comes.
        lines: The values of the records.
        progress: Called twice a second at least.

    Raises:
        KafkaError: Kafka refused a record, or answers no more.
    """
    progress()  # from here on, and not before, Ctrl-C is asyncio's to handle
    installation, settler = outcome.installation, outcome.installation.settler
    written = {installation.classifier.output_topic, *installation.final_topics}
    written |= {settler.audit_topic, settler.settled_topic, settler.not_ours_topic}
    review = Review(outcome.back.desk, settler.input_topic)
    async with following(clients.connection(), written) as consumer:
        started = monotonic()
        publishing = _publish(clients, installation.received_topic, lines)
        async with _beside(publishing, run_through(review, clients, monotonic)) as check:
            async for records in _arriving(consumer):
                check()
                arrived = outcome.account.arrived
                for record in records:
                    outcome.note(record)
                if outcome.account.arrived > arrived:
                    outcome.seconds = monotonic() - started
                progress()
                # One more look after the last is what would show that any came out twice.
                if outcome.complete and not records:
                    break


@asynccontextmanager
async def _beside(*work: Coroutine[None, None, None]) -> AsyncIterator[Callable[[], None]]:
    """Let some work be done while the block runs; what is given raises where it has failed."""
    tasks = [asyncio.create_task(each) for each in work]

    def check() -> None:
        for each in tasks:
            if each.done():
                each.result()

    try:
        yield check
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks)


async def _arriving(consumer: AIOKafkaConsumer) -> AsyncIterator[list[ConsumerRecord]]:
    """Yield what has come out, or nothing after half a second; end after a minute of nothing."""
    last = monotonic()
    while monotonic() - last < STALLED_SECONDS:
        batches = await consumer.getmany(timeout_ms=int(QUIET_SECONDS * 1000))
        if batches:
            last = monotonic()
        yield [record for records in batches.values() for record in records]


async def _publish(clients: KafkaClients, topic: str, lines: Sequence[bytes]) -> None:
    async with publishing(clients) as producer:
        sent = [
            await producer.send(
                topic, value=line, key=key_of(line), headers=[(LINE, b"%d" % number)]
            )
            for number, line in enumerate(lines, start=1)
        ]
        await asyncio.gather(*sent)
