"""Reads the desk's topics into its state, from where they have to be read, and goes on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Literal

import msgspec
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.desk.interface import Position
from services.desk.items import Languages, read_waiting
from services.desk.state import State
from services.engine.health import Health
from services.engine.reporting import report
from services.engine.retry import keep_trying, start
from services.kafka.protocols import Asker, DeskClients, Follower
from services.messages.codec import claims
from services.messages.judgement import Settled, Source
from services.messages.record import Record
from services.messages.rejection import RejectedError, Rejection

Stream = Literal["settled", "review", "audit", "claims"]

# In this order they are read at the start: what is settled need not be entered first, and of what
# does not wait any more no claim is of interest.
ORDER: tuple[tuple[Stream, ...], ...] = (("settled",), ("review", "audit"), ("claims",))
WAITING: tuple[Source, ...] = ("review", "audit")
WAIT_MS = 1_000
# As many as are folded in some milliseconds, after which pages get their turn.
RECORDS = 500
RETENTION_SECONDS = 30
# No clock of ours is so far off: a note is looked for from so long before the oldest inquiry.
SKEW_MS = 3_600_000

log = structlog.get_logger()

_read_note = msgspec.json.Decoder(Settled).decode


class Fold:
    """Keeps a state as its logs have it.

    Args:
        clients: Makes the clients that read.
        topics: The topic of each stream.
        state: What is read goes here.
        languages: Which have readers of their own.
        health: Hears that the loops go round.
        unreadable: Called for each record that is none of ours, with its stream.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it reads from, and into
        self,
        clients: DeskClients,
        topics: Mapping[Stream, str],
        state: State,
        languages: Languages,
        health: Health,
        unreadable: Callable[[Stream], None],
    ) -> None:
        self._clients = clients
        self._topics = topics
        self._state = state
        self._languages = languages
        self._health = health
        self._unreadable = unreadable
        self._followers: dict[Stream, Follower] = {}
        self._asker: Asker
        self._claims_read: dict[int, int] = {}
        self._moved = asyncio.Event()
        self.is_caught_up = False

    async def run(self) -> None:
        """Read until cancelled; a broker that is away is waited for."""
        async with AsyncExitStack() as stack:
            for stream, topic in self._topics.items():
                make = partial(self._clients.follower, topic)
                follower = await start(make, lambda each: each.stop(), self._health)
                stack.push_async_callback(follower.stop)
                self._followers[stream] = follower
            everything = [each for stream in self._topics for each in self._partitions(stream)]
            ask = partial(self._clients.asker, everything)
            self._asker = await start(ask, lambda each: each.stop(), self._health)
            stack.push_async_callback(self._asker.stop)
            await self._until_it_works(self._begin)
            for streams in ORDER:
                await self._each_partition(streams, self._read_to_end)
            self.is_caught_up, self._state.is_new = True, False
            log.info("desk.caught_up", waiting=self._state.count("review"))
            retention = asyncio.create_task(self._forget_what_goes())
            stack.callback(retention.cancel)
            await self._each_partition(self._topics, self._follow)

    def why_not_caught_up(self) -> str | None:
        """Say that what waits is not known yet, or None."""
        return None if self.is_caught_up else "what waits is still being read"

    async def reach(self, position: Position) -> None:
        """Wait until the claims have been read so far.

        Raises:
            TimeoutError: The caller's time is up.
        """
        while not all(self._claims_read.get(each, 0) > at for each, at in position.items()):
            self._moved.clear()
            await self._moved.wait()

    async def reach_end(self, partition: int) -> None:
        """Wait until a partition's claims have been read as far as they go now.

        Raises:
            KafkaError: The broker does not say how far.
        """
        where = TopicPartition(self._topics["claims"], partition)
        if where not in self._followers["claims"].assignment():
            return  # an address can name any number
        ends = await self._asker.end_offsets([where])
        await self.reach({partition: ends[where] - 1})

    def _partitions(self, stream: Stream) -> list[TopicPartition]:
        return sorted(self._followers[stream].assignment())

    async def _each_partition(
        self, streams: Iterable[Stream], work: Callable[[Stream, TopicPartition], Awaitable[None]]
    ) -> None:
        at_work = [(stream, each) for stream in streams for each in self._partitions(stream)]
        self._health.assigned_to([partition for _, partition in at_work])
        async with asyncio.TaskGroup() as group:
            for stream, partition in at_work:
                once = partial(work, stream, partition)
                group.create_task(self._until_it_works(once, partition))

    async def _until_it_works(
        self, work: Callable[[], Awaitable[None]], partition: TopicPartition | None = None
    ) -> None:
        def is_passing(error: Exception) -> bool:
            passing = isinstance(error, (KafkaError, OSError))
            if passing:
                report("desk.read_failed", error, self._health)
                if partition is not None:
                    self._health.failed(partition, type(error).__name__)
            return passing

        async for attempt in keep_trying(on=is_passing):
            with attempt:
                await work()

    async def _begin(self) -> None:
        """Find where each stream has to be read from: notes from the oldest inquiry on."""
        oldest: list[int] = []
        for source in WAITING:
            partitions = self._partitions(source)
            for each, offset in (await self._asker.beginning_offsets(partitions)).items():
                self._state.begins(source, each.partition, offset)
            first = await self._asker.offsets_for_times(dict.fromkeys(partitions, 0))
            oldest += [found.timestamp for found in first.values() if found is not None]
        since = max(min(oldest, default=int(time.time() * 1000)) - SKEW_MS, 0)
        settled, partitions = self._followers["settled"], self._partitions("settled")
        ends = await self._asker.end_offsets(partitions)
        found = await self._asker.offsets_for_times(dict.fromkeys(partitions, since))
        for each in partitions:
            settled.seek(each, found[each].offset if found.get(each) else ends[each])

    async def _read_to_end(self, stream: Stream, partition: TopicPartition) -> None:
        follower = self._followers[stream]
        ends = await self._asker.end_offsets([partition])
        while await follower.position(partition) < ends[partition]:
            await self._read_some(stream, partition)
        # What ends with records that nobody may see, such as marks of transactions.
        self._advance(stream, partition.partition, ends[partition])

    async def _follow(self, stream: Stream, partition: TopicPartition) -> None:
        while True:
            await self._read_some(stream, partition)

    async def _read_some(self, stream: Stream, partition: TopicPartition) -> None:
        self._health.beat(partition)
        found = await self._followers[stream].getmany(
            partition, timeout_ms=WAIT_MS, max_records=RECORDS
        )
        self._health.went_round(partition)
        records = found.get(partition, ())
        if not records:
            return
        for record in records:
            self._fold(stream, record)
        self._advance(stream, partition.partition, records[-1].offset + 1)
        await asyncio.sleep(0)

    def _advance(self, stream: Stream, partition: int, offset: int) -> None:
        if stream == "claims":
            self._claims_read[partition] = max(offset, self._claims_read.get(partition, 0))
            self._moved.set()
        elif stream != "settled":
            self._state.read_up_to(stream, partition, offset)

    def _fold(self, stream: Stream, record: Record) -> None:
        try:
            if stream == "settled":
                self._state.noted(_read_note(record.value or b""))
            elif stream == "claims":
                self._fold_claim(record)
            else:
                self._state.came(read_waiting(record, stream, self._languages))
        except (RejectedError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._unreadable(stream)
            log.warning(
                "desk.unreadable",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
            )

    def _fold_claim(self, record: Record) -> None:
        claim = claims.read(record).body
        if claim.record.partition != record.partition:
            raise RejectedError(Rejection.WRONG_PARTITION, "it is about another partition")
        self._state.claimed(claim, record.offset, record.timestamp)

    async def _forget_what_goes(self) -> None:
        """Ask now and then from where on inquiries are still kept."""
        while True:
            await asyncio.sleep(RETENTION_SECONDS)
            for source in WAITING:
                try:
                    begins = await self._asker.beginning_offsets(self._partitions(source))
                except (KafkaError, OSError) as error:
                    report("desk.read_failed", error, self._health)
                    continue
                for each, offset in begins.items():
                    self._state.begins(source, each.partition, offset)
