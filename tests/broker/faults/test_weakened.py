"""The suite can fail: with one promise broken at a time, the comparison finds what it should."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.processes.service_process import ServiceProcess
from tests.broker.at_rest import read_all, until
from tests.broker.desk import Desk
from tests.broker.exactly_once import compare
from tests.broker.faults.judged import account, is_settlers
from tests.broker.faults.left import read_log, topics_of_decisions
from tests.broker.faults.people import People
from tests.broker.faults.scene import assigned, counted
from tests.broker.faults.traffic import inquiries
from tests.broker.faults.weakened import WEAKNESS, WeakenedProcess
from tests.broker.pipeline import Pipeline, until_answered

pytestmark = pytest.mark.long

Trouble = Callable[[ServiceProcess, ServiceProcess], Awaitable[None]]

KILLS = 2
PAUSE = 0.2  # seconds after each hundred: not more than a service can answer that is made slow
SMALL = {"CLASSIFIER_BATCH_RECORDS": "20"}


@pytest.fixture
async def weakened(kafka: EmbeddedKafka, tmp_path: Path, prefix: str) -> AsyncIterator[Pipeline]:
    """A pipeline whose services are started with a weakness."""
    with ExitStack() as stack:
        pipeline = Pipeline(kafka.bootstrap_servers, tmp_path, prefix, stack, WeakenedProcess)
        await pipeline.create_topics()
        yield pipeline


async def untroubled(first: ServiceProcess, second: ServiceProcess) -> None:
    """Let the first work."""
    await until_answered(first, 100)


async def killed(first: ServiceProcess, second: ServiceProcess) -> None:
    """Kill the first in mid-stream, a few times."""
    for _ in range(KILLS):
        await until_answered(first, 100)
        await asyncio.to_thread(first.kill)
        first.start()
    await until_answered(first, 100)


async def frozen(first: ServiceProcess, second: ServiceProcess) -> None:
    """Freeze the first until the second has taken over, then let it go on."""
    await until_answered(first, 100)
    whole = await asyncio.to_thread(assigned, first)
    first.freeze()
    second.start()

    async def taken_over() -> bool:
        return await asyncio.to_thread(assigned, second) == whole

    await until(taken_over)
    await until_answered(second, 300)
    first.thaw()
    await until(lambda: asyncio.to_thread(lambda: 0 < assigned(first) < whole))


async def what_shows(pipeline: Pipeline, weakness: str, trouble: Trouble) -> set[str]:
    """Make trouble for a weakened classifier, and name what it shows."""
    settings = SMALL | {WEAKNESS: weakness}
    first, second = (pipeline.service("classifier", each, **settings) for each in ("a", "b"))
    await pipeline.started(first)
    async with pipeline.traffic(inquiries(Random(weakness)), pause=PAUSE):
        await trouble(first, second)
    arrived = await pipeline.read_classified()
    faults = vars(compare(pipeline.published, arrived))
    fenced = {"fenced": counted(first, "triage_loop_restarts_total", cause="fenced")}
    return {name for name, found in {**faults, **fenced}.items() if found}


@asynccontextmanager
async def arriving(pipeline: Pipeline) -> AsyncIterator[None]:
    """Let inquiries come to review for as long as the block runs."""
    desk, stop = Desk(pipeline), asyncio.Event()

    async def arrive() -> None:
        while not stop.is_set():
            await desk.waiting(20)
            await asyncio.sleep(PAUSE)

    coming = asyncio.create_task(arrive())
    try:
        yield
    finally:
        stop.set()
        await coming


async def what_shows_of_judgements(pipeline: Pipeline, weakness: str, trouble: Trouble) -> set[str]:
    """Make trouble for a weakened settler, and name what it shows."""
    settings = {"SETTLER_BATCH_RECORDS": "20", WEAKNESS: weakness}
    first, second = (pipeline.service("settler", each, **settings) for each in ("a", "b"))
    await pipeline.started(first)
    async with People(pipeline).at_work(), arriving(pipeline):
        await trouble(first, second)
    ended = await read_all(pipeline.servers, pipeline.installation.final_topics)
    log = await read_log(pipeline, [each for each in ended if is_settlers(each)])
    found = vars(account(log, topics_of_decisions(pipeline)))
    return {name for name, places in found.items() if places}


@pytest.mark.parametrize(
    ("weakness", "trouble", "finds"),
    [
        pytest.param("forgetful", killed, "doubled", id="forgetful"),
        pytest.param("notes-apart", killed, "misnoted", id="notes-apart"),
    ],
)
async def test_a_broken_promise_of_the_settler_is_found(
    weakened: Pipeline, weakness: str, trouble: Trouble, finds: str
) -> None:
    """Each weakness of the settler shows as what it does to inquiries, or to notes of them.

    One of the engine does not: with an id for each process nothing ends what the owner before has
    in hand, but who rebuilds reads on behind a record of its own, and so waits for the end of that.
    """
    assert finds in await what_shows_of_judgements(weakened, weakness, trouble)


async def test_kept_promises_of_the_settler_are_found_kept(weakened: Pipeline) -> None:
    """With every promise kept, nothing shows of what people judged, though it is killed."""
    assert await what_shows_of_judgements(weakened, "sound", killed) == set()


@pytest.mark.parametrize(
    ("weakness", "trouble", "finds"),
    [
        pytest.param("no-transaction", killed, "doubled", id="no-transaction"),
        pytest.param("offsets-first", killed, "lost", id="offsets-first"),
        pytest.param("one-id-for-all", untroubled, "fenced", id="one-id-for-all"),
        pytest.param("an-id-for-each-process", frozen, "doubled", id="an-id-for-each-process"),
        pytest.param("failed-skipped", untroubled, "lost", id="failed-skipped"),
    ],
)
async def test_a_broken_promise_is_found(
    weakened: Pipeline,
    weakness: str,
    trouble: Trouble,
    finds: str,
) -> None:
    """Each weakness of the engine shows as what it does to records, or to other workers."""
    assert finds in await what_shows(weakened, weakness, trouble)


@pytest.mark.parametrize("trouble", [killed, frozen])
async def test_kept_promises_are_found_kept(weakened: Pipeline, trouble: Trouble) -> None:
    """With every promise kept, the same trouble shows nothing but that a zombie was fenced."""
    assert await what_shows(weakened, "sound", trouble) <= {"fenced"}
