"""How long inquiries take from end to end, under loads that wait for no answer.

One classifier and one router; and beside them, in the same run, the bare pair: two pass-throughs
of aiokafka alone, one behind the other, which is what two transactions take. The clock of an
inquiry starts when it is due and stops when a `read_committed` consumer has it from its last topic;
so the wait for a generator, broker or service that cannot keep up is in it (see
`services.local.load`). On how many cores all of that runs says as much as the services do: so it is
told what each of them took of the CPU. `benchmarks.lingers` compares settings in the same way.
"""

import asyncio
import secrets
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise, product
from typing import NamedTuple

import psutil

from benchmarks.contestant_setup import Setup
from benchmarks.contestants import PARTITIONS, Name
from benchmarks.inquiries import inquiry, texts
from benchmarks.processes import Script, environment_with, wait_for_topics
from benchmarks.testbed import Testbed
from services.errors import TriageError
from services.kafka.clients import connect
from services.local.load.command import plan_load
from services.local.load.latency import LoadFigures
from services.local.load.send import Ends, send_load
from services.local.processes.service_process import ServiceProcess
from services.operate.installation import Installation, installation_of
from services.operate.topics import create_topics, topics_of

RATE = 1_000.0
RATES, PARTS_OF_CAPACITY = (100.0, RATE), (0.5, 0.8)
# At `RATE`, in milliseconds, at most, or else so many times the bare pair's right before.
GOALS, TIMES_BARE = {"p50": 25, "p99": 60}, 1.5
QUANTILES = ("p50", "p95", "p99", "p999", "max")
PARTS = ("classifier", "router", "broker")
COLUMNS = (
    *("", "a second", "capacity", *QUANTILES, "sent late"),
    *(f"CPU {each}" for each in PARTS),
)
LEGEND = (
    "Latency in ms, from when an inquiry was due to its last topic; sent late is the p99 of that. "
    "CPU in ms an inquiry, idling included; of the bare pair, its first and its second process. "
    f"Goals: {GOALS['p50']} and {GOALS['p99']}, or where that is more, {TIMES_BARE} times the bare "
    "pair's."
)

LENGTH, TEXTS = 200, 4_096
# The one who watches all of the last topics shares the cores, and each partition costs it something
# in every fetch.
FINAL_PARTITIONS = 1
# A broker that has just started is slower for the first half minute: Java compiles what is hot.
WARM_UP_SECONDS, WAIT_SECONDS = 20.0, 30.0
BARE, SERVICES = "bare pair", "services"


class Pair(NamedTuple):
    """Two processes, one behind the other: where inquiries go in, and where they end."""

    name: str
    received_topic: str
    final_topics: frozenset[str]
    processes: Sequence[ServiceProcess]


@dataclass(frozen=True)
class Latency:
    """What one load found of a pair; `part` is that of the capacity, where the rate is one.

    `cpu_ms` is what each of `PARTS` took for each inquiry, in milliseconds.
    """

    pair: str
    rate: float
    part: float | None
    load: LoadFigures
    cpu_ms: Mapping[str, float]


def measure_latency(bed: Testbed, capacity: float, seconds: float) -> Iterator[Latency]:
    """Measure at 100 and 1,000 inquiries a second, and at 50 and 80 % of a capacity."""
    with ExitStack() as stack:
        bare, services = start_pairs(stack, bed, {SERVICES: {}})
        bed.on_step("Measuring latency")
        warm_up(bed, bare, services)
        for rate, pair in product(RATES, (bare, services)):
            yield measure(bed, pair, rate, seconds)
        for part in PARTS_OF_CAPACITY:
            yield measure(bed, services, capacity * part, seconds, part)


def start_pairs(
    stack: ExitStack, bed: Testbed, variants: Mapping[str, Mapping[str, str]]
) -> list[Pair]:
    """Start the bare pair, and a pair of services for each set of settings; `stack` stops them."""
    pairs = [_bare(bed), *(_services(bed, name, more) for name, more in variants.items())]
    processes = [process for pair in pairs for process in pair.processes]
    for process in processes:
        stack.enter_context(process)
    for process in processes:
        process.wait_until_ready()
    return pairs


def _services(bed: Testbed, name: str, settings: Mapping[str, str]) -> Pair:
    own = an_installation(bed.plan)
    create_topics_of(own, own.final_topics, PARTITIONS)
    return pair_of(bed, own, name, settings)


def an_installation(plan: Installation) -> Installation:
    """Return one like it, whose names on Kafka nobody else has."""
    kafka = plan.kafka.model_copy(update={"topic_prefix": f"latency-{secrets.token_hex(4)}."})
    return installation_of(kafka, plan.classifier, plan.router)


