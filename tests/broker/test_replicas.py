import asyncio

import pytest

from services.local.processes.service_process import ServiceProcess
from tests.broker.at_rest import until
from tests.broker.exactly_once import Faults
from tests.broker.inquiries import good
from tests.broker.pipeline import PARTITIONS, Pipeline, metric, until_answered


async def until_assigned(service: ServiceProcess, partitions: int) -> None:
    def assigned() -> bool:
        return metric(service, "triage_assigned_partitions") == partitions

    await until(lambda: asyncio.to_thread(assigned))


@pytest.mark.parametrize("name", ["classifier", "router"])
async def test_partitions_move_to_a_second_replica_and_back(pipeline: Pipeline, name: str) -> None:
    """A replica that joins takes half of the partitions, all when the first one stops."""
    first, second = pipeline.service(name, "first"), pipeline.service(name, "second")
    other = pipeline.service("router" if name == "classifier" else "classifier")
    await pipeline.started(first, other)
    async with pipeline.traffic(good(keys=50)):
        await until_answered(first, 300)
        await pipeline.started(second)
        await until_assigned(first, PARTITIONS // 2)
        await until_assigned(second, PARTITIONS // 2)
        await until_answered(second, 300)
        assert first.stop() == 0
        await until_assigned(second, PARTITIONS)
        await until_answered(second, 900)
    assert await pipeline.faults() == Faults()


@pytest.mark.parametrize("name", ["classifier", "router"])
async def test_a_frozen_replica_that_comes_back_doubles_nothing(
    pipeline: Pipeline, name: str
) -> None:
    """Another takes over from a frozen process, which is fenced when it wakes, and joins again."""
    first, second = pipeline.service(name, "first"), pipeline.service(name, "second")
    other = pipeline.service("router" if name == "classifier" else "classifier")
    await pipeline.started(first, other)
    async with pipeline.traffic(good(keys=50)):
        await until_answered(first, 300)
        first.freeze()
        await pipeline.started(second)
        await until_assigned(second, PARTITIONS)
        await until_answered(second, 300)
        first.thaw()
        await until_assigned(first, PARTITIONS // 2)
        await until_answered(second, 600)
    assert await pipeline.faults() == Faults()
