"""One process's part in a consumer group: a worker for each partition it is given."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, ProducerFenced

from services.stream.brake import Brake
from services.stream.client import Clients, Consumer
from services.stream.health import Health
from services.stream.metrics import StreamMetrics
from services.stream.retry import keep_trying, say, start
from services.stream.watch import Watch
from services.stream.worker import CLOSE_SECONDS, Job, Worker

# Less than the 30 s that the group waits for a member before it goes on without it.
DRAIN_SECONDS = 20

log = structlog.get_logger()


@dataclass
class Stream(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Reads the job's topic as a member of its group, and keeps a worker on each partition."""

    job: Job
    clients: Clients
    metrics: StreamMetrics
    health: Health
    brake: Brake
    _consumer: Consumer | None = None
    _shut_out: bool = False
    _workers: dict[TopicPartition, Worker] = field(default_factory=dict)
    _tasks: dict[TopicPartition, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Work until cancelled, which drains first; a broker that is away is waited for.

        Raises:
            ConfigurationError: A topic that the job reads or writes does not exist.
        """
        async with Watch(self.clients, self.job, self.health) as watch:
            while True:
                await watch.check_topics()
                await self._take_part(watch)

    async def _take_part(self, watch: Watch) -> None:
        """Work as a member of the group, until it is refused the group or the topic."""
        self._shut_out = False
        consumer = await start(self._join, lambda consumer: consumer.stop(), self.health)
        try:
            async for _ in watch.probes():
                if self._shut_out or watch.shut_out:
                    return
                await self._note_lag()
        finally:
            self.health.revoked()
            await self._drain()
            await consumer.stop()

    async def _note_lag(self) -> None:
        with suppress(KafkaError):  # a partition that is just being taken away
            for partition, worker in list(self._workers.items()):
                self.metrics.lagging(partition, await worker.lag())

    def _join(self) -> Consumer:
        self._consumer = self.clients.consumer(self.job.group)
        self._consumer.subscribe([self.job.topic], listener=self)
        return self._consumer

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Put a worker on each partition that the group gives to this process."""
        partitions = sorted(assigned)
        log.info("stream.assigned", partitions=[number for _, number in partitions])
        for partition in partitions:
            self._tasks[partition] = asyncio.create_task(self._keep(partition))
        self.metrics.assigned(partitions)
        self.health.assigned_to(len(partitions))

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - all go
        """End the transactions in hand before the partitions go to somebody else."""
        self.health.revoked()
        await self._drain()

    async def _keep(self, partition: TopicPartition) -> None:
        """Start the partition's worker afresh whenever it fails, until it is stopped."""
        async for attempt in keep_trying(on=self._pause_after):
            with attempt:
                assert self._consumer is not None  # noqa: S101 - it assigned the partition
                name = f"{self.job.group}.{partition.topic}.{partition.partition}"
                producer = self.clients.producer(name)
                worker = Worker(
                    partition=partition,
                    job=self.job,
                    consumer=self._consumer,
                    producer=producer,
                    metrics=self.metrics,
                    brake=self.brake,
                    beat=self.health.beat,
                )
                self._workers[partition] = worker
                await worker.run()

    def _pause_after(self, error: BaseException) -> bool | float:
        if isinstance(error, ProducerFenced):
            # Somebody else works this partition, and the group will say so before long. To start
            # again at once would fence them in turn.
            self.metrics.transactions.labels("fenced").inc()
            log.info("stream.fenced")
            return self.job.fenced_seconds
        if not isinstance(error, Exception):
            return False  # stopped
        self.metrics.transactions.labels("failed").inc()
        say("stream.worker_failed", error, self.health, self.job.output_topics)
        # aiokafka's member of a group that may not take part fails ever after, though it may again.
        self._shut_out |= isinstance(error, GroupAuthorizationFailedError)
        return True

    async def _drain(self) -> None:
        for worker in self._workers.values():
            worker.stop()
        tasks = set(self._tasks.values())
        for limit in (DRAIN_SECONDS, CLOSE_SECONDS):
            if tasks:
                _, tasks = await asyncio.wait(tasks, timeout=limit)
            for task in tasks:
                task.cancel()  # its transaction is aborted, now or by the next owner
        if tasks:
            log.warning("stream.abandoned", workers=len(tasks))
        self._tasks.clear()
        self._workers.clear()
        self.metrics.assigned(())
