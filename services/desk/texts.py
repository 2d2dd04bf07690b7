"""The inquiries themselves: read when they are shown, the next ones ahead, and kept in memory."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress

from aiokafka import TopicPartition

from services.desk.answering import answering
from services.desk.interface import Item, NotNowError
from services.kafka.protocols import Clients, SingleRecords
from services.messages.codec import Judged, routed
from services.messages.judgement import Source
from services.messages.rejection import RejectedError

KEPT = 300


class GoneError(NotNowError):
    """The inquiry is kept no longer."""


class Texts:
    """Reads single inquiries.

    Args:
        clients: Makes the readers, one for each partition from which something was asked.
        topics: Where inquiries lie.
    """

    def __init__(self, clients: Clients, topics: Mapping[Source, str]) -> None:
        self._clients = clients
        self._topics = topics
        self._kept: OrderedDict[Item, Judged] = OrderedDict()
        self._closed = False
        self._readers: dict[TopicPartition, SingleRecords] = {}
        self._locks: dict[TopicPartition, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def close(self) -> None:
        """Disconnect."""
        self._closed = True
        for partition, lock in [*self._locks.items()]:
            async with lock:  # somebody may just be connecting, to read ahead
                if reader := self._readers.pop(partition, None):
                    await reader.stop()

    async def read(self, item: Item) -> Judged:
        """Return an inquiry.

        Raises:
            GoneError: It is kept no longer.
            NotNowError: What lies there is no inquiry.
            AwayError: Kafka does not answer.
        """
        if item not in self._kept:
            await self._read([item])
        self._kept.move_to_end(item)
        return self._kept[item]

    async def read_ahead(self, items: Iterable[Item]) -> None:
        """Read inquiries that are likely to be asked for next; what fails is asked for again."""
        by_partition: dict[tuple[Source, int], list[Item]] = defaultdict(list)
        for item in items:
            if item not in self._kept:
                by_partition[item.source, item.partition].append(item)
        for wanted in by_partition.values():
            with suppress(NotNowError):
                await self._read(wanted)

    def forget(self, item: Item) -> None:
        """Keep an inquiry no longer, as once it is decided."""
        self._kept.pop(item, None)

    async def _read(self, items: list[Item]) -> None:
        """Read inquiries of one partition."""
        source, number, _ = items[0]
        partition = TopicPartition(self._topics[source], number)
        async with answering(), self._locks[partition]:
            reader = await self._reader(partition)
            begins, found = await reader.read({item.offset for item in items})
        for item in items:
            record = found.get(item.offset)
            if item.offset < begins:
                raise GoneError("This inquiry is kept no longer: ask for the next one.")
            received = routed[source].read_or_reject(record) if record else None
            if record is None or received is None or isinstance(received, RejectedError):
                raise NotNowError("No inquiry lies there that can be read: ask for the next one.")
            self._kept[item] = Judged(record, received)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    async def _reader(self, partition: TopicPartition) -> SingleRecords:
        if self._closed:
            raise TimeoutError
        if partition not in self._readers:
            reader = self._clients.single_records(partition)
            try:
                await reader.start()
            except BaseException:
                await reader.stop()
                raise
            self._readers[partition] = reader
        return self._readers[partition]
