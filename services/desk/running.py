"""What runs beside the pages for as long as they are served."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import structlog

from services.desk.fold import Fold
from services.desk.log import Log
from services.desk.sending import Sender
from services.desk.texts import Texts
from services.engine.cluster import ClusterProbe
from services.errors import TriageError
from services.kafka.errors import describe

log = structlog.get_logger()


@dataclass
class Running:
    """The tasks of the desk; `failure` says why they ended, where nobody asked them to."""

    probe: ClusterProbe
    fold: Fold
    log: Log
    texts: Texts
    sender: Sender
    failure: TriageError | None = field(default=None, init=False)

    @asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """Start them, and return at once: they wait for Kafka, and `/readyz` says so."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.texts.close)
            stack.push_async_callback(self.log.close)
            stack.push_async_callback(_end, asyncio.create_task(self._run()))
            yield

    async def _run(self) -> None:
        try:
            async with self.probe as probe:
                await probe.check_topics()
                await self.log.open()
                async with asyncio.TaskGroup() as group:
                    for work in (_watch(probe), self.fold.run(), self.sender.sweep()):
                        group.create_task(work)
        except TriageError as error:
            self._give_up(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must not stay
            first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
            self._give_up(TriageError(f"The desk ended unexpectedly: {describe(first)}."))

    def _give_up(self, failure: TriageError) -> None:
        self.failure = failure
        log.error("desk.gave_up", reason=str(failure))
        os.kill(os.getpid(), signal.SIGTERM)  # whichever server runs us stops as an operator would


async def _watch(probe: ClusterProbe) -> None:
    """Ask for signs of life until cancelled."""
    async for _ in probe.probes():
        pass


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