def create_topics_of(own: Installation, narrow: Collection[str], partitions: int) -> None:
    """Create the topics of an installation, some of them with one partition."""
    topics = topics_of(own)
    for is_narrow, count in ((True, FINAL_PARTITIONS), (False, partitions)):
        some = {each: topics[each] for each in topics if (each in narrow) is is_narrow}
        asyncio.run(create_topics(own.kafka, some, partitions=count, replication_factor=1))
    asyncio.run(wait_for_topics(own.kafka, topics))


def pair_of(bed: Testbed, own: Installation, name: str, settings: Mapping[str, str]) -> Pair:
    """Return classifier and router of an installation, not started yet."""
    kafka, prefix = own.kafka, own.kafka.topic_prefix
    processes = [
        ServiceProcess(
            each,
            kafka.bootstrap_servers,
            bed.folder,
            environment={**environment_with(bed.plan, prefix), **settings},
            suffix=prefix,
        )
        for each in ("classifier", "router")
    ]
    return Pair(name, own.received_topic, own.final_topics, processes)


def _bare(bed: Testbed) -> Pair:
    kafka = bed.plan.kafka
    topics = [f"bare-{secrets.token_hex(4)}.{number}" for number in range(3)]
    new: dict[str, dict[str, str]] = {each: {} for each in topics}
    asyncio.run(create_topics(kafka, new, partitions=PARTITIONS, replication_factor=1))
    asyncio.run(wait_for_topics(kafka, topics))
    processes = [
        Script(
            Name.PASSTHROUGH,
            Setup(kafka.bootstrap_servers, reads, writes, f"group-{writes}", ""),
            bed.folder,
            suffix=writes,
        )
        for reads, writes in pairwise(topics)
    ]
    return Pair(BARE, topics[0], frozenset(topics[-1:]), processes)


def warm_up(bed: Testbed, *pairs: Pair) -> None:
    """Send each pair a load that does not count."""
    for pair in pairs:
        _send(bed, pair, RATE, WARM_UP_SECONDS / len(pairs))


def measure(
    bed: Testbed, pair: Pair, rate: float, seconds: float, part: float | None = None
) -> Latency:
    """Send a pair a load, and return how long inquiries took and what the processes did."""
    pids = [*(each.pid for each in pair.processes), bed.broker.pid]
    watched = {name: psutil.Process(pid) for name, pid in zip(PARTS, pids, strict=True)}
    before = {name: _cpu_seconds(each) for name, each in watched.items()}
    load = _send(bed, pair, rate, seconds)
    took = {name: _cpu_seconds(each) - before[name] for name, each in watched.items()}
    return Latency(pair.name, rate, part, load, {n: took[n] * 1000 / load.inquiries for n in took})


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _send(bed: Testbed, ends: Ends, rate: float, seconds: float) -> LoadFigures:
    lines = [inquiry(number, text) for number, text in enumerate(texts(LENGTH, TEXTS))]
    path = bed.folder / "inquiries.jsonl"
    path.write_bytes(b"\n".join(lines))
    load = plan_load(path, rate=rate, seconds=seconds, bursty=False, seed=0)
    clients = connect(bed.plan.kafka, "bench")
    found = asyncio.run(send_load(clients, ends, load, time.monotonic, WAIT_SECONDS))
    if found.lost or found.doubled:
        raise TriageError(
            f"Of {found.inquiries:,} inquiries, {rate:,.0f} a second, {found.lost:,} were lost "
            f"and {found.doubled:,} came back twice: their latency means nothing."
        )
    return found


def rows_of(found: Sequence[Latency]) -> Iterator[Sequence[str]]:
    """Yield the quantiles of each load, in milliseconds, and the goals under what has them."""
    bare: Mapping[str, float] = {}
    for each in found:
        times = {name: getattr(each.load.latency, name, 0.0) for name in QUANTILES}
        late = each.load.late.p99 if each.load.late else 0.0
        part = f"{each.part:.0%}" if each.part else ""
        cpu = [f"{each.cpu_ms[name]:.2f}" for name in PARTS]
        shown = [f"{time:,.1f}" for time in (*times.values(), late)]
        yield (each.pair, f"{each.rate:,.0f}", part, *shown, *cpu)
        if each.rate == RATE:
            if each.pair == BARE:
                bare = times
            else:
                yield _goals(times, bare)


def _goals(times: Mapping[str, float], bare: Mapping[str, float]) -> Sequence[str]:
    cells = dict.fromkeys(QUANTILES, "")
    for name, goal in GOALS.items():
        most = max(goal, TIMES_BARE * bare.get(name, 0.0))
        cells[name] = f"≤ {most:,.1f}, {'met' if times[name] <= most else 'missed'}"
    return ("goal", "", "", *cells.values(), "", *([""] * len(PARTS)))
