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
        """Wait until the next may be judged."""
        pause = self._due - self._clock()
        if pause > 0:
            await self._sleep(pause)

    def take(self) -> None:
        """Note that one was judged: the next may be a gap later."""
        self._due = max(self._due, self._clock()) + self._gap
