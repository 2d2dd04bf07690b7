"""Sends each inquiry when it is due, whatever has become of those before."""

import asyncio
from array import array
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.kafka.partitioner import partition_of
from services.local.load.arrivals import Tags
from services.messages.record import Header

# The least it sleeps: with a wake-up for each inquiry it would take a core that the services need.
# What is due a millisecond earlier waits for the others, and that counts as latency.
TICK_SECONDS = 0.001


class Sends(Protocol):
    """What it asks of a producer."""

    async def send(
        self, topic: str, value: bytes, key: bytes, partition: int, *, headers: list[Header]
    ) -> asyncio.Future[object]:
        """Queue a record; the result is there when the broker has it."""


class Values(Protocol):
    """Inquiries as bytes: a list of them, or what makes each when it is asked for."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __getitem__(self, place: int, /) -> bytes:
        """Return one."""


def no_key(_value: bytes) -> bytes | None:
    """Return an inquiry no key but that of its tag."""
    return None


@dataclass(frozen=True)
class Load:
    """What to send: `values` in turn, each inquiry when it is `due`, marked with a tag.

    `due` is in seconds after the beginning, ascending, within `seconds`. An inquiry's key is what
    `key_of` gives of its value, and its tag's where that is None. `remarks` is what to say of the
    values before they are sent.
    """

    values: Values = field(repr=False)
    due: Sequence[float] = field(repr=False)
    seconds: float
    tags: Tags
    key_of: Callable[[bytes], bytes | None] = no_key
    remarks: Sequence[str] = ()


class Generator:
    """Sends one load.

    Args:
        load: What to send.
        clock: Tells the seconds since the load began.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        load: Load,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._load = load
        self._clock = clock
        self._sleep = sleep
        self._error: BaseException | None = None
        self._acknowledged = 0
        self._all_acknowledged = asyncio.Event()
        self.late = array("d")
        self.seconds = 0.0

    async def send(self, producer: Sends, topic: str, partitions: int) -> None:
        """Send everything, and wait until the broker has it all.

        `late` then has how late each was sent, and `seconds` when the broker had the last.

        Raises:
            KafkaError: The broker refused an inquiry.
        """
        due = self._load.due
        while (sent := len(self.late)) < len(due):
            await self._sleep(max(TICK_SECONDS, due[sent] - self._clock()))
            for number in range(sent, bisect_right(due, self._clock(), lo=sent)):
                await self._send(producer, topic, partitions, number)
            if self._error:
                raise self._error
        await self._all_acknowledged.wait()
        if self._error:
            raise self._error

    async def _send(self, producer: Sends, topic: str, partitions: int, number: int) -> None:
        load = self._load
        value = load.values[number % len(load.values)]
        key = load.key_of(value) or load.tags.key(number)
        self.late.append(self._clock() - load.due[number])
        sending = await producer.send(
            topic,
            value,
            key,
            partition_of(key, partitions),
            headers=[load.tags.header(number)],
        )
        sending.add_done_callback(self._acknowledge)

    def _acknowledge(self, sending: asyncio.Future[object]) -> None:
        if sending.cancelled():
            return
        self._error = self._error or sending.exception()
        self._acknowledged += 1
        self.seconds = self._clock()
        if self._error or self._acknowledged == len(self._load.due):
            self._all_acknowledged.set()
