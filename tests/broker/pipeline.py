"""Classifier and router as processes, on topics, groups and a routing table of their own."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager
from itertools import takewhile
from pathlib import Path

from aiokafka import ConsumerRecord

from services.classifier.settings import ClassifierSettings
from services.local.outcome import Topics
from services.local.service_process import ServiceProcess
from services.local.watch.scrape import read_scrape
from services.router.settings import ROUTES, RouterSettings
from services.router.table import load_table
from services.stream.settings import KafkaSettings
from services.topics import create_topics, topics_of
from tests.broker.at_rest import read_all, until, wait_until_answered
from tests.broker.exactly_once import Faults, Sent, compare, number_of, publish

PARTITIONS = 4
# A killed process keeps its partitions so long: the shortest that the embedded broker allows is
# 1 s, and a busy machine needs some of that for its heartbeats.
SESSION_MS = 2_000


class Pipeline:
    """The services of one test, which stop at its end.

    Args:
        servers: the broker.
        folder: for the routing table and the logs.
        prefix: what the names of its topics and groups begin with.
        stack: stops the services.
        process: what a service is started as.
    """

    def __init__(
        self,
        servers: str,
        folder: Path,
        prefix: str,
        stack: ExitStack,
        process: type[ServiceProcess] = ServiceProcess,
    ) -> None:
        self.servers = servers
        self.published: list[Sent] = []
        self._folder = folder
        self._stack = stack
        self._process = process
        routes = folder / "routes.toml"
        table = ROUTES.read_text(encoding="utf-8")
        routes.write_text(table.replace('topic = "', f'topic = "{prefix}.'), encoding="utf-8")
        self.classifier_settings = ClassifierSettings(
            input_topic=f"{prefix}.inquiries",
            output_topic=f"{prefix}.inquiries.classified",
            rejected_topic=f"{prefix}.inquiries.rejected",
            group_id=f"{prefix}.classifier",
        )
        self.router_settings = RouterSettings(
            input_topic=f"{prefix}.inquiries.classified",
            rejected_topic=f"{prefix}.inquiries.rejected",
            group_id=f"{prefix}.router",
            routes=routes,
        )
        review = load_table(routes).review_topic
        self.topics = Topics(
            received=self.classifier_settings.input_topic,
            classified=self.classifier_settings.output_topic,
            review=review,
            rejected=self.classifier_settings.rejected_topic,
            departments=load_table(routes).topics - {review},
        )

    @property
    def last_topics(self) -> list[str]:
        """The topics on which inquiries end."""
        return sorted({self.topics.review, self.topics.rejected, *self.topics.departments})

    async def create_topics(self, partitions: int = PARTITIONS) -> None:
        """Create those of its topics that are missing."""
        await create_topics(
            KafkaSettings(bootstrap_servers=self.servers),
            topics_of(self.classifier_settings, self.router_settings),
            partitions=partitions,
            replication_factor=1,
        )

    def service(self, name: str, suffix: str = "", **settings: str) -> ServiceProcess:
        """Make a replica of a service, not started yet; the settings are added to its own."""
        service = self._process(
            name,
            self.servers,
            self._folder,
            environment=self.environment(name) | settings,
            suffix=suffix,
        )
        self._stack.push(service)
        return service

    def settings_of(self, name: str) -> ClassifierSettings | RouterSettings:
        """Give a service's own settings."""
        return self.classifier_settings if name == "classifier" else self.router_settings

    def environment(self, name: str) -> dict[str, str]:
        """Give the settings that tie a service to this pipeline."""
        own = self.settings_of(name)
        names = own.model_fields_set
        settings = {f"{name}_{each}".upper(): str(getattr(own, each)) for each in names}
        return settings | {"KAFKA_SESSION_TIMEOUT_MS": str(SESSION_MS)}

    async def started(self, *services: ServiceProcess) -> None:
        """Start services, side by side, and wait until they are ready."""
        for service in services:
            service.start()
        await asyncio.gather(*(asyncio.to_thread(each.wait_until_ready) for each in services))

    async def publish(self, records: Iterable[Sent], *, pause: float = 0.0) -> None:
        """Publish records to the first topic; see `exactly_once.publish`."""
        first = len(self.published)
        noted = self._noting(records)
        await publish(self.servers, self.topics.received, noted, pause=pause, first=first)

    @asynccontextmanager
    async def traffic(self, records: Iterator[Sent], *, pause: float = 0.05) -> AsyncIterator[None]:
        """Publish some of the records every moment, for as long as the block runs."""
        stop = asyncio.Event()
        flow = takewhile(lambda _: not stop.is_set(), records)
        publishing = asyncio.create_task(self.publish(flow, pause=pause))
        try:
            yield
        finally:
            stop.set()
            await publishing

    def _noting(self, records: Iterable[Sent]) -> Iterator[Sent]:
        for record in records:
            self.published.append(record)
            yield record

    async def answered(self) -> None:
        """Wait until both services have answered everything."""
        for settings in (self.classifier_settings, self.router_settings):
            await wait_until_answered(self.servers, settings.group_id, settings.input_topic)

    async def read(self) -> list[ConsumerRecord]:
        """Wait until both services have answered everything, and read where it ended."""
        await self.answered()
        return await read_all(self.servers, self.last_topics)

    async def read_classified(self) -> list[ConsumerRecord]:
        """Wait until the classifier has answered everything, and read all that it wrote."""
        settings = self.classifier_settings
        await wait_until_answered(self.servers, settings.group_id, settings.input_topic)
        return await read_all(self.servers, [self.topics.classified, self.topics.rejected])

    async def read_rejected(self, by: str = "") -> list[ConsumerRecord]:
        """Wait until the services have answered everything, and give the dead letters, by number.

        With `by` it is enough that the service of that name has.
        """
        for settings in (self.classifier_settings, self.router_settings):
            if by in settings.group_id:
                await wait_until_answered(self.servers, settings.group_id, settings.input_topic)
        return sorted(await read_all(self.servers, [self.topics.rejected]), key=number_of)

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
