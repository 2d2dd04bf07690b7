"""A classifier and a router to send loads through, on topics of their own."""

import asyncio
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.effort import CLASSIFIER, PARTITIONS, ROUTER
from benchmarks.inquiries import inquiry, texts
from services.errors import TriageError
from services.local.load.arrivals import Tags
from services.local.load.command import way_of
from services.local.load.figures import LoadFigures
from services.local.load.generator import Load
from services.local.load.run import Way, send_load
from services.local.load.schedule import bursts, poisson
from services.local.pipeline import Plan
from services.local.service_process import ServiceProcess
from services.stream.kafka import connect
from services.stream.settings import KafkaSettings
from services.topics import create_topics, topics_of

RATE = 1_000.0
# At `RATE`, in milliseconds, at most.
GOALS = {"p50": 20.0, "p99": 60.0}
# By the names of `Quantiles`.
SHOWN = {"p50": "p50", "p95": "p95", "p99": "p99", "p99.9": "p999", "max": "max"}

PREFIX = "latency"
LENGTH, TEXTS = 200, 4_096
# The one who watches all of the last topics shares the cores, and each partition costs it something
# in every fetch.
LAST_PARTITIONS = 1
# A broker that has just started is slower for the first half minute: Java compiles what is hot.
WARM_UP_SECONDS = 20.0
WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Latency:
    """What one load found; `share` is that of the capacity, where the rate comes from one."""

    rate: float
    share: float | None
    bursty: bool
    load: LoadFigures

    @property
    def goals(self) -> Mapping[str, float]:
        """What its quantiles should be at most, in milliseconds."""
        return GOALS if self.rate == RATE and not self.bursty else {}

    @property
    def milliseconds(self) -> dict[str, float]:
        """Its quantiles by name; none where nothing came back."""
        times = self.load.latency
        return {name: getattr(times, field) for name, field in SHOWN.items()} if times else {}


@dataclass(frozen=True)
class Line:
    """A pipeline that runs, and inquiries to send through it."""

    servers: str
    way: Way
    values: Sequence[bytes]

    def send(self, rate: float, seconds: float, *, bursty: bool = False, seed: int = 0) -> Latency:
        """Send so many inquiries a second for some seconds.

        Raises:
            TriageError: Not every inquiry came back exactly once.
        """
        due = (bursts if bursty else poisson)(rate, seconds, Random(seed))
        load = Load(self.values, due, seconds, Tags(secrets.token_hex(6)))
        clients = connect(KafkaSettings.model_construct(bootstrap_servers=self.servers), PREFIX)
        found = asyncio.run(send_load(clients, self.way, load, time.monotonic, WAIT_SECONDS))
        if found.lost or found.doubled:
            raise TriageError(
                f"Of {found.inquiries:,} inquiries, {rate:,.0f} a second, {found.lost:,} were lost "
                f"and {found.doubled:,} came back twice: their latency means nothing."
            )
        return Latency(rate, None, bursty, found)


@contextmanager
def running(servers: str, plan: Plan, folder: Path) -> Iterator[Line]:
    """Run a classifier and a router on topics, groups and a routing table of their own, warmed up.

    Raises:
        TriageError: One does not start, or answers the first inquiries wrong.
    """
    own, environment = own_plan(plan, folder)
    way = way_of(own.classifier, own.router)
    asyncio.run(_create_topics(servers, topics_of(own.classifier, own.router), way))
    values = [inquiry(number, text) for number, text in enumerate(texts(LENGTH, TEXTS))]
    with ExitStack() as stack:
        services = [
            stack.enter_context(
                ServiceProcess(name, servers, folder, environment=environment, suffix=PREFIX)
            )
            for name in (CLASSIFIER, ROUTER)
        ]
        for service in services:
            service.wait_until_ready()
        line = Line(servers, way, values)
        line.send(RATE, WARM_UP_SECONDS)
        yield line


async def _create_topics(servers: str, topics: Mapping[str, Mapping[str, str]], way: Way) -> None:
    kafka = KafkaSettings.model_construct(bootstrap_servers=servers)
    last = {name: kept for name, kept in topics.items() if name in way.last}
    await create_topics(kafka, last, partitions=LAST_PARTITIONS, replication_factor=1)
    # These are there now, so what is created is the rest.
    await create_topics(kafka, topics, partitions=PARTITIONS, replication_factor=1)


def own_plan(plan: Plan, folder: Path) -> tuple[Plan, dict[str, str]]:
    """Give a plan whose names begin with ours, and the environment that says so to the services."""
    routes = folder / f"{PREFIX}.toml"
    table = plan.router.routes.read_text(encoding="utf-8")
    named = re.sub(r'^((?:review_)?topic) = "', rf'\1 = "{PREFIX}.', table, flags=re.MULTILINE)
    routes.write_text(named, encoding="utf-8")
    classifier = {
        name: f"{PREFIX}.{getattr(plan.classifier, name)}"
        for name in ("input_topic", "output_topic", "rejected_topic", "group_id")
    }
    router = {
        "input_topic": classifier["output_topic"],
        "rejected_topic": classifier["rejected_topic"],
        "group_id": f"{PREFIX}.{plan.router.group_id}",
        "routes": routes,
        "model": plan.classifier.model,
    }
    own = Plan(plan.classifier.model_copy(update=classifier), plan.router.model_copy(update=router))
    environment = {f"{CLASSIFIER}_{name}".upper(): value for name, value in classifier.items()} | {
        f"{ROUTER}_{name}".upper(): str(value) for name, value in router.items()
    }
    return own, environment
