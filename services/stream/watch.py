"""Keeps an eye on the cluster: do the topics exist, does it still answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka.errors import (
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from services.errors import ConfigurationError
from services.stream.client import Admin, Clients
from services.stream.health import Health
from services.stream.refusals import refusal_of, with_cause
from services.stream.retry import keep_trying, say, start
from services.stream.worker import Job

PROBE_SECONDS = 2

log = structlog.get_logger()


@dataclass
class Watch:
    """An admin client that asks the cluster for signs of life while it is open.

    `shut_out` says that the job may not see its topic any more.
    """

    clients: Clients
    job: Job
    health: Health
    shut_out: bool = False
    _admin: Admin = field(init=False)

    async def __aenter__(self) -> Self:
        self._admin = await start(self.clients.admin, lambda admin: admin.close(), self.health)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._admin.close()

    async def check_topics(self) -> None:
        """See that the topics are there; those that may not be seen are waited for.

        Raises:
            ConfigurationError: One that the job reads or writes does not exist.
        """
        async for attempt in keep_trying(on=self._is_waited_for):
            with attempt:
                await self._see_topics()

    async def _see_topics(self) -> None:
        topics = sorted({self.job.topic, *self.job.output_topics})
        answers = await self._admin.describe_topics(topics)
        if hidden := _with(TopicAuthorizationFailedError, answers):
            raise TopicAuthorizationFailedError(hidden)
        if missing := _with(UnknownTopicOrPartitionError, answers):
            names = ", ".join(sorted(missing))
            raise ConfigurationError(
                f"These topics do not exist on {self.clients.servers}: {names}; "
                "create them with `triage topics`, or set the names of those you have."
            )

    def _is_waited_for(self, error: Exception) -> bool:
        away = isinstance(error, (KafkaError, OSError))
        if away:
            say("stream.broker_away", error, self.health, self.job.output_topics)
        return away

    async def probes(self) -> AsyncIterator[bool]:
        """Ask for a sign of life every two seconds, and yield whether there was one."""
        while True:
            self._note(await self._failure())
            yield self.health.broker_reachable
            await asyncio.sleep(PROBE_SECONDS)

    async def _failure(self) -> Exception | None:
        try:
            async with asyncio.timeout(2 * PROBE_SECONDS):
                with with_cause():
                    await self._see_topics()
        except (KafkaError, TimeoutError, OSError, ConfigurationError) as error:
            return error
        return None

    def _note(self, failure: Exception | None) -> None:
        refused = refusal_of(failure, self.job.output_topics)
        if failure and (self.health.broker_reachable or refused):
            say("stream.broker_away", failure, self.health, self.job.output_topics)
        if not failure and not self.health.broker_reachable:
            log.info("stream.broker_reached", servers=self.clients.servers)
        self.health.broker_reachable = failure is None
        self.shut_out = isinstance(failure, TopicAuthorizationFailedError)


def _with(error: type[KafkaError], answers: list[Any]) -> set[str]:
    """Give the topics of which the broker said so, as `describe_topics` answers."""
    return {each["topic"] for each in answers if each["error_code"] == error.errno}
