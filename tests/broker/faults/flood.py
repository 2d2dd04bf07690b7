"""How much memory the services take when far more waits for them than they can work off."""

import asyncio
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from random import Random

import psutil

from services.local.kafka import EmbeddedKafka
from services.local.service_process import ServiceProcess
from tests.broker.exactly_once import compare
from tests.broker.faults.figures import Figures, Memory
from tests.broker.faults.scene import SERVICES
from tests.broker.faults.traffic import inquiries, misjudged
from tests.broker.pipeline import Pipeline, until_answered

WARM_UP = 100


async def flood(
    kafka: EmbeddedKafka, folder: Path, count: int, seed: int, figures: Figures
) -> None:
    """Publish as fast as it goes while the services are away, then let them work it off.

    Rest is what a process has resident once it has answered its first hundred.
    """
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    records = inquiries(Random(seed))
    with ExitStack() as stack:
        pipeline = Pipeline(kafka.bootstrap_servers, folder, f"flood-{seed}", stack)
        await pipeline.create_topics()
        services = [pipeline.service(name) for name in SERVICES]
        await pipeline.started(*services)
        await pipeline.publish(islice(records, WARM_UP))
        await asyncio.gather(*(until_answered(each, WARM_UP * 9 // 10) for each in services))
        await pipeline.answered()
        rest = {each.name: _resident(each) for each in services}
        await asyncio.to_thread(_freeze, services)
        await pipeline.publish(islice(records, count))
        await asyncio.to_thread(_thaw, services)
        arrived = await pipeline.read()
        for service in services:
            figures.memory[service.name] = Memory(rest[service.name], _peak(service))
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
    """Give the peak so far; only Linux keeps it for others to ask, elsewhere it is what is now."""
    with suppress(OSError):
        for line in Path(f"/proc/{service.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return _resident(service)
