"""How fast simulated people judge."""

import asyncio
from collections.abc import Awaitable, Callable


class Pace:
    """Lets so many inquiries a minute be judged, evenly; what was missed is not caught up with.

    Args:
        per_minute: How many.
        clock: Tells the seconds, only ever forward.
        sleep: Waits so many seconds.
    """

    def __init__(
        self,
        per_minute: float,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gap = 60 / per_minute
        self._clock = clock
        self._sleep = sleep
        self._due = float("-inf")

    async def wait(self) -> None:
        """Wait until the next is due."""
        now = self._clock()
        if self._due > now:
            await self._sleep(self._due - now)
        self._due = max(self._due, now) + self._gap
