"""Keeps an eye on the topics of the desk: do they exist, does the broker still answer."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from aiokafka.errors import KafkaError

from services.engine.health import Health
from services.engine.reporting import report
from services.engine.retry import keep_trying, start
from services.errors import ConfigurationError
from services.kafka.errors import with_cause
from services.kafka.protocols import Admin, Clients
from services.kafka.topics import check_as_many_partitions, check_topics_exist

PROBE_SECONDS = 2


@dataclass(frozen=True)
class Cluster:
    """Asks for the desk's topics every other second.

    Args:
        clients: Makes the admin client.
        topics: All of the desk's, which need as many partitions as each other.
        writes: Those of them that it writes.
        health: Hears whether the broker answers.
    """

    clients: Clients
    topics: Collection[str]
    writes: Collection[str]
    health: Health

    async def check(self) -> None:
        """Wait for the broker, and see that the topics are as they have to be.

        Raises:
            ConfigurationError: One does not exist, or has more partitions than another.
        """
        admin = await self._admin()
        try:
            async for attempt in keep_trying(on=self._is_away):
                with attempt:
                    await check_topics_exist(admin, self.topics, self.clients.servers)
                    await check_as_many_partitions(admin, self.topics, self.clients.servers)
        finally:
            await admin.close()

    async def watch(self) -> None:
        """Ask for a sign of life until cancelled."""
        admin = await self._admin()
        try:
            while True:
                self.health.broker_reachable = await self._answers(admin)
                await asyncio.sleep(PROBE_SECONDS)
        finally:
            await admin.close()

    async def _answers(self, admin: Admin) -> bool:
        try:
            async with asyncio.timeout(2 * PROBE_SECONDS):
                with with_cause():
                    await check_topics_exist(admin, self.topics, self.clients.servers)
        except (KafkaError, TimeoutError, OSError, ConfigurationError) as error:
            if self.health.broker_reachable:
                report("engine.broker_away", error, self.health, self.writes)
            return False
        return True

    async def _admin(self) -> Admin:
        return await start(self.clients.admin, lambda admin: admin.close(), self.health)

    def _is_away(self, error: Exception) -> bool:
        away = isinstance(error, (KafkaError, OSError))
        if away:
            report("engine.broker_away", error, self.health, self.writes)
        return away
