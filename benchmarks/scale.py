"""What a replica, a partition and an inquiry cost: the points that docs/scale.md is made of.

Classifier, router and settler on topics of so many partitions: first at rest, then under a load
that waits for no answer. It is told what each of them and the broker take of the CPU, how many
transactions that is, their memory, open files and connections, and what each topic's log grows by.
At last classifier and router work off what has gathered.

    python -m benchmarks.scale --partitions 4 --partitions 16 --rate 100 --rate 1000
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Annotated, NamedTuple

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.contestants import PARTITIONS, Name
from benchmarks.kafka_runs import backlog
from benchmarks.latency import an_installation, create_topics_of, measure, pair_of, warm_up
from benchmarks.processes import Contestant, environment_with
from benchmarks.report import publish, table
from benchmarks.runs import peak_bytes
from benchmarks.testbed import Testbed, testbed
from benchmarks.workloads import Inquiries
from services.local.live_view.scrape import read_scrape
from services.local.processes.service_process import ServiceProcess
from services.operate.installation import Installation

SERVICES = ("classifier", "router", "settler")
COLUMNS = (
    *("partitions", "a second", "", "CPU ms a second", "CPU ms an inquiry"),
    *("transactions an inquiry", "peak MB", "files", "connections"),
)
LOG_COLUMNS = ("partitions", "a second", "topic", "bytes an inquiry")
LENGTH, BACKLOG_PART = 200, 50_000
# Seldom: what a service does to answer would count as its work.
POLL_SECONDS = 1.0
READ = "triage_records_read_total"
INTERNAL = ("__transaction_state", "__consumer_offsets")


@dataclass(frozen=True)
class Taken:
    """What one process took while so many inquiries a second came, of so many partitions."""

    partitions: int
    rate: float
    process: str
    cpu_ms_a_second: float
    cpu_ms_an_inquiry: float
    transactions_an_inquiry: float
    peak_mb: float
    files: int
    connections: int


@dataclass(frozen=True)
class Grown:
    """By how much the log of a topic grew for each inquiry."""

    partitions: int
    rate: float
    topic: str
    bytes_an_inquiry: float


class Moment(NamedTuple):
    """What had been taken up to a moment, by process."""

    at: float
    cpu: Mapping[str, float]
    transactions: Mapping[str, float]
    logs: Mapping[str, int]


@dataclass(frozen=True)
class Scene:
    """An installation that runs, and the broker."""

    bed: Testbed
    own: Installation
    partitions: int
    services: Mapping[str, ServiceProcess]

    def now(self) -> Moment:
        """Return what was taken so far."""
        cpu = {name: _cpu_seconds(each) for name, each in self.processes().items()}
        metrics = {name: each.get("/metrics")[1] for name, each in self.services.items()}
        transactions = {
            name: read_scrape(text, at=0).total("triage_transactions_total", result="committed")
            for name, text in metrics.items()
        }
        return Moment(time.monotonic(), cpu, transactions, _logs(self.bed, self.own))

    def processes(self) -> dict[str, psutil.Process]:
        """Return each service's process, and the broker's."""
        pids = {name: each.pid for name, each in self.services.items()}
        pids["broker"] = self.bed.broker.pid
        return {name: psutil.Process(pid) for name, pid in pids.items()}

    def taken(self, before: Moment, rate: float, inquiries: int) -> Iterator[Taken]:
        """Yield what each process took since a moment."""
        after = self.now()
        seconds = after.at - before.at
        for name, process in self.processes().items():
            cpu_ms = (after.cpu[name] - before.cpu[name]) * 1000
            done = after.transactions.get(name, 0) - before.transactions.get(name, 0)
            yield Taken(
                self.partitions,
                rate,
                name,
                cpu_ms / seconds,
                cpu_ms / inquiries if inquiries else 0,
                done / inquiries if inquiries else 0,
                peak_bytes(process) / 1e6,
                process.num_fds(),
                len(process.net_connections("tcp")),
            )

    def grown(self, before: Moment, rate: float, inquiries: int) -> Iterator[Grown]:
        """Yield by how much logs grew since a moment."""
        for topic, size in _logs(self.bed, self.own).items():
            grown = (size - before.logs.get(topic, 0)) / inquiries
            yield Grown(self.partitions, rate, topic, grown)


def main(
    partitions: Annotated[list[int], typer.Option(help="Of each topic; several, in turn.")],
    rate: Annotated[list[float], typer.Option(help="Inquiries a second; several, in turn.")],
    seconds: Annotated[float, typer.Option(help="How long each load is, and the rest.")] = 10,
    waiting: Annotated[int, typer.Option(help="How many are worked off at last.")] = 0,
) -> None:
    """Measure what processes and logs take, on a real Kafka."""
    console = Console()
    taken, grown, remarks = list[Taken](), list[Grown](), list[str]()
    with testbed("scale", console) as bed:
        for count in partitions:
            bed.on_step(f"Measuring {count} partitions")
            more = _measure(bed, count, rate, seconds)
            taken += more[0]
            grown += more[1]
        if waiting:
            bed.on_step(f"Working off {waiting:,} inquiries")
            remarks.append(_work_off(bed, waiting))
    parts: list[Table | str] = [
        table(COLUMNS, map(_row, taken)),
        table(LOG_COLUMNS, map(_log_row, grown)),
    ]
    parts += remarks
    publish(console, "scale", parts, [*map(asdict, taken), *map(asdict, grown)])


def _measure(
    bed: Testbed, partitions: int, rates: Sequence[float], seconds: float
) -> tuple[list[Taken], list[Grown]]:
    taken, grown = list[Taken](), list[Grown]()
    own = an_installation(bed.plan)
    departments = {each.topic for each in own.table.departments.values()}
    create_topics_of(own, departments, partitions)
    pair = pair_of(bed, own, "services", {})
    settler = ServiceProcess(
        "settler",
        own.kafka.bootstrap_servers,
        bed.folder,
        environment=environment_with(bed.plan, own.kafka.topic_prefix),
        suffix=own.kafka.topic_prefix,
    )
    services = dict(zip(SERVICES, (*pair.processes, settler), strict=True))
    with ExitStack() as stack:
        for each in services.values():
            stack.enter_context(each)
        for each in services.values():
            each.wait_until_ready()
        scene = Scene(bed, own, partitions, services)
        warm_up(bed, pair)
        before = scene.now()
        time.sleep(seconds)
        taken += scene.taken(before, 0, 0)
        for rate in rates:
            before = scene.now()
            inquiries = measure(bed, pair, rate, seconds).load.inquiries
            taken += scene.taken(before, rate, inquiries)
            grown += scene.grown(before, rate, inquiries)
    return taken, grown


def _work_off(bed: Testbed, waiting: int) -> str:
    """Let inquiries wait, then start classifier and router, and say how long both took."""
    own = an_installation(bed.plan)
    create_topics_of(own, own.final_topics, PARTITIONS)
    pair = pair_of(bed, own, "services", {})
    asyncio.run(_let_wait(bed, own, waiting))
    with ExitStack() as stack:
        for each in pair.processes:
            stack.enter_context(each)
        for each in pair.processes:
            each.wait_until_ready()
        broker = psutil.Process(bed.broker.pid)
        began, broker_began = time.monotonic(), _cpu_seconds(broker)
        took = [_until_read(each, waiting) - began for each in pair.processes]
        used = [_cpu_seconds(psutil.Process(each.pid)) for each in pair.processes]
        used.append(_cpu_seconds(broker) - broker_began)
        metrics = [read_scrape(each.get("/metrics")[1], at=0) for each in pair.processes]
    transactions = [each.total("triage_transactions_total") for each in metrics]
    return (
        f"{waiting:,} that waited: the classifier was done after {took[0]:.1f} s, the router after "
        f"{took[1]:.1f} s, {waiting / took[1]:,.0f} a second; CPU {used[0]:.1f} and {used[1]:.1f} "
        f"s, starts too, the broker {used[2]:.1f} s; transactions {transactions[0]:,.0f} and "
        f"{transactions[1]:,.0f}."
    )


async def _let_wait(bed: Testbed, own: Installation, waiting: int) -> None:
    given = Contestant(Name.CLASSIFIER, own.kafka, own.classifier, frozenset(), (), PARTITIONS)
    workload = Inquiries(LENGTH, bed.model, bed.decider).given_to(Name.CLASSIFIER)
    for first in range(0, waiting, BACKLOG_PART):
        async with backlog(given, workload, range(first, min(first + BACKLOG_PART, waiting))):
            pass


def _until_read(service: ServiceProcess, records: int) -> float:
    """Wait until a service has read so many, and return when that was."""
    while read_scrape(service.get("/metrics")[1], at=0).total(READ) < records:
        service.check()
        time.sleep(POLL_SECONDS)
    return time.monotonic()


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _logs(bed: Testbed, own: Installation) -> dict[str, int]:
    """Return the size of the log of each topic, those of all departments together."""
    prefix = own.kafka.topic_prefix
    departments = {each.topic for each in own.table.departments.values()}
    sizes = defaultdict[str, int](int)
    for log in (bed.folder / "kafka" / "data").glob("*/*.log"):
        topic = log.parent.name.rpartition("-")[0]
        if topic.startswith(prefix) or topic in INTERNAL:
            sizes["departments" if topic in departments else topic.removeprefix(prefix)] += (
                log.stat().st_size
            )
    return {topic: size for topic, size in sizes.items() if size}


def _row(taken: Taken) -> Sequence[str]:
    return (
        f"{taken.partitions}",
        f"{taken.rate:,.0f}" if taken.rate else "at rest",
        taken.process,
        f"{taken.cpu_ms_a_second:,.1f}",
        f"{taken.cpu_ms_an_inquiry:.2f}" if taken.rate else "",
        f"{taken.transactions_an_inquiry:.3f}" if taken.rate else "",
        f"{taken.peak_mb:,.0f}",
        f"{taken.files:,}",
        f"{taken.connections:,}",
    )


def _log_row(grown: Grown) -> Sequence[str]:
    return (
        f"{grown.partitions}",
        f"{grown.rate:,.0f}",
        grown.topic,
        f"{grown.bytes_an_inquiry:,.0f}",
    )


if __name__ == "__main__":
    typer.run(main)
