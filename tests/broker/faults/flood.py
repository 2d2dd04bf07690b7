"""How much memory the services take when far more waits for them than they can work off."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from random import Random

import psutil

from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.processes.service_process import ServiceProcess
from tests.broker.exactly_once import Sent, compare
from tests.broker.faults.figures import Figures, Memory
from tests.broker.faults.traffic import KEYS, MAX_BYTES, inquiries, misjudged
from tests.broker.pipeline import SERVICES, Pipeline, until_answered
from tests.records import an_inquiry

WARM_UP = 100
# What classification and route add to an inquiry fits on top of this.
LARGEST = MAX_BYTES - 4_000


def largest(_random: Random) -> Iterator[Sent]:
    """Yield inquiries that are as large as they may be."""
    scan = "x" * (LARGEST - len(an_inquiry(scan="")))
    for number in count():
        yield Sent(an_inquiry(scan=scan), b"case-%d" % (number % KEYS))


@asynccontextmanager
async def as_it_is(_kafka: EmbeddedKafka) -> AsyncIterator[None]:
    """Leave the broker as it is."""
    yield


@asynccontextmanager
async def slow(kafka: EmbeddedKafka) -> AsyncIterator[None]:
    """Let the broker stand still for four fifths of the time."""

    async def hold() -> None:
        while True:
            await asyncio.to_thread(kafka.freeze)
            await asyncio.sleep(0.4)
            await asyncio.to_thread(kafka.thaw)
            await asyncio.sleep(0.1)

    holding = asyncio.create_task(hold())
    try:
        yield
    finally:
        holding.cancel()
        with suppress(asyncio.CancelledError):
            await holding
        await asyncio.to_thread(kafka.thaw)


@dataclass(frozen=True)
class Flood:
    """How many of which inquiries wait, and how the broker is while they are worked off."""

    name: str
    inquiries: Callable[[Random], Iterator[Sent]]
    count: int
    broker: Callable[[EmbeddedKafka], AbstractAsyncContextManager[None]]


FLOODS = (
    Flood("flood", inquiries, 50_000, as_it_is),
    Flood("flood on a slow broker", inquiries, 20_000, slow),
    Flood("flood of the largest", largest, 300, as_it_is),
)


async def flood(
    kafka: EmbeddedKafka, folder: Path, kind: Flood, seed: int, figures: Figures
) -> None:
    """Publish as fast as it goes while the services are away, then let them work it off.

    Rest is what a process has resident once it has answered its first hundred.
    """
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    records = inquiries(Random(seed))
    with ExitStack() as stack:
        prefix = f"{kind.name.replace(' ', '-')}-{seed}."
        pipeline = Pipeline(kafka.bootstrap_servers, folder, prefix, stack)
        await pipeline.create_topics()
        services = [pipeline.service(name) for name in SERVICES]
        await pipeline.started(*services)
        await pipeline.publish(islice(records, WARM_UP))
        await asyncio.gather(*(until_answered(each, WARM_UP * 9 // 10) for each in services))
        await pipeline.answered()
        rest = {each.name: _resident(each) for each in services}
        await asyncio.to_thread(_freeze, services)
        await pipeline.publish(islice(kind.inquiries(Random(seed)), kind.count))
        await asyncio.to_thread(_thaw, services)
        async with kind.broker(kafka):
            await pipeline.answered()
        arrived = await pipeline.read()
        for service in services:
            name = f"{service.name}, {kind.name}"
            figures.memory[name] = Memory(rest[service.name], _peak(service))
    faults = compare(pipeline.published, arrived)
    figures.note(len(pipeline.published), faults, misjudged(pipeline.published, arrived))


def _freeze(services: list[ServiceProcess]) -> None:
    for service in services:
        service.freeze()


def _thaw(services: list[ServiceProcess]) -> None:
    for service in services:
        service.thaw()


def _resident(service: ServiceProcess) -> int:
    resident: int = psutil.Process(service.pid).memory_info().rss
    return resident


def _peak(service: ServiceProcess) -> int:
    """Return the peak so far, which only Linux keeps for others to ask; elsewhere what is now."""
    with suppress(OSError):
        for line in Path(f"/proc/{service.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return _resident(service)
