"""A broker that is away is waited for: retries without end, each pause a little longer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

import stamina
from aiokafka.errors import KafkaError

from services.engine.health import Health
from services.engine.reporting import report
from services.kafka.errors import with_cause


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


async def start(make: Callable[[], C], stop: Callable[[C], Awaitable[None]], health: Health) -> C:
    """Make a client and start it; while the broker is away, throw it away and make another.

    What the broker refuses is waited for likewise: it may be granted at any time.
    """

    def is_away(error: Exception) -> bool:
        away = isinstance(error, (KafkaError, OSError))
        if away:
            report("engine.broker_away", error, health)
        return away

    async for attempt in keep_trying(on=is_away):
        with attempt:
            client = make()
            try:
                with with_cause():
                    await client.start()
            except BaseException:
                await stop(client)
                raise
    return client
