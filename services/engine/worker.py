"""The loop of one partition: read, process, and write results and offset in one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from aiokafka import TopicPartition

from services.engine.batching import Packed, pack, too_large, why_too_large
from services.engine.circuit_breaker import CircuitBreaker
from services.engine.health import Health
from services.engine.isolation import process_each
from services.engine.job import Job, Result
from services.engine.made import Made, made_of
from services.engine.metrics import Count, EngineMetrics
from services.kafka.protocols import Batch, Consumer, Producer
from services.messages.record import Record
from services.messages.rejection import RejectedError

IDLE_MS = 1_000
OPEN_SECONDS = 0.5

log = structlog.get_logger()


class _Ready(NamedTuple):
    """What one transaction writes: batches, and the offset from which to go on.

    `done` counts it, once it is written.
    """

    packed: Sequence[Packed[Batch]]
    offset: int
    done: Count


@dataclass
class Worker:
    """Works one partition with a transactional producer that belongs to that partition.

    The order in which a new owner starts is what makes it exactly once: its producer fences the
    one that had the partition before and ends its transaction; only then is the committed offset
    final, and only then are records read.
    """

    partition: TopicPartition
    job: Job
    consumer: Consumer
    producer: Producer
    metrics: EngineMetrics
    breaker: CircuitBreaker
    health: Health
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
            # From here on nobody else writes for this partition, and nothing of it has been read:
            # a service that keeps state rebuilds it here.
            await self._resume()
            clock = asyncio.get_running_loop().time
            while not self._stopping:
                self.health.beat(self.partition)
                if self.breaker.why_open():
                    await asyncio.sleep(OPEN_SECONDS)
                elif ready := await self._prepare():
                    due = clock() + self.job.linger_seconds
                    await self._write(ready)
                    await asyncio.sleep(due - clock())
                self.health.went_round(self.partition)
        finally:
            await self.producer.stop()

    async def _resume(self) -> None:
        offset = await self.consumer.committed(self.partition)
        if offset is None:
            await self.consumer.seek_to_beginning(self.partition)
        else:
            self.consumer.seek(self.partition, offset)
        self._resumed = True

    async def _prepare(self) -> _Ready | None:
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
        results = process_each(records, self.job.process)
        made, packed = await self._pack(records, results)
        if self.breaker.opens(results):
            log.error("engine.circuit_breaker_opened", reason=self.breaker.why_open())
            self.consumer.seek(self.partition, records[0].offset)
            return None
        done = self.metrics.note(records, results, made)
        return _Ready(packed, records[-1].offset + 1, done)

    async def _pack(
        self, records: Sequence[Record], results: list[Result]
    ) -> tuple[Made, list[Packed[Batch]]]:
        """Pack outputs into batches; a record of which one is too large becomes a dead letter.

        Dead letters are let through: their topic has to take whatever the input topic takes.
        """
        made = made_of(records, results, self.job.reject)
        topics = {output.topic for output in made.outputs}
        counts = {topic: len(await self.producer.partitions_for(topic)) for topic in topics}
        keyless, limit = self.partition.partition, self.job.batch_bytes
        packed = pack(made.outputs, counts, keyless, self.producer.create_batch)
        large = [
            each
            for each in too_large(packed, limit)
            if not isinstance(results[made.sources[each.first]], RejectedError)
        ]
        if not large:
            return made, packed
        for each in large:
            results[made.sources[each.first]] = why_too_large(each, limit)
        return await self._pack(records, results)

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
                await asyncio.gather(*sent)
                offsets = {self.partition: ready.offset}
                await self.producer.send_offsets_to_transaction(offsets, self.job.group)
            result = "committed"
        finally:
            self._writing = False
            self.metrics.ended(result)
        ready.done()
