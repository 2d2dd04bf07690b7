"""aiokafka's producer, for whom a broker may be away, cut off from the others, or late.

Each of these has stopped a partition for good, or sent it back, where aiokafka's own was used.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.commit import OffsetFetchRequest

# How long one broker may be silent before another is asked: aiokafka's own are 40 s, for which
# nothing would flow where one of three is frozen or cut off. It is on top of a session, for which a
# broker may hold back its answer to a member that joins.
SILENCE_MS = 5_000
CLOSE_SECONDS = 5
# How long brokers may be asked again and again for one and the same: longer than the 30 s that
# Kafka itself waits for a broker that is silent; three times that (records, an offset, the end of
# their transaction) is less than after what a loop that stands still is taken for stuck
# (`engine/health.py`).
PATIENCE_SECONDS = 35


T = TypeVar("T")


class UnansweredError(KafkaError):  # type: ignore[misc]  # aiokafka has no types
    """Raised where another transaction would begin after a request that was not answered."""

    retriable = True


class OwnProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types
    """Waits for no broker for ever, and lets no request of a transaction reach into the next.

    - What it could not send when it is stopped is given up, and so is what brokers have not done in
      time: aiokafka asks without end, where one of three is left. It belongs to a transaction that
      the next producer of the same id ends.
    - A broker that was cut off from the others says for as long that an earlier transaction has not
      ended. So in a start or a transaction that takes long, another broker is asked again and again
      who coordinates.
    - A request that was not answered is asked again, and the first may still arrive, long after: a
      network holds it back for a broker that is cut off. As part of the next transaction it would
      take an offset back. Nothing but a new epoch has a broker refuse it, which a producer that
      starts afresh gets (KIP-890 has one for each transaction, which aiokafka 0.14 does not ask
      for).
    """

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - aiokafka's own
        super().__init__(**settings)
        self._asking: asyncio.TimerHandle | None = None
        self._unanswered = False
        self._ask_broker = self.client.send
        self.client.send = self._ask_and_note

    async def start(self) -> None:
        """Connect, fence the previous producer of the same id and end its transaction."""
        self._look_up_later()
        await self._to_its_end(super().start())

    async def stop(self) -> None:
        """Disconnect, and give up what a broker does not take in time."""
        self._looked_up()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await super().stop()
        except TimeoutError:
            await self.client.close()

    async def begin_transaction(self) -> None:
        """Begin a transaction.

        Raises:
            UnansweredError: A request of an earlier one may still arrive: a producer that starts
                afresh is safe from it.
        """
        if self._unanswered:
            raise UnansweredError("a request was not answered, and may still arrive")
        await super().begin_transaction()
        self._look_up_later()

    async def commit_transaction(self) -> None:
        """Commit."""
        await self._to_its_end(super().commit_transaction())

    async def abort_transaction(self) -> None:
        """Abort."""
        await self._to_its_end(super().abort_transaction())

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, int], group_id: str
    ) -> None:
        """See `Producer`."""
        try:
            await in_time(super().send_offsets_to_transaction(offsets, group_id))
        except KafkaError as error:
            # aiokafka takes it for a fault of its own that a topic's offset may not be committed.
            if isinstance(error.__cause__, TopicAuthorizationFailedError):
                topic = next(iter(offsets)).topic
                raise TopicAuthorizationFailedError(topic) from None
            raise

    async def committed(self, partition: TopicPartition, group_id: str) -> int | None:
        """See `Producer`."""
        # aiokafka's consumer reads over the error of an answer as a whole, which a broker gives
        # that is not the group's coordinator yet: a partition would be read from its start again.
        coordinator = self._sender._coordinators[CoordinationType.GROUP]  # noqa: SLF001 - no other way to know who took the offsets
        asked = OffsetFetchRequest(group_id, [(partition.topic, [partition.partition])])
        answer = await self.client.send(coordinator, asked, group=ConnectionGroup.COORDINATION)
        return offset_in(answer, partition)

    async def _ask_and_note(self, node: int, request: object, *, group: int = 0) -> object:
        try:
            return await self._ask_broker(node, request, group=group)
        except NodeNotReadyError:  # it was not even sent
            raise
        except KafkaError:
            self._unanswered |= group == ConnectionGroup.COORDINATION
            raise

    async def _to_its_end(self, asking: Awaitable[None]) -> None:
        try:
            await in_time(asking)
        finally:
            self._looked_up()

    def _look_up_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._asking = loop.call_later(SILENCE_MS / 1000, self._look_up_anew)

    def _look_up_anew(self) -> None:
        self._sender._coordinator_dead(CoordinationType.TRANSACTION)  # noqa: SLF001 - no other way to have it looked up
        self._look_up_later()

    def _looked_up(self) -> None:
        if self._asking is not None:
            self._asking.cancel()


async def in_time(asking: Awaitable[T], seconds: float = PATIENCE_SECONDS) -> T:
    """Wait for what brokers are asked.

    Raises:
        KafkaTimeoutError: It is not done in time.
    """
    try:
        async with asyncio.timeout(seconds):
            return await asking
    except TimeoutError:
        raise KafkaTimeoutError(f"no broker has done it for {seconds} s") from None


def offset_in(answer: Any, partition: TopicPartition) -> int | None:  # noqa: ANN401 - a raw response
    """Return the offset that a group has committed, as the broker's answer tells it, or None.

    Raises:
        KafkaError: The answer tells nothing, because of an error or without one.
    """
    if code := getattr(answer, "error_code", 0):  # before version 2 there is none
        raise for_code(code)
    for topic, partitions in answer.topics:
        for number, offset, _, code in partitions:
            if (topic, number) == partition:
                if code:
                    raise for_code(code)
                return None if offset < 0 else int(offset)
    raise KafkaError(f"the answer has no offset for partition {partition.partition}")
