"""Starts the contestants: processes that read topics of their own, on the same broker."""

import asyncio
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.effort import (
    CLASSIFIER,
    CONFLUENT,
    FASTSTREAM,
    FASTSTREAM_BARE,
    FASTSTREAM_BATCH,
    FASTSTREAM_WORKERS,
    PARTITIONS,
    PASS_THROUGH,
    PASS_THROUGH_CLASSIFIED,
    ROUTER,
    TWO_CLASSIFIERS,
)
from benchmarks.job import Job
from benchmarks.script import Script
from benchmarks.turn import Contestant
from services.local.pipeline import Plan
from services.local.service_process import ServiceProcess
from services.router.table import load_table
from services.stream.settings import KafkaSettings, ServiceSettings
from services.topics import create_topics, topics_of

# Not what the classifier writes, which would set the router to work out of its turn.
ROUTER_IN = "bench.router.in"
# The two classifiers' own topics and group.
REPLICAS = {
    "input_topic": "bench.replicas.in",
    "output_topic": "bench.replicas.out",
    "group_id": "bench.replicas",
}
STOCK, OURS = "stock", "ours"
# The contestants that are modules of this folder: what to run, and which model it is given. The
# first of them has two turns in a round.
SCRIPTS: dict[str, tuple[tuple[str, ...], str]] = {
    PASS_THROUGH: (("benchmarks.passthrough",), ""),
    CONFLUENT: (("benchmarks.confluent",), OURS),
    FASTSTREAM_BATCH: (("benchmarks.faststream_batch", "each"), OURS),
    FASTSTREAM_BARE: (("benchmarks.faststream_batch", "batch"), OURS),
    FASTSTREAM: (("benchmarks.faststream_single", "1"), STOCK),
    FASTSTREAM_WORKERS: (("benchmarks.faststream_single", str(PARTITIONS)), STOCK),
}


@dataclass(frozen=True)
class Arena:
    """Where contestants are started.

    Attributes:
        stack: Stops them.
        plan: The services' settings.
        servers: The broker.
        folder: For their logs.
        stock: The stock export.
    """

    stack: ExitStack
    plan: Plan
    servers: str
    folder: Path
    stock: Path

    def start(self) -> list[Contestant]:
        """Start all contestants, side by side, and wait until they are ready.

        Raises:
            TriageError: One does not start.
        """
        one, router = self.plan.classifier, self.plan.router
        router = router.model_copy(update={"input_topic": ROUTER_IN})
        two = one.model_copy(update=REPLICAS)
        jobs = {name: self._job(number, name) for number, name in enumerate(SCRIPTS)}
        own = {topic for job in jobs.values() for topic in (job.reads, job.writes)}
        own |= {two.input_topic, two.output_topic}
        self._create(topics_of(one, router) | {topic: {} for topic in own})
        services = (
            self._service(CLASSIFIER, one),
            self._service(CLASSIFIER, two, "first"),
            self._service(CLASSIFIER, two, "second"),
            self._service(ROUTER, router),
        )
        scripts = [
            Script(self.stack, name, SCRIPTS[name][0], job, self.folder)
            for name, job in jobs.items()
        ]
        passing, *others = [script.when_ready() for script in scripts]
        for service in services:
            service.wait_until_ready()
        alone, first, second, routing = services

        def check_both() -> None:
            first.check()
            second.check()

        pair = _contestant(TWO_CLASSIFIERS, first, two, {two.output_topic})
        return [
            passing,
            replace(passing, name=PASS_THROUGH_CLASSIFIED),
            _contestant(CLASSIFIER, alone, one, {one.output_topic}),
            replace(pair, others=(second.pid,), check=check_both),
            _contestant(ROUTER, routing, router, load_table(router.routes).topics),
            *others,
        ]

    def _job(self, number: int, name: str) -> Job:
        model = {OURS: self.plan.classifier.model, STOCK: self.stock}.get(SCRIPTS[name][1], "")
        return Job(
            servers=self.servers,
            reads=f"bench.script-{number}.in",
            writes=f"bench.script-{number}.out",
            group=f"bench.script-{number}",
            partitions=PARTITIONS,
            batch_records=self.plan.classifier.batch_records,
            model=str(model),
        )

    def _service(self, name: str, settings: ServiceSettings, suffix: str = "") -> ServiceProcess:
        environment = dict(self.plan.environment) | dict(_named(name, settings))
        process = ServiceProcess(
            name, self.servers, self.folder, environment=environment, suffix=suffix
        )
        return self.stack.enter_context(process)

    def _create(self, topics: dict[str, dict[str, str]]) -> None:
        kafka = KafkaSettings.model_construct(bootstrap_servers=self.servers)
        created = create_topics(kafka, topics, partitions=PARTITIONS, replication_factor=1)
        asyncio.run(created)


def _named(service: str, settings: ServiceSettings) -> Iterator[tuple[str, str]]:
    """Give the settings in which our services differ, as the environment has them."""
    fields = settings.model_dump(include={"input_topic", "output_topic", "group_id"})
    yield from ((f"{service}_{name}".upper(), str(value)) for name, value in fields.items())


def _contestant(
    name: str, process: ServiceProcess, settings: ServiceSettings, outputs: AbstractSet[str]
) -> Contestant:
    return Contestant(
        name=name,
        pid=process.pid,
        group=settings.group_id,
        reads=settings.input_topic,
        writes=frozenset(outputs) | {settings.rejected_topic},
        check=process.check,
    )
