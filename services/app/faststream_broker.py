"""The seam to FastStream: its broker, with our engine in the place of its consume loop.

FastStream's loop acknowledges messages; it has no transactions that span what is read and what
is written (its `transactional_id` is accepted and unused). So FastStream keeps what it is good
at, the application around the loop, and the loop itself is `GroupMember`.
"""

import asyncio
import os
import signal
from contextlib import suppress
from types import TracebackType

import structlog
from faststream.kafka import KafkaBroker

from services.engine.member import GroupMember
from services.errors import TriageError
from services.kafka.errors import describe

log = structlog.get_logger()


class EngineBroker(KafkaBroker):
    """Runs a member of a group for as long as the application runs."""

    def __init__(self, member: GroupMember) -> None:
        super().__init__(member.clients.servers, logger=None)
        self._member = member
        self._task: asyncio.Task[None] | None = None
        self.failure: TriageError | None = None

    async def start(self) -> None:
        """Start the member and return at once: it waits for Kafka, and says so in `/readyz`."""
        self._task = asyncio.create_task(self._run())

    async def stop(
        self,
        exc_type: type[BaseException] | None = None,  # noqa: ARG002 - FastStream's signature
        exc_val: BaseException | None = None,  # noqa: ARG002
        exc_tb: TracebackType | None = None,  # noqa: ARG002
    ) -> None:
        """Let the member end its transactions and leave its group."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        try:
            await self._member.run()
        except TriageError as error:
            self._give_up(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must not stay
            self._give_up(TriageError(f"The service ended unexpectedly: {describe(error)}."))

    def _give_up(self, failure: TriageError) -> None:
        self.failure = failure
        log.error("engine.gave_up", reason=str(failure))
        os.kill(os.getpid(), signal.SIGTERM)  # whichever server runs us stops as an operator would
