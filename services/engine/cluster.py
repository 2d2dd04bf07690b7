"""Keeps an eye on the cluster: do the topics exist, are they set right, does it still answer."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from services.engine.health import Health
from services.engine.reporting import report
from services.engine.retry import keep_trying, start
from services.errors import ConfigurationError
from services.kafka.errors import describe, remedy_for, with_cause
from services.kafka.protocols import Admin, Clients
from services.kafka.topic_checks import Use, findings_about
from services.kafka.topic_states import ask_topics
from services.kafka.topics import check_as_many_partitions, check_topics_exist

PROBE_SECONDS = 2

log = structlog.get_logger()


@dataclass
class ClusterProbe:
    """An admin client that asks the cluster for signs of life while it is open.

    `shut_out` says that this user may not see the topics any more.

    Args:
        clients: Makes the admin client.
        topics: All that have to be there.
        writes: Those of them that are written.
        alike: Those of them that need as many partitions as each other.
        uses: What those are for that are held, once, against what is promised.
        health: Hears whether the broker answers.
    """

    clients: Clients
    topics: frozenset[str]
    writes: frozenset[str]
    alike: frozenset[str]
    uses: Mapping[str, Use]
    health: Health
    shut_out: bool = False
    examined: bool = False
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
            ConfigurationError: One does not exist, or has not as many
                partitions as it has to.
        """
        async for attempt in keep_trying(on=self._is_waited_for):
            with attempt:
                await self._see_topics()
                if self.alike:
                    await check_as_many_partitions(self._admin, self.alike, self.clients.servers)

    async def _see_topics(self) -> None:
        await check_topics_exist(self._admin, self.topics, self.clients.servers)

    def _is_waited_for(self, error: Exception) -> bool:
        away = isinstance(error, (KafkaError, OSError))
        if away:
            report("engine.broker_away", error, self.health, self.writes)
        return away

    async def probes(self) -> AsyncIterator[bool]:
        """Ask for a sign of life every two seconds, and yield whether there was one."""
        while True:
            self._note(await self._failure())
            if self.health.broker_reachable and not self.examined:
                self.examined = await self._examine()
            yield self.health.broker_reachable
            await asyncio.sleep(PROBE_SECONDS)

    async def _examine(self) -> bool:
        """Warn of what is set wrong, and say whether there was an answer in time to tell.

        Whatever comes of that, the service goes on.
        """
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                topics = await ask_topics(self._admin, self.uses.keys())
            findings = [*findings_about(topics, self.uses, self.clients.server_options)]
        except TimeoutError:
            return False
        except Exception as error:  # noqa: BLE001 - it only advises
            log.info("engine.topics_unseen", error=describe(error))
            return True
        if unseen := sorted(name for name, topic in topics.items() if topic.settings is None):
            log.info("engine.topics_unseen", topics=unseen)
        for each in findings:
            if each.severity == "wrong":
                log.warning("engine.topics_wrong", check=each.check, reason=each.sentence)
        return True

    async def _failure(self) -> Exception | None:
        try:
            async with asyncio.timeout(2 * PROBE_SECONDS):
                with with_cause():
                    await self._see_topics()
        except (KafkaError, TimeoutError, OSError, ConfigurationError) as error:
            return error
        return None

    def _note(self, failure: Exception | None) -> None:
        refused = remedy_for(failure, self.writes)
        if failure and (self.health.broker_reachable or refused):
            report("engine.broker_away", failure, self.health, self.writes)
        if not failure and not self.health.broker_reachable:
            log.info("engine.broker_reached", servers=self.clients.servers)
        self.health.broker_reachable = failure is None
        self.shut_out = isinstance(failure, TopicAuthorizationFailedError)
