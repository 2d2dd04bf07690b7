"""Fetches a partition when it is asked for, over a connection of its own.

aiokafka's fetcher asks for all partitions of a broker in one request. While one of them has records
that nobody has taken yet it asks for none of them, and one that was emptied meanwhile waits until
the request for the others is answered. So the partitions of a process keep step with the slowest,
and what it reads ahead is the first record to come, not what gathers while the loop lingers.
"""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    OffsetOutOfRangeError,
    RequestTimedOutError,
    TopicAuthorizationFailedError,
    for_code,
)

from services.kafka.lenient_records import Fetched, ask_leader, fetch_request, fetched, records_in

AWAY = (KafkaConnectionError, NodeNotReadyError, RequestTimedOutError)
BACKOFF_SECONDS = 0.1

Portion = tuple[list[Fetched], int]


@dataclass
class OwnFetch:
    """Fetches one partition.

    Where more waits than was fetched, that is asked for at once. Elsewhere nothing is until it is
    wanted, and then it is all that has come meanwhile.

    Args:
        client: aiokafka's, which knows the partition's leader.
        partition: Which it is.
        max_bytes: How much is fetched at a time, unless one record is larger.
    """

    client: Any
    partition: TopicPartition
    max_bytes: int
    last_stable_offset: int | None = None
    _next: int = -1
    _portions: Iterator[Portion] = field(default=iter(()), repr=False)
    _ahead: asyncio.Task[Any] | None = field(default=None, repr=False)

    async def take(self, offset: int, wait_ms: int, most: int | None) -> Portion:
        """Take committed records from an offset on, and the offset from which to go on.

        There are none where none came in time, or where the partition's leader is away, which is
        waited for.

        Raises:
            KafkaError: The broker refused.
        """
        if offset != self._next:
            self.drop()
        portion = next(self._portions, None) or await self._fetch(offset, wait_ms, most)
        records, self._next = portion
        if len(records) != most:
            self._portions = iter(())  # all of the answer is taken, and its bytes can go
            if self._next < (self.last_stable_offset or 0):
                self._ahead = self._ahead or asyncio.create_task(self._ask(self._next, wait_ms))
        return portion

    def drop(self) -> None:
        """Forget what was fetched, and what is on its way.

        Its connection is closed with it: the answer to what is asked for next would come after.
        """
        self._next, self._portions = -1, iter(())
        if self._ahead is not None:
            self._ahead.cancel()
            self._ahead = None
        for (_, group), connection in [*self.client._conns.items()]:  # noqa: SLF001 - nobody else knows it
            if group == self.partition:
                connection.close()

    async def _fetch(self, offset: int, wait_ms: int, most: int | None) -> Portion:
        ahead, self._ahead = self._ahead, None
        try:
            answer = await (ahead or self._ask(offset, wait_ms))
        except asyncio.CancelledError:
            self.drop()
            raise
        if answer is None:
            return [], offset
        self._portions = records_in(answer, self.partition, offset, most, fetched)
        return next(self._portions)

    async def _ask(self, offset: int, wait_ms: int) -> Any:  # noqa: ANN401 - a raw response
        """Ask for what lies behind an offset; None where there is nobody to ask."""
        try:
            request = fetch_request(self.partition, offset, self.max_bytes, wait_ms)
            answer = await ask_leader(self.client, self.partition, request, self.partition)
            [(_, [(_, code, _, stable, *_)])] = answer.topics
            if code:
                raise for_code(code)
        except OffsetOutOfRangeError:
            raise OffsetOutOfRangeError({self.partition: offset}) from None
        except TopicAuthorizationFailedError:
            raise TopicAuthorizationFailedError(self.partition.topic) from None
        except KafkaError as error:
            if not (error.invalid_metadata or isinstance(error, AWAY)):
                raise
            self.client.force_metadata_update()
            await asyncio.sleep(BACKOFF_SECONDS)
            return None
        self.last_stable_offset = stable
        return answer


@dataclass
class OwnFetches:
    """The fetches of a member's partitions, each for as long as it has the partition.

    Args:
        client: aiokafka's, which knows the partitions' leaders.
        max_bytes: How much is fetched of a partition at a time, unless one record is larger.
    """

    client: Any
    max_bytes: int
    _each: dict[TopicPartition, OwnFetch] = field(default_factory=dict, repr=False)

    def of(self, partition: TopicPartition) -> OwnFetch:
        """Return that of a partition."""
        if partition not in self._each:
            self._each[partition] = OwnFetch(self.client, partition, self.max_bytes)
        return self._each[partition]

    def keep(self, partitions: Collection[TopicPartition]) -> None:
        """Forget those of all other partitions, with their records and connections."""
        for gone in self._each.keys() - partitions:
            self._each.pop(gone).drop()
