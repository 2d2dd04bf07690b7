"""Sends a load through running services and follows each inquiry to its last topic."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from aiokafka import AIOKafkaConsumer

from services.kafka.clients import KafkaClients
from services.kafka.connected import following
from services.local.load.arrivals import Arrivals
from services.local.load.generator import Generator, Load
from services.local.load.latency import LoadFigures, quantiles_of
from services.local.load.publisher import publishing
from services.local.remedies import check_topics, with_remedy

LOOK_MS = 100
# What was to come twice would have, once nothing has come for so long.
QUIET_SECONDS = 0.5


class Ends(Protocol):
    """Where inquiries go in and where they end: an installation, or what is measured beside it."""

    @property
    def received_topic(self) -> str:
        """Where they go in."""

    @property
    def final_topics(self) -> frozenset[str]:
        """Every topic on which they end."""


async def send_load(
    clients: KafkaClients,
    ends: Ends,
    load: Load,
    now: Callable[[], float],
    wait_seconds: float,
) -> LoadFigures:
    """Send a load, and wait until each inquiry has come back.

    Args:
        clients: Knows how to connect.
        ends: Which topics to publish to and to look at.
        load: What to send, and when.
        now: A clock, in seconds, that only goes forward.
        wait_seconds: What has not come back so long after the last was sent is lost.

    Raises:
        ConfigurationError: A topic does not exist.
        TriageError: Kafka refused something, or answers no more.
    """
    writes = {ends.received_topic}
    with with_remedy(clients, "The load could not be sent", writes):
        await check_topics(clients, writes | ends.final_topics)
        return await _send(clients, ends, load, now, wait_seconds)


async def _send(
    clients: KafkaClients,
    ends: Ends,
    load: Load,
    now: Callable[[], float],
    wait_seconds: float,
) -> LoadFigures:
    async with (
        publishing(clients) as producer,
        following(clients.connection(), ends.final_topics) as consumer,
    ):
        partitions = len(await producer.partitions_for(ends.received_topic))
        began = now()
        follower = _Follower(consumer, load, lambda: now() - began)
        generator = Generator(load, follower.clock)
        sending = asyncio.create_task(generator.send(producer, ends.received_topic, partitions))
        try:
            await follower.follow(sending, wait_seconds)
        finally:
            sending.cancel()
            await asyncio.wait([sending])
    return figures_of(load, generator, follower.arrivals)


@dataclass
class _Follower:
    """Reads what comes back."""

    consumer: AIOKafkaConsumer
    load: Load
    clock: Callable[[], float]
    arrivals: Arrivals = field(init=False)
    _last: float = 0.0

    def __post_init__(self) -> None:
        self.arrivals = Arrivals(self.load.due)

    async def follow(self, sending: asyncio.Task[None], wait_seconds: float) -> None:
        """Read until all has been sent and has come back, or the wait for it is over."""
        until = float("inf")
        while (at := await self._look()) < until:
            if sending.done():
                sending.result()
                until = min(until, at + wait_seconds)
                if not self.arrivals.account.lost and at - self._last > QUIET_SECONDS:
                    return

    async def _look(self) -> float:
        """Note what has come, and give the time at which that was."""
        batches = await self.consumer.getmany(timeout_ms=LOOK_MS)
        at = self.clock()
        for records in batches.values():
            for record in records:
                number = self.load.tags.number(record)
                if number is not None:
                    self.arrivals.note(number, at)
                    self._last = at
        return at


def figures_of(load: Load, generator: Generator, arrivals: Arrivals) -> LoadFigures:
    """Put together what was offered, sent and seen."""
    count = len(load.due)
    return LoadFigures(
        inquiries=count,
        offered=count / load.seconds,
        published=count / generator.seconds,
        lost=arrivals.account.lost,
        doubled=arrivals.account.doubled,
        late=quantiles_of(generator.late),
        latency=quantiles_of(arrivals.latencies),
    )
