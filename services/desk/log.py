"""Writes what people do: a record at a time, and sure that the broker has it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaError

from services.desk.answering import answering
from services.engine.health import Health
from services.engine.retry import start
from services.kafka.protocols import Appender, DeskClients
from services.messages.record import Output


@dataclass
class Log:
    """Appends records to topics of the desk.

    Args:
        clients: Makes the producer.
        health: Hears that the broker is away at the start.
    """

    clients: DeskClients
    health: Health
    _appender: Appender | None = field(default=None, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def open(self) -> None:
        """Connect, whenever the broker is there."""
        self._appender = await start(
            self.clients.appender, lambda appender: appender.stop(), self.health
        )

    async def close(self) -> None:
        """Disconnect."""
        async with self._lock:
            appender, self._appender = self._appender, None
            if appender is not None:
                await appender.stop()

    async def append(self, output: Output) -> int:
        """Write a record, and return its offset once every replica in sync has it.

        Where this fails, the record may stand there all the same, or come to stand there.

        Raises:
            AwayError: Kafka does not answer.
        """
        async with answering():
            appender = self._appender
            if appender is None:
                raise TimeoutError
            try:
                sent = await appender.send(
                    output.topic,
                    output.value,
                    output.key,
                    partition=output.partition,
                    headers=output.headers,
                )
                sent.add_done_callback(_hear)
                # Not cancelled with us: others' records may stand in the same batch.
                return int((await asyncio.shield(sent)).offset)
            except KafkaError as error:
                if not error.retriable:
                    await self._renew(appender)
                raise

    async def _renew(self, failed: Appender) -> None:
        """Make another producer in the place of one that can go on no more."""
        async with self._lock:
            if self._appender is failed:
                self._appender = None
                await failed.stop()
                await self.open()


def _hear(sent: "asyncio.Future[Any]") -> None:
    """Ask for the error of what nobody waits for any more, lest asyncio complain of it."""
    if not sent.cancelled():
        sent.exception()
