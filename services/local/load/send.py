"""Sends a load through running services and follows each inquiry to its last topic."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from services.errors import TriageError
from services.kafka.clients import KafkaClients
from services.kafka.connected import following
from services.kafka.errors import remedy_for, with_cause
from services.kafka.topics import check_topics_exist
from services.local.load.arrivals import Arrivals
from services.local.load.generator import Generator, Load
from services.local.load.latency import LoadFigures, quantiles_of
from services.local.load.publisher import publishing
from services.operate.installation import Installation

LOOK_MS = 100
# What was to come twice would have, once nothing has come for so long.
QUIET_SECONDS = 0.5


async def send_load(
    clients: KafkaClients,
    installation: Installation,
    load: Load,
    now: Callable[[], float],
    wait_seconds: float,
) -> LoadFigures:
    """Send a load, and wait until each inquiry has come back.

    Args:
        clients: Knows how to connect.
        installation: Whose topics to publish to and to look at.
        load: What to send, and when.
        now: A clock, in seconds, that only goes forward.
        wait_seconds: What has not come back so long after the last was sent is lost.

    Raises:
        ConfigurationError: A topic does not exist.
        TriageError: Kafka refused something, or answers no more.
    """
    try:
        with with_cause():
            await _check_topics(clients, installation)
            return await _send(clients, installation, load, now, wait_seconds)
    except KafkaError as error:
        raise TriageError(
            remedy_for(error, {installation.received_topic})
            or f"The load could not be sent through {clients.servers} ({type(error).__name__}): "
            "see that a broker runs there, and that the settings KAFKA_… are those it asks for."
        ) from None


async def _check_topics(clients: KafkaClients, installation: Installation) -> None:
    topics = {installation.received_topic, *installation.final_topics}
    admin = clients.admin()
    try:
        with with_cause():
            await admin.start()
        await check_topics_exist(admin, topics, clients.servers)
    finally:
        await admin.close()


async def _send(
    clients: KafkaClients,
    installation: Installation,
    load: Load,
    now: Callable[[], float],
    wait_seconds: float,
) -> LoadFigures:
    async with (
        publishing(clients) as producer,
        following(clients.connection(), installation.final_topics) as consumer,
    ):
        partitions = len(await producer.partitions_for(installation.received_topic))
        began = now()
        follower = _Follower(consumer, load, lambda: now() - began)
        generator = Generator(load, follower.clock)
        sending = asyncio.create_task(
            generator.send(producer, installation.received_topic, partitions)
        )
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
