"""One process's part in a consumer group: a worker for each partition it is given."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, ProducerFenced

from services.engine.circuit_breaker import CircuitBreaker
from services.engine.cluster import ClusterProbe
from services.engine.health import Health
from services.engine.job import Job
from services.engine.linger import Linger
from services.engine.metrics import EngineMetrics
from services.engine.reporting import report
from services.engine.retry import keep_trying, start
from services.engine.worker import Worker
from services.kafka.errors import describe
from services.kafka.protocols import Clients, Consumer, MembershipError

# How long a transaction in hand may take: when the process ends, and when its partitions go to
# somebody else, who waits for that. It takes milliseconds, unless the broker is in trouble.
DRAIN_SECONDS = 20
HAND_OVER_SECONDS = 1
ABORT_SECONDS = 0.5
# How long a worker that had got on waits before it starts afresh.
AFRESH_SECONDS = 0.1

log = structlog.get_logger()


@dataclass
class _Assignment:
    """A partition that this process was given: the task that keeps a worker on it, and that one."""

    task: asyncio.Task[None] = field(init=False)
    worker: Worker | None = None
    got_on: bool = False  # the worker before had

    def stop(self) -> None:
        if self.worker:
            self.worker.stop()
        else:
            self.task.cancel()  # there was none yet, or it failed and the next one is not due yet


@dataclass
class GroupMember(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Reads the job's topics as a member of its group, and keeps a worker on each partition."""

    job: Job
    clients: Clients
    metrics: EngineMetrics
    health: Health
    breakers: Mapping[str, CircuitBreaker]
    _linger: Linger = field(init=False)
    _consumer: Consumer | None = None
    _shut_out: bool = False
    _assignments: dict[TopicPartition, _Assignment] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._linger = Linger(self.job.linger_seconds)

    async def run(self) -> None:
        """Work until cancelled, which drains first; a broker that is away is waited for.

        Raises:
            ConfigurationError: A topic that the job reads or writes does not exist.
        """
        async with self._probe() as probe:
            while True:
                await probe.check_topics()
                await self._take_part(probe)
                self.metrics.restarted("lost-membership")

    def _probe(self) -> ClusterProbe:
        job = self.job
        topics = job.output_topics.union(job.topics, job.beside)
        return ClusterProbe(
            self.clients, topics, job.output_topics, job.alike, job.uses, self.health
        )

    async def _take_part(self, probe: ClusterProbe) -> None:
        """Work as a member of the group, until it can be one no longer."""
        self._shut_out = False
        consumer = await start(self._join, lambda consumer: consumer.stop(), self.health)
        try:
            async for _ in probe.probes():
                if self._shut_out or probe.shut_out or self._stands_still(consumer):
                    return
                await self._note_lag()
        finally:
            self.health.revoked()
            await self._drain(DRAIN_SECONDS)
            await consumer.stop()

    def _stands_still(self, consumer: Consumer) -> bool:
        try:
            consumer.check()
        except MembershipError as error:
            report("engine.membership_lost", error, self.health)
            return True
        return False

    async def _note_lag(self) -> None:
        with suppress(KafkaError):  # a partition that is just being taken away
            for partition, assignment in list(self._assignments.items()):
                if assignment.worker:
                    self.metrics.lagging(partition, await assignment.worker.lag())

    def _join(self) -> Consumer:
        self._consumer = self.clients.consumer(self.job.group, self.job.fetch_bytes)
        self._consumer.subscribe([*self.job.topics], listener=self)
        return self._consumer

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Put a worker on each partition that the group gives to this process."""
        partitions = sorted(assigned)
        log.info(
            "engine.assigned", partitions=[f"{topic}/{number}" for topic, number in partitions]
        )
        for partition in partitions:
            assignment = self._assignments[partition] = _Assignment()
            assignment.task = asyncio.create_task(self._keep(partition, assignment))
        self.metrics.assigned(partitions)
        self.health.assigned_to(partitions)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002 - all go
        """End the transactions in hand before the partitions go to somebody else."""
        self.health.revoked()
        await self._drain(HAND_OVER_SECONDS)

    async def _keep(self, partition: TopicPartition, assignment: _Assignment) -> None:
        """Start the partition's worker afresh whenever it fails, until it is stopped."""
        async for attempt in keep_trying(on=partial(self._pause_after, partition, assignment)):
            self.health.beat(partition)
            with attempt:
                assert self._consumer is not None  # noqa: S101 - it assigned the partition
                name = f"{self.job.group}.{partition.topic}.{partition.partition}"
                producer = self.clients.producer(name)
                assignment.worker = Worker(
                    partition=partition,
                    job=self.job,
                    clients=self.clients,
                    consumer=self._consumer,
                    producer=producer,
                    metrics=self.metrics,
                    breaker=self.breakers[partition.topic],
                    health=self.health,
                    linger=self._linger,
                )
                try:
                    await assignment.worker.run()
                finally:
                    assignment.got_on = assignment.worker.got_on
                    assignment.worker = None

    def _pause_after(
        self, partition: TopicPartition, assignment: _Assignment, error: BaseException
    ) -> bool | float:
        self.health.failed(partition, describe(error))
        if isinstance(error, ProducerFenced):
            # Somebody else works this partition, and the group will report so before long. To start
            # again at once would fence them in turn.
            self.metrics.restarted("fenced")
            log.info("engine.fenced")
            return self.job.fenced_seconds
        if not isinstance(error, Exception):
            return False  # stopped
        self.metrics.restarted("failed")
        report("engine.worker_failed", error, self.health, self.job.output_topics)
        # Such a member fails ever after: one that may not take part, though it may again later.
        self._shut_out |= isinstance(error, (MembershipError, GroupAuthorizationFailedError))
        # The pauses grow with each failure of an assignment, however long ago the others were.
        return AFRESH_SECONDS if assignment.got_on else True

    async def _drain(self, seconds: float) -> None:
        """Stop the workers; a transaction that has not ended by then is aborted.

        That is the next owner's to do where the broker does not hear of it: nothing is lost by it.
        """
        for assignment in self._assignments.values():
            assignment.stop()
        tasks = {assignment.task for assignment in self._assignments.values()}
        self._assignments.clear()
        for limit in (seconds, ABORT_SECONDS):
            if tasks:
                _, tasks = await asyncio.wait(tasks, timeout=limit)
            for task in tasks:
                task.cancel()
        if tasks:
            log.warning("engine.abandoned", workers=len(tasks))
        self.metrics.assigned(())
