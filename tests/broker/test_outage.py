import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pytest

from services.local.console.temporary_folder import temporary_folder
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.processes.service_process import ServiceProcess
from tests.broker.at_rest import until
from tests.broker.exactly_once import Faults
from tests.broker.inquiries import good
from tests.broker.pipeline import Pipeline
from tests.warm import WarmService


async def until_ready(*services: ServiceProcess, ready: bool) -> None:
    def all_are() -> bool:
        return all(service.ready() is ready for service in services)

    await until(lambda: asyncio.to_thread(all_are))


@pytest.fixture(scope="module")
def own_kafka(can_embed: None) -> Iterator[EmbeddedKafka]:
    """A broker that goes away now and then, and so is not the one that others use."""
    with temporary_folder("triage-tests-") as folder, EmbeddedKafka(folder) as kafka:
        yield kafka


@pytest.mark.parametrize(
    ("leave", "come_back"),
    [
        pytest.param(EmbeddedKafka.kill, EmbeddedKafka.start, id="killed"),
        pytest.param(EmbeddedKafka.freeze, EmbeddedKafka.thaw, id="frozen"),
    ],
)
async def test_a_broker_that_is_away_is_waited_for(
    own_kafka: EmbeddedKafka,
    tmp_path: Path,
    prefix: str,
    leave: Callable[[EmbeddedKafka], None],
    come_back: Callable[[EmbeddedKafka], None],
) -> None:
    """While the broker is away the services live and are not ready; then they go on."""
    inquiries = good(keys=20)
    with ExitStack() as stack:
        pipeline = Pipeline(own_kafka.bootstrap_servers, tmp_path, prefix, stack, WarmService)
        await pipeline.create_topics()
        services = [pipeline.service("classifier"), pipeline.service("router")]
        await pipeline.started(*services)
        await pipeline.publish(islice(inquiries, 300))
        leave(own_kafka)
        await until_ready(*services, ready=False)
        for service in services:
            assert service.get("/readyz") == (503, "the Kafka broker cannot be reached")
            assert service.get("/livez") == (200, "ok")
        await asyncio.to_thread(come_back, own_kafka)
        await until_ready(*services, ready=True)
        await pipeline.publish(islice(inquiries, 300))
        assert await pipeline.faults() == Faults()
