"""`make growth`: what more processes, partitions, departments, text and backlog do to the speed.

Each case has processes and topics of its own on one broker, and its answers are checked as those of
`make bench` are. It takes a quarter of an hour, and writes `growth.json` and `growth.md`.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from typing import NamedTuple

import typer
from rich.console import Console

from benchmarks.contestants import PARTITIONS, Name
from benchmarks.kafka_runs import backlog, run_on_kafka, wait_until_answered
from benchmarks.many_departments import spread, with_departments
from benchmarks.processes import Contestant, contestant, create_topics_of, start
from benchmarks.report import publish, table
from benchmarks.runs import Run, Stopwatch
from benchmarks.testbed import Testbed, testbed
from benchmarks.workloads import Inquiries, Workload
from services.errors import TriageError
from services.kafka.connected import an_admin
from services.local.live_view.scrape import read_scrape

LENGTH, TEXTS = 200, 1_024
RECORDS, ROUNDS = 40_000, 3
LETTERS = 8_000_000  # of a case of texts, so that long ones take no longer than short ones
COLUMNS = ("what grows", "to", "service", "a second", "a CPU-second", "peak memory, MB")


class Case(NamedTuple):
    """What grows, and to how much; and what else is not as usual."""

    what: str
    size: int
    service: Name = Name.CLASSIFIER
    replicas: int = 1
    partitions: int = PARTITIONS
    length: int = LENGTH


CASES = (
    *(Case("processes", size, replicas=size) for size in (1, 2, 4)),
    *(Case("partitions", size, partitions=size) for size in (1, 4, 16, 64)),
    *(Case("characters", size, length=size) for size in (20, 200, 2_000, 20_000)),
    *(Case("departments", size, service=Name.ROUTER) for size in (2, 10, 100, 500)),
)
BACKLOG, BACKLOG_PART = Case("backlog", 5_000_000), 100_000


def measure(bed: Testbed) -> Iterator[tuple[Case, Run]]:
    """Measure every case."""
    firsts = count(0, 10 * BACKLOG.size)  # no number comes twice, and so no key
    for case in CASES:
        bed.on_step(f"Measuring {case.size:,} {case.what}")
        yield case, _median_run(bed, case, firsts)
    bed.on_step(f"Draining {BACKLOG.size:,} inquiries")
    yield BACKLOG, asyncio.run(_drain(bed))


def _median_run(bed: Testbed, case: Case, firsts: Iterator[int]) -> Run:
    """Return the run of median speed, after one to warm up."""
    runs = []
    with ExitStack() as stack:
        who, workload = _start(stack, bed, case)
        records = min(RECORDS, LETTERS // case.length)
        for number in (records // 4, *[records] * ROUNDS):
            first = next(firsts)
            runs.append(asyncio.run(run_on_kafka(who, workload, range(first, first + number))))
    return sorted(runs[1:], key=lambda run: run.per_second)[ROUNDS // 2]


def _start(stack: ExitStack, bed: Testbed, case: Case) -> tuple[Contestant, Workload]:
    plan, workload = bed.plan, _workload(bed, case)
    if case.what == "departments":
        plan = with_departments(plan, bed.folder / f"departments-{case.size}", case.size)
        workload = spread(workload, plan)
    who = contestant(case.service, plan, bed.folder, case.replicas, case.partitions)
    asyncio.run(create_topics_of(who, 1 if case.what == "departments" else case.partitions))
    start(stack, who)
    return who, workload


def _workload(bed: Testbed, case: Case) -> Workload:
    number = min(TEXTS, LETTERS // 16 // case.length)
    return Inquiries(case.length, bed.model, bed.decider, number).given_to(case.service)


async def _drain(bed: Testbed) -> Run:
    """Publish inquiries, then start the classifier and let it answer them all.

    Its start is part of the time. What it wrote is not read again: the service's own counters and
    the group's offsets tell that all was answered.
    """
    who, workload = contestant(BACKLOG.service, bed.plan, bed.folder), _workload(bed, BACKLOG)
    await create_topics_of(who)
    for first in range(0, BACKLOG.size, BACKLOG_PART):
        async with backlog(who, workload, range(first, first + BACKLOG_PART)) as ends:
            last = ends
    [process] = who.processes
    with process:
        stopwatch = Stopwatch(process.pid)
        async with an_admin(process.servers) as admin:
            await wait_until_answered(admin, who, last)
        run, metrics = stopwatch.run(BACKLOG.size), process.get("/metrics")[1]
    read = read_scrape(metrics, at=0).total("triage_records_read_total")
    if read != BACKLOG.size:
        raise TriageError(f"Of {BACKLOG.size:,} inquiries, {read:,.0f} were answered.")
    return run


def main() -> None:
    """Measure how the services grow, on a real Kafka."""
    console = Console()
    with testbed("growth", console) as bed:
        found = list(measure(bed))
    data = [{**case._asdict(), **run._asdict()} for case, run in found]
    publish(console, "growth", [table(COLUMNS, [_row(case, run) for case, run in found])], data)


def _row(case: Case, run: Run) -> Sequence[str]:
    numbers = (run.per_second, run.per_cpu_second, run.peak_bytes / 1e6)
    return case.what, f"{case.size:,}", case.service, *(f"{each:,.0f}" for each in numbers)


if __name__ == "__main__":
    typer.run(main)
