"""Two installations on one broker, of which one has a prefix: neither sees the other."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from services.kafka.clients import connect
from services.kafka.connected import an_admin
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.processes.service_process import ServiceProcess
from services.operate.topics import topics_of
from tests.broker.at_rest import read_all, until
from tests.broker.exactly_once import Faults, number_of
from tests.broker.inquiries import examples, good
from tests.broker.pipeline import PARTITIONS, SERVICES, Pipeline, metric
from tests.warm import WarmService


@dataclass(frozen=True)
class Running:
    """A pipeline, and its services by name, which run."""

    pipeline: Pipeline
    services: dict[str, ServiceProcess]

    def fenced(self, service: str) -> float:
        """Return how often a worker of a service was fenced."""
        return metric(self.services[service], "triage_loop_restarts_total", cause="fenced")

    async def contract(self, service: str) -> str:
        _, text = await asyncio.to_thread(self.services[service].get, "/asyncapi.json")
        return text


async def started(pipeline: Pipeline) -> Running:
    services = {name: pipeline.service(name) for name in SERVICES}
    await pipeline.started(*services.values())
    return Running(pipeline, services)


@pytest.fixture
async def prefixed(pipeline: Pipeline) -> Running:
    """An installation with a prefix."""
    return await started(pipeline)


@pytest.fixture
async def plain(kafka: EmbeddedKafka, tmp_path: Path) -> AsyncIterator[Running]:
    """One without, beside it."""
    folder = tmp_path / "plain"
    folder.mkdir()
    with ExitStack() as stack:
        pipeline = Pipeline(kafka.bootstrap_servers, folder, "", stack, WarmService)
        await pipeline.create_topics()
        yield await started(pipeline)
    async with an_admin(kafka.bootstrap_servers) as admin:
        await admin.delete_topics([*topics_of(pipeline.installation)])


async def test_two_installations_share_a_broker(
    prefixed: Running, plain: Running, prefix: str
) -> None:
    """Each answers its own inquiries once, on topics, in groups and with ids of its own."""
    ours, theirs = prefixed.pipeline, plain.pipeline
    await asyncio.gather(ours.publish(islice(good(keys=20), 300)), theirs.publish(examples()))
    assert await ours.faults() == Faults()
    assert await theirs.faults() == Faults()
    for each in (ours, theirs):
        classified = await read_all(each.servers, [each.classified_topic])
        assert {*map(number_of, classified)} <= {*range(len(each.published))}

    # The same topics and groups, those of one of them after its prefix.
    assert {*topics_of(ours.installation)} == {prefix + t for t in topics_of(theirs.installation)}
    async with an_admin(ours.servers) as admin:
        assert {*await admin.list_topics()} >= {
            *topics_of(ours.installation),
            *topics_of(theirs.installation),
        }
        groups = {group for group, *_ in await admin.list_consumer_groups()}
    names = {f"inquiry-triage.{service}" for service in SERVICES}
    assert groups >= names | {prefix + name for name in names}

    # The same contract, but for the prefix of every name.
    for service in SERVICES:
        contract = json.loads(await prefixed.contract(service))
        assert all(channel.startswith(prefix) for channel in contract["channels"])
        assert json.loads(json.dumps(contract).replace(prefix, "")) == json.loads(
            await plain.contract(service)
        )


async def test_no_installation_fences_another(
    prefixed: Running, plain: Running, prefix: str
) -> None:
    """Transactional ids have the prefix, too: whoever takes one over stops that worker alone."""
    ours, theirs = prefixed.pipeline, plain.pipeline
    for partition in range(PARTITIONS):
        name = f"{prefix}inquiry-triage.classifier.{prefix}inquiries.{partition}"
        producer = connect(ours.installation.kafka, "prefix-test").producer(name)
        await producer.start()
        await producer.stop()
    await asyncio.gather(
        ours.publish(islice(good(keys=20), 200)), theirs.publish(islice(good(keys=20), 200))
    )

    async def all_fenced() -> bool:
        return await asyncio.to_thread(prefixed.fenced, "classifier") == PARTITIONS

    await until(all_fenced)
    assert await ours.faults() == Faults()
    assert await theirs.faults() == Faults()
    assert (plain.fenced("classifier"), plain.fenced("router")) == (0, 0)
    assert prefixed.fenced("router") == 0
