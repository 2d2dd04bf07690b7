"""A broker that is away is waited for: retries without end, each pause a little longer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

import stamina
import structlog
from aiokafka.errors import KafkaError

from services.stream.answer import place_of

log = structlog.get_logger()


class Startable(Protocol):
    """A client that connects when it is started."""

    async def start(self) -> None:
        """Connect."""


C = TypeVar("C", bound=Startable)


def keep_trying(on: Callable[[Exception], bool | float]) -> AsyncIterator[stamina.Attempt]:
    """Try until it works.

    Args:
        on: Says of an error whether to try again, or after how many seconds.
    """
    return aiter(
        stamina.retry_context(on=on, attempts=None, timeout=None, wait_max=5, wait_jitter=0.5)
    )


async def start(make: Callable[[], C], stop: Callable[[C], Awaitable[None]]) -> C:
    """Make a client and start it; while the broker is away, throw it away and make another."""
    async for attempt in keep_trying(on=_is_away):
        with attempt:
            client = make()
            try:
                await client.start()
            except BaseException:
                await stop(client)
                raise
    return client


def describe(error: BaseException) -> str:
    """Say what happened; an error that is not Kafka's own could quote a citizen."""
    return str(error) if isinstance(error, KafkaError) else place_of(error)


def _is_away(error: Exception) -> bool:
    away = isinstance(error, (KafkaError, OSError))
    if away:
        log.warning("stream.broker_away", error=describe(error))
    return away
