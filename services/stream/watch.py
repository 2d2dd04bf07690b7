"""Keeps an eye on the cluster: do the topics exist, does it still answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog
from aiokafka.errors import KafkaError

from services.errors import ConfigurationError
from services.stream.client import Admin, Clients
from services.stream.health import Health
from services.stream.retry import describe, start
from services.stream.worker import Job

PROBE_SECONDS = 2

log = structlog.get_logger()


@dataclass
class Watch:
    """An admin client that asks the cluster for signs of life while it is open."""

    clients: Clients
    job: Job
    health: Health
    _admin: Admin = field(init=False)

    async def __aenter__(self) -> Self:
        self._admin = await start(self.clients.admin, lambda admin: admin.close())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._admin.close()

    async def check_topics(self) -> None:
        """See that the topics are there.

        Raises:
            ConfigurationError: One that the job reads or writes does not exist.
        """
        existing = set(await self._admin.list_topics())
        missing = sorted({self.job.topic, *self.job.output_topics} - existing)
        if missing:
            raise ConfigurationError(
                f"These topics do not exist on {self.clients.servers}: {', '.join(missing)}; "
                "create them with `triage topics`, or set the names of those you have."
            )

    async def probes(self) -> AsyncIterator[bool]:
        """Ask for a sign of life every two seconds, and yield whether there was one."""
        while True:
            self._note(await self._failure())
            yield self.health.broker_reachable
            await asyncio.sleep(PROBE_SECONDS)

    async def _failure(self) -> Exception | None:
        try:
            async with asyncio.timeout(2 * PROBE_SECONDS):
                await self._admin.describe_topics([self.job.topic])
        except (KafkaError, TimeoutError, OSError) as error:
            return error
        return None

    def _note(self, failure: Exception | None) -> None:
        if failure and self.health.broker_reachable:
            log.warning("stream.broker_away", error=describe(failure))
        if not failure and not self.health.broker_reachable:
            log.info("stream.broker_reached", servers=self.clients.servers)
        self.health.broker_reachable = failure is None
