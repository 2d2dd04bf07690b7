import pytest

from tests.broker.audit import AUDIT, copies_of, id_of, ids_to_draw
from tests.broker.exactly_once import Faults
from tests.broker.inquiries import good
from tests.broker.pipeline import Pipeline, until_answered

SMALL = {"CLASSIFIER_BATCH_RECORDS": "20", "ROUTER_BATCH_RECORDS": "20", **AUDIT}


@pytest.mark.parametrize("victim", ["classifier", "router"])
async def test_a_killed_service_loses_and_doubles_nothing(pipeline: Pipeline, victim: str) -> None:
    """A service killed (-9) in mid-stream, twice, goes on where its last transaction ended.

    So do the copies for an audit: each that the places of the records ask for is there, once.
    """
    services = {name: pipeline.service(name, **SMALL) for name in ("classifier", "router")}
    await pipeline.started(*services.values())
    async with pipeline.traffic(good(keys=50)):
        for _ in range(2):
            await until_answered(services[victim], 300)
            services[victim].kill()
            services[victim].start()
        await until_answered(services[victim], 300)
    assert await pipeline.faults() == Faults()
    copies = sorted(map(id_of, await copies_of(pipeline)))
    assert copies
    assert copies == await ids_to_draw(pipeline)


@pytest.mark.parametrize("stopped", ["classifier", "router"])
async def test_sigterm_drains_and_exits_with_0(pipeline: Pipeline, stopped: str) -> None:
    """A service told to stop in mid-stream ends its transactions, leaves its group and exits 0."""
    services = {name: pipeline.service(name, **SMALL) for name in ("classifier", "router")}
    await pipeline.started(*services.values())
    async with pipeline.traffic(good(keys=50)):
        await until_answered(services[stopped], 300)
        exit_code = services[stopped].stop()
        await pipeline.started(services[stopped])
        await until_answered(services[stopped], 300)
    assert exit_code == 0
    assert await pipeline.faults() == Faults()
