"""Publishes inquiries and follows each to where it comes out, and back from people."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic

from aiokafka import AIOKafkaConsumer, ConsumerRecord

from services.kafka.clients import KafkaClients
from services.kafka.connected import following
from services.local.demo.outcome import LINE, Outcome
from services.local.examples import key_of
from services.local.load.publisher import publishing
from services.local.reviewers.desk import Desk
from services.local.reviewers.review import Review, run_through

STALLED_SECONDS = 60
QUIET_SECONDS = 0.5


@dataclass
class Sending:
    """Follows what was published to where it comes out.

    Args:
        consumer: Reads the topics on which it does.
        outcome: Takes note of all that comes.
        check: Called twice a second at least; raises where something has failed.
        note: Called with each record before the outcome, and tells whether that is all.
    """

    consumer: AIOKafkaConsumer
    outcome: Outcome
    check: Callable[[], None]
    note: Callable[[ConsumerRecord], bool]

    async def until_complete(self) -> None:
        """Wait until all has arrived; what has not after 60 s of nothing is missing."""
        started = last = monotonic()
        while monotonic() - last < STALLED_SECONDS:
            arrived = self.outcome.account.arrived
            came = await self.look()
            if came:
                last = monotonic()
            if self.outcome.account.arrived > arrived:
                self.outcome.seconds = monotonic() - started
            # One more look after the last is what would show that any came out twice.
            if self.outcome.complete and not came:
                break

    async def look(self) -> int:
        """Take note of what has come out, and return how much, or 0 after half a second."""
        batches = await self.consumer.getmany(timeout_ms=int(QUIET_SECONDS * 1000))
        records = [record for batch in batches.values() for record in batch]
        for record in records:
            if not self.note(record):
                self.outcome.note(record)
        self.check()
        return len(records)


async def send_through(
    clients: KafkaClients,
    outcome: Outcome,
    desk: Desk,
    lines: Sequence[bytes],
    progress: Callable[[], None],
) -> None:
    """Publish each line as a record, let people judge what waits, and wait until all has arrived.

    What has not after 60 s in which nothing did is missing from the outcome.

    Args:
        clients: Knows how to connect.
        outcome: Takes note of all that comes.
        desk: The simulated people.
        lines: The values of the records.
        progress: Called twice a second at least.

    Raises:
        KafkaError: Kafka refused a record, or answers no more.
    """
    review = Review(desk, outcome.installation.settler.input_topic)
    judging = partial(run_through, review, clients, monotonic)
    async with sending(clients, outcome, lines, progress, beside=[judging]) as sent:
        await sent.until_complete()


@asynccontextmanager
async def sending(  # noqa: PLR0913 - what is done, and who hears of it
    clients: KafkaClients,
    outcome: Outcome,
    lines: Sequence[bytes],
    progress: Callable[[], None],
    *,
    beside: Sequence[Callable[[], Coroutine[None, None, None]]] = (),
    also: Collection[str] = (),
    note: Callable[[ConsumerRecord], bool] = lambda _: False,
) -> AsyncIterator[Sending]:
    """Publish each line as a record while the block runs, with some other work.

    Args:
        clients: Knows how to connect.
        outcome: Takes note of all that comes.
        lines: The values of the records.
        progress: Called twice a second at least.
        beside: What is done at the same time; begun once Kafka answers.
        also: Topics to follow besides those that the services write.
        note: Called with each record before the outcome, and tells whether that is all.
    """
    progress()  # from here on, and not before, Ctrl-C is asyncio's to handle
    installation, settler = outcome.installation, outcome.installation.settler
    written = {installation.classifier.output_topic, *installation.final_topics, *also}
    written |= {settler.audit_topic, settler.settled_topic, settler.not_ours_topic}
    async with following(clients.connection(), written) as consumer:
        publishing = _publish(clients, installation.received_topic, lines)
        async with _beside(publishing, *[begin() for begin in beside]) as check_work:

            def check() -> None:
                check_work()
                progress()

            yield Sending(consumer, outcome, check, note)


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


async def _publish(clients: KafkaClients, topic: str, lines: Sequence[bytes]) -> None:
    async with publishing(clients) as producer:
        sent = [
            await producer.send(
                topic, value=line, key=key_of(line), headers=[(LINE, b"%d" % number)]
            )
            for number, line in enumerate(lines, start=1)
        ]
        await asyncio.gather(*sent)
