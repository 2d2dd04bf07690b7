"""The contestants that are processes, each with topics and a consumer group of its own."""

import asyncio
import secrets
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.contestant_setup import READY, Setup
from benchmarks.contestants import PARTITIONS, Name
from services.app.settings import ServiceSettings
from services.kafka.connected import an_admin
from services.kafka.settings import KafkaSettings
from services.local.processes.pipeline import environment_of
from services.local.processes.service_process import ServiceProcess
from services.operate.installation import Installation, installation_of
from services.operate.topics import create_topics

SCRIPTS = {
    Name.PASSTHROUGH: ("benchmarks.passthrough",),
    Name.CONFLUENT: ("benchmarks.confluent",),
    Name.FASTSTREAM_BATCH: ("benchmarks.faststream_contestants", "each"),
    Name.FASTSTREAM_BARE: ("benchmarks.faststream_contestants", "batch"),
    Name.FASTSTREAM: ("benchmarks.faststream_contestants", "1"),
    Name.FASTSTREAM_WORKERS: ("benchmarks.faststream_contestants", str(PARTITIONS)),
}
POLL_SECONDS = 0.025


class Contestant(NamedTuple):
    """Processes that share a consumer group; their names on Kafka begin with their own prefix."""

    name: Name
    kafka: KafkaSettings
    settings: ServiceSettings
    writes: frozenset[str]
    processes: Sequence[ServiceProcess]
    partitions: int  # of the topic that they read


class Script(ServiceProcess):
    """A module of this folder as a process."""

    def __init__(self, name: Name, setup: Setup, folder: Path, suffix: str = "") -> None:
        self._arguments = (*SCRIPTS[name], *setup)
        super().__init__(name, setup.servers, folder, suffix=suffix)

    def __exit__(self, *_: object) -> None:
        self.kill()

    def ready(self) -> bool:
        """Look for its word in its log."""
        return READY in self.log.read_text(encoding="utf-8").splitlines()

    def _module(self, _name: str) -> Sequence[str]:
        return self._arguments


def contestant(
    name: Name, plan: Installation, folder: Path, replicas: int = 1, partitions: int = PARTITIONS
) -> Contestant:
    """Return a contestant that is to be started.

    Args:
        name: Who it is.
        plan: Its settings, without a prefix.
        folder: For its logs.
        replicas: How many processes it has.
        partitions: How many the topic has that it reads.
    """
    prefix, is_router = f"bench-{secrets.token_hex(4)}.", name is Name.ROUTER
    kafka = plan.kafka.model_copy(update={"topic_prefix": prefix})
    own = installation_of(kafka, plan.classifier, plan.router)
    settings = own.router if is_router else own.classifier
    outputs = own.table.topics if is_router else {own.classifier.output_topic}
    writes = frozenset({*outputs, settings.rejected_topic})
    if name in SCRIPTS:
        names = settings.input_topic, own.classifier.output_topic, settings.group_id
        setup = Setup(kafka.bootstrap_servers, *names, str(own.classifier.model))
        return Contestant(name, kafka, settings, writes, [Script(name, setup, folder)], partitions)
    service = partial(
        ServiceProcess,
        "router" if is_router else "classifier",
        kafka.bootstrap_servers,
        folder,
        environment=environment_with(plan, prefix),
    )
    processes = [service(suffix=f"{prefix}{number}") for number in range(replicas)]
    return Contestant(name, kafka, settings, writes, processes, partitions)


def environment_with(plan: Installation, prefix: str) -> Mapping[str, str]:
    """Return what gives a service the settings of a plan, and its names on Kafka a prefix."""
    return {
        **environment_of(plan),
        "CLASSIFIER_MODEL": str(plan.classifier.model),
        "ROUTER_ROUTES": str(plan.router.routes),
        "KAFKA_TOPIC_PREFIX": prefix,
    }


async def create_topics_of(contestant: Contestant, output_partitions: int = PARTITIONS) -> None:
    """Create the topics of a contestant, and wait until the broker knows them all."""
    counts = dict.fromkeys(contestant.writes, output_partitions)
    counts[contestant.settings.input_topic] = contestant.partitions
    for count in set(counts.values()):
        topics: dict[str, dict[str, str]] = {each: {} for each in counts if counts[each] == count}
        await create_topics(contestant.kafka, topics, partitions=count, replication_factor=1)
    await wait_for_topics(contestant.kafka, counts)


async def wait_for_topics(kafka: KafkaSettings, names: Collection[str]) -> None:
    """Wait until the broker knows topics, which it does some moments after they were created."""
    async with an_admin(kafka.bootstrap_servers) as admin:
        while not set(names) <= set(await admin.list_topics()):  # noqa: ASYNC110 - it has to be asked
            await asyncio.sleep(POLL_SECONDS)


def start(stack: ExitStack, *contestants: Contestant) -> None:
    """Start contestants, side by side, and wait until all are ready; `stack` stops them."""
    processes = [process for each in contestants for process in each.processes]
    for process in processes:
        stack.enter_context(process)
    for process in processes:
        process.wait_until_ready()
