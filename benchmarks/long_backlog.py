"""A backlog that takes minutes to drain, and what it does to the memory of who drains it."""

import asyncio
from collections.abc import Mapping
from time import monotonic

from aiokafka import TopicPartition

from benchmarks.backlog import backlog
from benchmarks.effort import PARTITIONS
from benchmarks.progress import wait_until_answered
from benchmarks.turn import Turn
from benchmarks.usage import usage_of
from benchmarks.work import Work
from services.classifier.settings import ClassifierSettings
from services.errors import TriageError
from services.local.clients import an_admin
from services.local.service_process import ServiceProcess
from services.local.watch.scrape import read_scrape

PART = 100_000


def drain(
    servers: str, settings: ClassifierSettings, process: ServiceProcess, work: Work, count: int
) -> Turn:
    """Publish `count` inquiries, then start the classifier and let it answer them all.

    Its start is part of the time. What it wrote is not read again: the services' own counters and
    the group's offsets tell that all was answered.

    Raises:
        TriageError: It ended, or answered another number.
    """
    ends = asyncio.run(_publish(servers, settings.input_topic, work, count))
    with process:
        began = monotonic()
        process.wait_until_ready()
        asyncio.run(_answered(servers, settings, process, ends))
        seconds, usage = monotonic() - began, usage_of(process.pid)
        _, metrics = process.get("/metrics")
    read = read_scrape(metrics, at=0).total("triage_records_read_total")
    if read != count:
        raise TriageError(f"Of {count:,} inquiries, {read:,.0f} were answered.")
    return Turn(count, seconds, usage.cpu_seconds, usage.peak_bytes)


async def _publish(
    servers: str, topic: str, work: Work, count: int
) -> Mapping[TopicPartition, int]:
    last: dict[TopicPartition, int] = {}
    for first in range(0, count, PART):
        numbers = range(first, min(first + PART, count))
        async with backlog(servers, topic, work, numbers, PARTITIONS) as ends:
            last = ends
    return last


async def _answered(
    servers: str,
    settings: ClassifierSettings,
    process: ServiceProcess,
    ends: Mapping[TopicPartition, int],
) -> None:
    async with an_admin(servers) as admin:
        await wait_until_answered(admin, settings.group_id, ends, process.check)
