"""Reads what waits for a person, and publishes what simulated people say of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.kafka.clients import KafkaClients
from services.kafka.connected import following, reading
from services.local.load.publisher import publishing
from services.local.reviewers.desk import Desk
from services.local.reviewers.pace import Pace
from services.messages.cloudevents import context
from services.messages.events import JUDGED
from services.messages.judgement import Judgement
from services.messages.record import Header

SOURCE = "/inquiry-triage/simulated-reviewers"
LOOK_MS = 100
# Taken at a time: what is said of so many is acknowledged together.
RECORDS = 500


@dataclass(frozen=True)
class Ends:
    """When it is over: after so many judged, or so many seconds without a record; else never."""

    judged: float = float("inf")
    idle_seconds: float = float("inf")


@dataclass(frozen=True)
class Review:
    """How what waits is judged.

    Args:
        desk: Judges what lies on its topics.
        topic: Where judgements go.
        ends: When it is over.
        pace: How fast; as fast as it can where there is none.
    """

    desk: Desk
    topic: str
    ends: Ends = Ends()
    pace: Pace | None = None

    @property
    def over(self) -> bool:
        """Whether enough is judged."""
        return self.desk.judged >= self.ends.judged


async def run_through(
    review: Review,
    clients: KafkaClients,
    clock: Callable[[], float],
    progress: Callable[[], None] = lambda: None,
    *,
    from_now: bool = False,
) -> None:
    """Judge what has waited and what comes, each on the partition number of its inquiry.

    Args:
        review: What to do.
        clients: Knows how to connect.
        clock: Tells the seconds, only ever forward.
        progress: Called ten times a second at least, or at the pace.
        from_now: Whether what waits already is left alone.

    Raises:
        KafkaError: Kafka refused something, or answers no more.
    """
    connected = following if from_now else reading
    async with (
        publishing(clients) as producer,
        connected(clients.connection(), review.desk.sources) as consumer,
    ):
        last = clock()
        while not review.over and clock() - last < review.ends.idle_seconds:
            progress()
            if await _judge_some(review, consumer, producer):
                last = clock()


async def _judge_some(
    review: Review, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer
) -> int:
    """Judge some of what waits, and return how many records that was."""
    most = 1 if review.pace else RECORDS
    batches = await consumer.getmany(timeout_ms=LOOK_MS, max_records=most)
    records = [record for batch in batches.values() for record in batch]
    sent = []
    for record in records:
        if review.over:
            break
        if review.pace:
            await review.pace.wait()
        said = review.desk.judge(record)
        if said and review.pace:
            review.pace.take()
        sent += [await _send(producer, review.topic, each) for each in said]
    await asyncio.gather(*sent)
    return len(records)


async def _send(
    producer: AIOKafkaProducer, topic: str, judgement: Judgement
) -> asyncio.Future[object]:
    headers: list[Header] = [
        ("ce_id", judgement.id.encode()),
        *context(JUDGED, SOURCE, judgement.at),
    ]
    sending: asyncio.Future[object] = await producer.send(
        topic,
        msgspec.json.encode(judgement),
        partition=judgement.record.partition,
        headers=headers,
    )
    return sending
