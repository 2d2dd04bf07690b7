"""Classifier and router as processes: an installation of each test's own, told by its prefix."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager
from itertools import takewhile
from pathlib import Path

from aiokafka import ConsumerRecord

from services.app.settings import ServiceSettings
from services.classifier.settings import ClassifierSettings
from services.kafka.connected import an_admin
from services.kafka.settings import KafkaSettings
from services.local.live_view.scrape import read_scrape
from services.local.processes.service_process import ServiceProcess
from services.operate.installation import installation_of
from services.operate.topics import create_topics, topics_of
from services.router.settings import RouterSettings
from tests.broker.at_rest import read_all, until, wait_until_answered
from tests.broker.exactly_once import Faults, Sent, compare, number_of, publish
from tests.organisations.adopted import Adopted

SERVICES = ("classifier", "router")
PARTITIONS = 4
# Departments to whose topics tests write, partition by partition.
BUSY = ("home-office", "ministry-of-justice")
# A killed process keeps its partitions so long: the shortest that the embedded broker allows is
# 1 s, and a busy machine needs some of that for its heartbeats.
SESSION_MS = 2_000


class Pipeline:
    """The services of one test, which stop at its end.

    Args:
        servers: The broker.
        folder: For the logs.
        prefix: What each of its names on Kafka begins with.
        stack: Stops the services.
        process: What a service is started as.
        adopted: Whose model and routing table it has; the shipped ones if nobody's.
        replication: How many replicas its topics have.
    """

    def __init__(
        self,
        servers: str,
        folder: Path,
        prefix: str,
        stack: ExitStack,
        process: type[ServiceProcess] = ServiceProcess,
        *,
        adopted: Adopted | None = None,
        replication: int = 1,
    ) -> None:
        self.servers = servers
        self.published: list[Sent] = []
        self._folder = folder
        self._stack = stack
        self._process = process
        self._replication = replication
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": servers,
            "KAFKA_TOPIC_PREFIX": prefix,
            "KAFKA_SESSION_TIMEOUT_MS": str(SESSION_MS),
            **(adopted.environment if adopted else {}),
        }
        kafka = KafkaSettings(bootstrap_servers=servers, topic_prefix=prefix)
        classifier, router = ClassifierSettings(), RouterSettings()
        if adopted:
            classifier = ClassifierSettings(model=adopted.model)
            router = RouterSettings(models=(adopted.model,), routes=adopted.routes)
        self.installation = installation_of(kafka, classifier, router)

    @property
    def classified_topic(self) -> str:
        """The topic between the services."""
        return self.installation.classifier.output_topic

    @property
    def rejected_topic(self) -> str:
        """The topic of the dead letters of both services."""
        [topic] = self.installation.rejected_topics
        return topic

    async def create_topics(
        self, partitions: int = PARTITIONS, *, quiet_partitions: int | None = None
    ) -> None:
        """Create those of its topics that are missing.

        Args:
            partitions: Of each topic.
            quiet_partitions: Of those of departments that are not busy, where it is another number:
                each partition that is made costs the broker 6 ms.
        """
        topics = topics_of(self.installation)
        departments = self.installation.table.departments.items()
        quiet = {each.topic for label, each in departments if label not in BUSY}
        numbers = ((quiet, quiet_partitions or partitions), (topics.keys() - quiet, partitions))
        for names, number in numbers:
            await create_topics(
                self.installation.kafka,
                {name: topics[name] for name in names},
                partitions=number,
                replication_factor=self._replication,
            )
        await self.until_known(topics)

    async def until_known(self, topics: Iterable[str], partitions: int = 1) -> None:
        """Wait until the broker knows of topics, and of so many partitions of each, at least.

        It takes a moment to hear of them from its controller, which has made them.
        """
        names = sorted(topics)
        async with an_admin(self.servers) as admin:

            async def are_known() -> bool:
                states = await admin.describe_topics(names)
                return all(len(each["partitions"]) >= partitions for each in states)

            await until(are_known)

    def service(
        self, name: str, suffix: str = "", *, python: str = sys.executable, **settings: str
    ) -> ServiceProcess:
        """Make a replica of a service, not started yet; the settings are added to its own."""
        service = self._process(
            name,
            self.servers,
            self._folder,
            environment=self.environment | settings,
            suffix=suffix,
            python=python,
        )
        self._stack.push(service)
        return service

    def settings_of(self, name: str) -> ServiceSettings:
        """Return a service's own settings."""
        settings: dict[str, ServiceSettings] = {
            "classifier": self.installation.classifier,
            "router": self.installation.router,
            "settler": self.installation.settler,
        }
        return settings[name]

    def works(self, name: str, partitions: int = PARTITIONS) -> int:
        """Return how many partitions a service works, of all the topics that it reads."""
        return partitions * len(self.settings_of(name).input_topics)

    async def started(self, *services: ServiceProcess) -> None:
        """Start services, side by side, and wait until they are ready."""
        for service in services:
            service.start()
        await asyncio.gather(*(asyncio.to_thread(each.wait_until_ready) for each in services))

    async def publish(self, records: Iterable[Sent], *, pause: float = 0.0) -> None:
        """Publish records to the first topic; see `exactly_once.publish`."""
        first = len(self.published)
        noted = self._noting(records)
        await publish(
            self.servers, self.installation.received_topic, noted, pause=pause, first=first
        )

    @asynccontextmanager
    async def traffic(self, records: Iterator[Sent], *, pause: float = 0.1) -> AsyncIterator[None]:
        """Publish some of the records every moment, for as long as the block runs."""
        stop = asyncio.Event()
        flow = takewhile(lambda _: not stop.is_set(), records)
        publishing = asyncio.create_task(self.publish(flow, pause=pause))
        try:
            yield
        except BaseException:  # Ctrl-C too, while there may be no broker to wait for
            publishing.cancel()
            raise
        stop.set()
        await publishing

    def _noting(self, records: Iterable[Sent]) -> Iterator[Sent]:
        for record in records:
            self.published.append(record)
            yield record

    async def answered(self, *services: str) -> None:
        """Wait until some services, or else both, have answered everything."""
        for name in services or SERVICES:
            settings = self.settings_of(name)
            for topic in settings.input_topics:
                await wait_until_answered(self.servers, settings.group_id, topic)

    async def read(self) -> list[ConsumerRecord]:
        """Wait until both services have answered everything, and read where it ended."""
        await self.answered()
        return await read_all(self.servers, self.installation.final_topics)

    async def read_classified(self) -> list[ConsumerRecord]:
        """Wait until the classifier has answered everything, and read all that it wrote."""
        await self.answered("classifier")
        return await read_all(self.servers, [self.classified_topic, self.rejected_topic])

    async def read_rejected(self, *services: str) -> list[ConsumerRecord]:
        """Read the dead letters, by number, once some services, or else both, are done."""
        await self.answered(*services)
        return sorted(await read_all(self.servers, [self.rejected_topic]), key=number_of)

    async def faults(self) -> Faults:
        """Wait until both services have answered everything, and say what went wrong with it."""
        return compare(self.published, await self.read())


async def until_answered(service: ServiceProcess, records: int) -> None:
    """Wait until a process has answered so many records since it was started."""

    def answered() -> bool:
        try:
            return metric(service, "triage_records_read_total") >= records
        except OSError:  # it is just starting
            return False

    await until(lambda: asyncio.to_thread(answered))


def metric(service: ServiceProcess, name: str, **labels: str) -> float:
    """Scrape a service and add up what a metric has with some labels."""
    _, text = service.get("/metrics")
    return read_scrape(text, at=0).total(name, **labels)
