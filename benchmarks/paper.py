"""What an installation needs, on paper: formulas over what was measured, for docs/scale.md.

python -m benchmarks.paper --rate 2778 --partitions 12
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp
from typing import Annotated, NamedTuple

import typer

DAY, COPIES = 86_400, 3


@dataclass(frozen=True)
class Cost:
    """What is taken of the CPU, in ms, and of one process's memory, in MB.

    `rest_ms` and `partition_ms` are those of a second in which nothing comes: who waits for records
    asks for them again and again.
    """

    rest_ms: float
    partition_ms: float
    transaction_ms: float
    inquiry_ms: float
    memory: float
    partition_memory: float

    def cores(self, rate: float, transactions: float, partitions: int) -> float:
        """Return the cores that so many inquiries and transactions a second take."""
        waiting = self.rest_ms + partitions * self.partition_ms
        working = rate * self.inquiry_ms + transactions * self.transaction_ms
        return (waiting + working) / 1000


# By `python -m benchmarks.scale`; the memory of a partition is that in a backlog, by `make growth`.
COSTS = {
    "classifier": Cost(6, 0.41, 2.7, 0.036, 150, 1.5),
    "router": Cost(6.3, 0.42, 2.2, 0.061, 100, 0.7),
    "broker": Cost(50, 0.7, 2.6, 0.036, 420, 1.1),
}
# What an inquiry of 200 characters adds to logs, in bytes, where many come at once; review is one
# of the topics on which it ends.
LOGS = {"inquiries": 435, "inquiries.classified": 1_103, "where it ends": 1_323}
# What a transaction adds to Kafka's own topics, which keep the newest alone.
TRANSACTION_BYTES = 1_500
# The most that one transaction of a partition waits for the next: `services.engine.linger`.
LINGER = 0.05


class Line(NamedTuple):
    """One figure, and where it comes from."""

    what: str
    value: float
    unit: str
    formula: str

    def __str__(self) -> str:
        """Return it as a row of a table."""
        shown = f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.2g}"  # noqa: PLR2004
        return f"| {self.what} | {shown} {self.unit} | `{self.formula}` |"


def transactions(rate: float, partitions: int, linger: float = LINGER) -> float:
    """Return how many transactions a service begins a second, of all partitions.

    Inquiries come at random. A partition's next transaction begins `linger` seconds after the last
    one where an inquiry has come by then, and with the next one to come where none has, which has
    the probability exp(-rate * linger).

    Args:
        rate: Inquiries a second, of all partitions.
        partitions: How many there are.
        linger: From one transaction of a partition to its next, in seconds.
    """
    each = rate / partitions
    return partitions / (linger + exp(-each * linger) / each)


def lines(rate: float, partitions: int, days: float, hours: float) -> Iterator[Line]:
    """Yield what so many inquiries a second need.

    Args:
        rate: Inquiries a second.
        partitions: Of each topic.
        days: For how long topics are kept.
        hours: In which a day's backlog is to be worked off, while more come.
    """
    each = transactions(rate, partitions)
    speed = rate + rate * DAY / (hours * 3_600)
    yield Line("transactions of a service", each, "a second", "t = P / (g + exp(-gr/P) P/r)")
    yield Line("answered in a backlog", speed, "a second", "v = r + 86,400 r / 3,600 h")
    for name, cost in COSTS.items():
        times, t = (2, "2 t") if name == "broker" else (1, "t")
        steady = cost.cores(rate, times * each, partitions)
        yield Line(f"{name}: as they come", steady, "cores", f"e + P p + {t} x + r i")
        yield Line(f"{name}: a backlog", speed * cost.inquiry_ms / 1_000, "cores", "v i")
        memory = cost.memory + partitions * cost.partition_memory
        yield Line(f"{name}: one process, all partitions", memory, "MB", "m + P q")
    log, own = rate * sum(LOGS.values()) / 1e6, 2 * each * TRANSACTION_BYTES / 1e6
    yield Line("written by services and senders", log + own, "MB/s", "r l + 2 t k")
    yield Line("between brokers", (COPIES - 1) * (log + own), "MB/s", "2 (r l + 2 t k)")
    yield Line("read", log, "MB/s", "r l")
    yield Line("disk, all brokers", COPIES * days * DAY * log / 1e6, "TB", "3 · 86,400 d r l")


def main(
    rate: Annotated[float, typer.Option(help="Inquiries a second.", min=0.001, max=1e7)] = 2_778,
    partitions: Annotated[int, typer.Option(help="Of each topic.", min=1, max=10_000)] = 12,
    days: Annotated[
        float, typer.Option(help="For how long topics are kept.", min=0, max=36_500)
    ] = 7,
    hours: Annotated[
        float, typer.Option(help="In which a day's backlog is worked off.", min=0.1, max=8_760)
    ] = 8,
) -> None:
    """Print what that needs, and by which formula."""
    for line in lines(rate, partitions, days, hours):
        typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
