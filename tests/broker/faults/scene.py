"""What the faults strike: a broker, two replicas of each service, and traffic that does not end.

Inquiries are published, and people judge those that come to review.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from services.errors import TriageError
from services.local.processes.service_process import ServiceProcess
from tests.broker.at_rest import until
from tests.broker.cluster.cluster import Cluster
from tests.broker.cluster.state import until_whole
from tests.broker.exactly_once import SLICE, Sent
from tests.broker.faults.figures import Figures
from tests.broker.faults.flow import Flow, Probe
from tests.broker.faults.form import Form
from tests.broker.faults.people import People
from tests.broker.faults.traffic import inquiries
from tests.broker.pipeline import PARTITIONS, SERVICES, Pipeline, metric

STRUCK = (*SERVICES, "settler")

# Small batches make many transactions, so that a fault that strikes at random strikes one of them.
SMALL = {
    "CLASSIFIER_BATCH_RECORDS": "50",
    "ROUTER_BATCH_RECORDS": "50",
    "SETTLER_BATCH_RECORDS": "20",
}
RECOVERY_LIMIT = 180.0  # what takes long is told by the figures; this tells what never ends


class Target(NamedTuple):
    """Where a fault strikes: a service, by name, and one of its replicas beside the other."""

    service: str
    one: ServiceProcess
    other: ServiceProcess


@dataclass
class Scene:
    """The parts of one round."""

    cluster: Cluster
    pipeline: Pipeline
    form: Form
    random: Random
    figures: Figures
    say: Callable[[str], None]
    replicas: dict[str, list[ServiceProcess]] = field(default_factory=dict)
    guests: dict[str, ServiceProcess] = field(default_factory=dict)
    partitions: int = PARTITIONS
    extra: deque[Sent] = field(default_factory=deque)
    deleted: list[ConsumerRecord] = field(default_factory=list)  # what a deleted topic had
    ends: dict[TopicPartition, int] = field(default_factory=dict)  # of a topic before it grew
    began: dict[str, float] = field(default_factory=dict)  # when a fault struck, by service
    struck: list[int] = field(default_factory=list)  # the brokers that a fault struck
    _traffic: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        self.people = People(self.pipeline)
        servers = self.pipeline.servers
        self.classified = Flow(servers, [self.pipeline.classified_topic])
        self.flow = Flow(servers, self.pipeline.installation.final_topics)
        self.probe = Probe(self.pipeline)
        for name in STRUCK:
            self.replicas[name] = [self.pipeline.service(name, each, **SMALL) for each in "ab"]
            self.guests[name] = self.pipeline.service(name, "guest", **SMALL)
        self._inquiries = self._all(inquiries(self.random))

    def target(self, service: str, replica: int) -> Target:
        """Return the target that a schedule names."""
        replicas = self.replicas[service]
        return Target(service, replicas[replica], replicas[1 - replica])

    @asynccontextmanager
    async def traffic(self) -> AsyncIterator[None]:
        """Publish, and let people judge, for as long as the block runs and till all is answered."""
        async with self._traffic:
            await self._open()
            yield

    @contextmanager
    def killed_on_failure(self) -> Iterator[None]:
        """Kill the services where the block fails: they would wait for brokers that are gone."""
        try:
            yield
        except BaseException:  # Ctrl-C too
            for replica in (each for both in self.replicas.values() for each in both):
                with suppress(TriageError):  # it had not been started yet
                    replica.kill()
            raise

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch how records flow for as long as the block runs, where brokers fail over."""
        if self.cluster.replication == 1:
            yield
            return
        async with (
            self.classified.watched(),
            self.flow.watched(),
            self.probe.watched(self.cluster.replication),
        ):
            yield

    @asynccontextmanager
    async def quiet(self) -> AsyncIterator[None]:
        """Publish nothing for as long as the block runs, which starts once all is answered."""
        await self._traffic.aclose()
        try:
            yield
        finally:
            await self._open()

    async def _open(self) -> None:
        await self._traffic.enter_async_context(self._flowing())

    @asynccontextmanager
    async def _flowing(self) -> AsyncIterator[None]:
        pause = SLICE / self.form.per_second
        async with self.people.at_work():
            async with self.pipeline.traffic(self._inquiries, pause=pause):
                yield
            await self.pipeline.answered()

    async def recovered(self) -> None:
        """Wait until all replicas are ready, have all partitions and answer records again."""
        if self.cluster.replication > 1:
            await until_whole(self.cluster.bootstrap_servers, RECOVERY_LIMIT)
        await asyncio.gather(*(self._recovered(service) for service in STRUCK))

    async def _recovered(self, service: str) -> None:
        await until(lambda: asyncio.to_thread(self.settled, service), RECOVERY_LIMIT)
        before = await asyncio.to_thread(self._read, service)
        await until(lambda: asyncio.to_thread(lambda: self._read(service) > before), RECOVERY_LIMIT)

    def works(self, service: str) -> int:
        """Return how many partitions a service works by now, of all the topics that it reads."""
        return self.pipeline.works(service, self.partitions)

    def settled(self, service: str) -> bool:
        """Tell whether the replicas of a service are ready and have all partitions."""
        replicas = self.replicas[service]
        ready = all(replica.ready() for replica in replicas)
        return ready and sum(map(assigned, replicas)) == self.works(service)

    async def arrived(self) -> list[ConsumerRecord]:
        """Read where inquiries ended, once all are answered.

        What lay on a topic before it was deleted, or before its keys moved, is told apart by the
        topic's name: order is kept within each of both.
        """
        records = [self._told_apart(each) for each in await self.pipeline.read()]
        return [*self.deleted, *records]

    def _told_apart(self, record: ConsumerRecord) -> ConsumerRecord:
        end = self.ends.get(TopicPartition(record.topic, record.partition), 0)
        if record.offset >= end:
            return record
        return replace(record, topic=f"{record.topic}, before it grew")

    def state(self) -> str:
        """Say which replicas are ready and how many partitions each works."""
        return ", ".join(map(_state, (each for both in self.replicas.values() for each in both)))

    def _read(self, service: str) -> float:
        return sum(counted(each, "triage_records_read_total") for each in self.replicas[service])

    def _all(self, inquiries: Iterator[Sent]) -> Iterator[Sent]:
        for inquiry in inquiries:
            while self.extra:
                yield self.extra.popleft()
            yield inquiry


def _state(replica: ServiceProcess) -> str:
    try:
        return f"{replica.name} has {assigned(replica)} ({replica.get('/readyz')[1]})"
    except OSError as error:
        return f"{replica.name} does not answer ({error})"


def counted(service: ServiceProcess, name: str, **labels: str) -> float:
    """Return one of a replica's metrics, or 0 while it does not answer."""
    try:
        return metric(service, name, **labels)
    except OSError:
        return 0


def assigned(service: ServiceProcess) -> int:
    """Return how many partitions a replica works, as it says."""
    return int(counted(service, "triage_assigned_partitions"))
