"""The loop of one partition: read, answer, and write answers and offset in one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from aiokafka import TopicPartition

from services.messages.record import Output, Record
from services.stream.answer import Process, Reject, answer
from services.stream.brake import Brake
from services.stream.client import Batch, Consumer, Producer
from services.stream.metrics import Count, StreamMetrics
from services.stream.outbox import Packed, pack, too_large, why_too_large

IDLE_MS = 1_000
BRAKE_SECONDS = 0.5

log = structlog.get_logger()


@dataclass(frozen=True)
class Job:
    """What a service does with the records of its topic."""

    topic: str
    group: str
    process: Process
    reject: Reject
    output_topics: frozenset[str]
    batch_records: int
    batch_bytes: int
    fetch_bytes: int
    linger_seconds: float
    fenced_seconds: float


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
    metrics: StreamMetrics
    brake: Brake
    beat: Callable[[], None]
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
            # next owner, who answers what this one had in hand.
            if not self._stopping:
                raise

    def stop(self) -> None:
        """Stop at once while waiting, or once the transaction in hand has ended."""
        self._stopping = True
        if self._task is not None and not self._writing:
            self._task.cancel()

    async def lag(self) -> int | None:
        """Give how many records wait to be read, as the consumer last heard; None before that."""
        end = self.consumer.last_stable_offset(self.partition) if self._resumed else None
        return None if end is None else max(0, end - await self.consumer.position(self.partition))

    async def _work_until_stopped(self) -> None:
        try:
            await self.producer.start()
            await self._resume()
            clock = asyncio.get_running_loop().time
            while not self._stopping:
                self.beat()
                if self.brake.why_on():
                    await asyncio.sleep(BRAKE_SECONDS)
                elif ready := await self._prepare():
                    due = clock() + self.job.linger_seconds
                    await self._write(ready)
                    await asyncio.sleep(due - clock())
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
        """Read and answer a batch; None where there is nothing to write.

        Records and outputs end here: they take ten times the memory of what is sent, which waits
        for the broker.
        """
        batches = await self.consumer.getmany(
            self.partition, timeout_ms=IDLE_MS, max_records=self.job.batch_records
        )
        records: Sequence[Record] = batches.get(self.partition, ())
        if not records:
            return None
        outputs = answer(records, self.job.process, self.job.reject)
        packed = await self._pack(records, outputs)
        if self.brake.stops(outputs):
            log.error("stream.brake_on", reason=self.brake.why_on())
            self.consumer.seek(self.partition, records[0].offset)
            return None
        done = self.metrics.note(records, outputs)
        return _Ready(packed, records[-1].offset + 1, done)

    async def _pack(self, records: Sequence[Record], outputs: list[Output]) -> list[Packed[Batch]]:
        """Pack outputs into batches; those that are too large are replaced by dead letters."""
        topics = {output.topic for output in outputs}
        counts = {topic: len(await self.producer.partitions_for(topic)) for topic in topics}
        spare, limit = self.partition.partition, self.job.batch_bytes
        packed = pack(outputs, counts, spare, self.producer.create_batch)
        if not (large := too_large(packed, outputs, limit)):
            return packed
        for each in large:
            outputs[each.place] = self.job.reject(records[each.place], why_too_large(each, limit))
        return await self._pack(records, outputs)

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
