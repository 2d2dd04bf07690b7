"""A steady stream of inquiries without end."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from time import monotonic

import msgspec
from msgspec import Raw

from services.kafka.clients import KafkaClients
from services.local.examples import key_of
from services.local.load.arrivals import Tags
from services.local.load.generator import Generator, Load
from services.local.load.publisher import publishing
from services.local.load.schedule import poisson
from services.messages.codec import inquiries
from services.messages.rejection import RejectedError
from services.offline.lines import Line

# How long a schedule is that is drawn at once: nobody notices where the next one begins.
SCHEDULE_SECONDS = 60.0

_members = msgspec.json.Decoder(dict[str, Raw])


class JustReceived:
    """Inquiries, each as if it had been received at the moment when it is asked for.

    What cannot be read as an inquiry stays as it is.

    Args:
        lines: Their values, whenever they were received.
        now: Tells the time.
    """

    def __init__(self, lines: Sequence[bytes], now: Callable[[], datetime]) -> None:
        self._lines = lines
        self._now = now

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, place: int, /) -> bytes:
        line = self._lines[place]
        try:
            inquiries.read(Line(place, line))
        except RejectedError:
            return line
        return msgspec.json.encode({**_members.decode(line), "received_at": self._now()})


async def publish_steadily(
    clients: KafkaClients, topic: str, lines: Sequence[bytes], rate: float
) -> None:
    """Publish inquiries, each time in another order, at a rate a second, until cancelled.

    Raises:
        KafkaError: Kafka refused one.
    """
    random = Random()  # noqa: S311 - no secret
    tags = Tags("watch")
    async with publishing(clients) as producer:
        partitions = len(await producer.partitions_for(topic))
        while True:
            values = JustReceived(random.sample(lines, len(lines)), lambda: datetime.now(UTC))
            due = poisson(rate, SCHEDULE_SECONDS, random)
            load = Load(values, due, SCHEDULE_SECONDS, tags, key_of)
            await Generator(load, _stopwatch()).send(producer, topic, partitions)


def _stopwatch() -> Callable[[], float]:
    began = monotonic()
    return lambda: monotonic() - began
