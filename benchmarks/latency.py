"""How long inquiries take from end to end, under loads that wait for no answer.

One classifier and one router. The clock of an inquiry starts when it is due and stops when a
`read_committed` consumer has it from its last topic; so the wait for a generator, broker or service
that cannot keep up is in it (see `services.local.load`).
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.contestants import PARTITIONS
from benchmarks.inquiries import inquiry, texts
from benchmarks.testbed import Testbed
from services.errors import TriageError
from services.kafka.clients import connect
from services.local.load.command import plan_load
from services.local.load.latency import LoadFigures
from services.local.load.send import send_load
from services.local.processes.pipeline import create_all_topics, start_services
from services.operate.topics import create_topics, topics_of

RATE, PARTS_OF_CAPACITY = 1_000.0, (0.1, 0.5, 0.8)
# At `RATE`, in milliseconds, at most.
GOALS = {"p50": 20, "p99": 60}
QUANTILES = ("p50", "p95", "p99", "p999", "max")
COLUMNS = ("a second", "capacity", *QUANTILES, "sent late")
LEGEND = (
    "Latency in ms, from when an inquiry was due to its last topic; sent late is the p99 of that."
)

LENGTH, TEXTS = 200, 4_096
# The one who watches all of the last topics shares the cores, and each partition costs it something
# in every fetch.
FINAL_PARTITIONS = 1
# A broker that has just started is slower for the first half minute: Java compiles what is hot.
WARM_UP_SECONDS, WAIT_SECONDS = 20.0, 30.0


@dataclass(frozen=True)
class Latency:
    """What one load found; `part` is that of the capacity, where the rate comes from one."""

    rate: float
    part: float | None
    load: LoadFigures


def measure_latency(bed: Testbed, capacity: float, seconds: float) -> list[Latency]:
    """Measure at 1,000 inquiries a second, and at 10, 50 and 80 % of a capacity.

    The topics are those without a prefix, which no contestant has.
    """
    plan, servers = bed.plan, bed.plan.kafka.bootstrap_servers
    final = {name: kept for name, kept in topics_of(plan).items() if name in plan.final_topics}
    asyncio.run(create_topics(plan.kafka, final, partitions=FINAL_PARTITIONS, replication_factor=1))
    create_all_topics(plan, servers, PARTITIONS)  # the rest
    rates = [(RATE, None), *((capacity * part, part) for part in PARTS_OF_CAPACITY)]
    with ExitStack() as stack:
        start_services(stack, plan, servers, bed.folder)
        bed.on_step("Measuring latency")
        _send(bed, RATE, WARM_UP_SECONDS)
        return [Latency(rate, part, _send(bed, rate, seconds)) for rate, part in rates]


def _send(bed: Testbed, rate: float, seconds: float) -> LoadFigures:
    lines = [inquiry(number, text) for number, text in enumerate(texts(LENGTH, TEXTS))]
    path = bed.folder / "inquiries.jsonl"
    path.write_bytes(b"\n".join(lines))
    load = plan_load(path, rate=rate, seconds=seconds, bursty=False, seed=0)
    clients = connect(bed.plan.kafka, "bench")
    found = asyncio.run(send_load(clients, bed.plan, load, time.monotonic, WAIT_SECONDS))
    if found.lost or found.doubled:
        raise TriageError(
            f"Of {found.inquiries:,} inquiries, {rate:,.0f} a second, {found.lost:,} were lost "
            f"and {found.doubled:,} came back twice: their latency means nothing."
        )
    return found


def rows_of(found: Sequence[Latency]) -> Iterator[Sequence[str]]:
    """Yield the quantiles of each load, in milliseconds, and the goals under what has them."""
    for each in found:
        times = [getattr(each.load.latency, name, 0.0) for name in QUANTILES]
        late = each.load.late.p99 if each.load.late else 0.0
        part = f"{each.part:.0%}" if each.part else ""
        yield f"{each.rate:,.0f}", part, *(f"{time:,.1f}" for time in (*times, late))
        if each.rate == RATE:
            yield "goal", "", *(f"≤ {GOALS[name]}" if name in GOALS else "" for name in QUANTILES)
