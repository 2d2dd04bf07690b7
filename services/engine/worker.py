"""The loop of one partition: read, process, and write results and offset in one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import structlog
from aiokafka import TopicPartition

from services.engine.batching import Packed, pack, too_large, why_too_large
from services.engine.circuit_breaker import CircuitBreaker
from services.engine.health import Health
from services.engine.isolation import process_each
from services.engine.job import Done, Job, Opening, Result, Work
from services.engine.linger import Linger
from services.engine.made import Made, made_of
from services.engine.metrics import EngineMetrics
from services.kafka.given_up import given_up, latest
from services.kafka.own_producer import in_time
from services.kafka.protocols import Batch, Clients, Consumer, Producer
from services.messages.record import Record
from services.messages.rejection import RejectedError

IDLE_MS = 1_000
OPEN_SECONDS = 0.5

log = structlog.get_logger()


class _Ready(NamedTuple):
    """What one transaction writes: batches, and the offset from which to go on.

    Once it is written, `known` moves the state and `done` counts it.
    """

    packed: Sequence[Packed[Batch]]
    offset: int
    known: Done
    done: Done


class _Processed(NamedTuple):
    """What became of a batch."""

    results: Sequence[Result]
    made: Made
    packed: Sequence[Packed[Batch]]


@dataclass
class Worker:
    """Works one partition with a transactional producer that belongs to that partition.

    The order in which a new owner starts is what makes it exactly once: its producer fences the
    one that had the partition before and ends its transaction; only then are final the committed
    offset, and what that one has written, from which state is rebuilt; and only then are records
    read. `got_on` tells whether it has committed anything.
    """

    partition: TopicPartition
    job: Job
    clients: Clients
    consumer: Consumer
    producer: Producer
    metrics: EngineMetrics
    breaker: CircuitBreaker
    health: Health
    linger: Linger
    got_on: bool = False
    _stopping: bool = False
    _resumed: bool = False
    _writing: bool = False
    _task: asyncio.Task[None] | None = field(default=None, repr=False)

    async def run(self) -> None:
        """Work until stopped.

        Raises:
            KafkaError: The broker refused something, or another worker fenced this one. Nothing
                is lost by that: a worker that starts afresh goes on from the committed offset.
        """
        self._task = asyncio.current_task()
        try:
            await self._work_until_stopped()
        except Exception:
            # Told to stop, it must not be started afresh: its producer would fence that of the
            # next owner, who processes what this one had in hand.
            if not self._stopping:
                raise

    def stop(self) -> None:
        """Stop at once while waiting, or once the transaction in hand has ended."""
        self._stopping = True
        if self._task is not None and not self._writing:
            self._task.cancel()

    async def lag(self) -> int | None:
        """Return how many records wait to be read, as the consumer last heard; None before."""
        end = self.consumer.last_stable_offset(self.partition) if self._resumed else None
        return None if end is None else max(0, end - await self.consumer.position(self.partition))

    async def _work_until_stopped(self) -> None:
        try:
            await self.producer.start()
            # From here on nobody else writes for this partition, and nothing of it has been read.
            beat = partial(self.health.opening, self.partition)
            offset = await self._resume()
            opening = Opening(self.partition, offset, self.clients, beat, self._latest)
            async with self.job.open(opening) as work:
                await self._go_round(work)
        finally:
            await self.producer.stop()

    async def _latest(self, partition: TopicPartition) -> int:
        """See `Latest`."""
        return (await latest(self.producer, [partition]))[partition]

    async def _go_round(self, work: Work) -> None:
        clock = asyncio.get_running_loop().time
        while not self._stopping:
            self.health.beat(self.partition)
            if self.breaker.why_open():
                await asyncio.sleep(OPEN_SECONDS)
            elif ready := await self._prepare(work):
                began = clock()
                await self._write(ready)
                more = (await self.lag() or 0) >= self.job.batch_records
                due = self.linger.after(began, clock(), more=more)
                await asyncio.sleep(due - clock())
            self.health.went_round(self.partition)

    async def _resume(self) -> int:
        """Have records read from the committed offset on, and return it."""
        async with given_up(self.producer):
            await self.producer.send_offsets_to_transaction({self.partition: 0}, self.job.group)
            offset = await self.producer.committed(self.partition, self.job.group)
        if offset is None:
            await self.consumer.seek_to_beginning(self.partition)
        else:
            self.consumer.seek(self.partition, offset)
        self._resumed = True
        return offset or 0

    async def _prepare(self, work: Work) -> _Ready | None:
        """Read and process a batch; None where there is nothing to write.

        Records and outputs end here: they take ten times the memory of what is sent, which waits
        for the broker.
        """
        batches = await self.consumer.getmany(
            self.partition, timeout_ms=IDLE_MS, max_records=self.job.batch_records
        )
        records: Sequence[Record] = batches.get(self.partition, ())
        if not records:
            return None
        results, made, packed = await self._process(records, work)
        if self.breaker.opens(results):
            log.error("engine.circuit_breaker_opened", reason=self.breaker.why_open())
            self.consumer.seek(self.partition, records[0].offset)
            return None
        done = self.metrics.note(records, results, made)
        return _Ready(packed, records[-1].offset + 1, work.note(made.outputs), done)

    async def _process(self, records: Sequence[Record], work: Work) -> _Processed:
        """Make results and pack their outputs; where one is too large, its record is rejected.

        The others are then processed once more, since what they became may rest on it.
        """
        rejected: dict[int, RejectedError] = {}
        while True:
            left = [each for index, each in enumerate(records) if index not in rejected]
            results = process_each(left, await work.prepare(left)) if left else []
            for index in sorted(rejected):
                results.insert(index, rejected[index])
            made = made_of(records, results, self.job.reject)
            packed = await self._pack(made)
            large = self._too_large(results, made, packed)
            if not large:
                return _Processed(results, made, packed)
            rejected |= large

    async def _pack(self, made: Made) -> list[Packed[Batch]]:
        topics = {output.topic for output in made.outputs}
        counts = {topic: len(await self.producer.partitions_for(topic)) for topic in topics}
        keyless = self.partition.partition
        return pack(made.outputs, counts, keyless, self.producer.create_batch)

    def _too_large(
        self, results: Sequence[Result], made: Made, packed: Sequence[Packed[Batch]]
    ) -> dict[int, RejectedError]:
        """Return why records are rejected of which an output is too large, by their indices.

        Dead letters are let through: their topic has to take whatever the input topic takes.
        """
        limit = self.job.batch_bytes
        found = {made.sources[each.first]: each for each in too_large(packed, limit)}
        return {
            index: why_too_large(each, limit)
            for index, each in found.items()
            if not isinstance(results[index], RejectedError)
        }

    async def _write(self, ready: _Ready) -> None:
        self._writing = True
        result = "aborted"
        try:
            async with self.producer.transaction():
                sent = [
                    await self.producer.send_batch(batch, topic, partition=partition)
                    for topic, partition, batch, _ in ready.packed
                ]
                # Offsets come after: a broker holds one request at most of a transactional id that
                # it has to verify, and refuses the second for 100 ms.
                await in_time(asyncio.gather(*sent))
                offsets = {self.partition: ready.offset}
                await self.producer.send_offsets_to_transaction(offsets, self.job.group)
            result = "committed"
        finally:
            self._writing = False
            self.metrics.ended(result)
        ready.known()
        ready.done()
        self.got_on = True
