"""From rounds to figures, with the goal beside each that has one."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.effort import (
    CLASSIFIER,
    CLASSIFY,
    CONFLUENT,
    EXPORT,
    FASTSTREAM,
    FASTSTREAM_BARE,
    FASTSTREAM_BATCH,
    FASTSTREAM_WORKERS,
    MODEL,
    PASS_THROUGH,
    PASS_THROUGH_CLASSIFIED,
    ROUTER,
    SKLEARN,
    TWO_CLASSIFIERS,
)
from benchmarks.rounds import Case, Round
from benchmarks.turn import Turn

PER_SECOND, PER_CPU_SECOND = "per second", "per CPU-second"
RATIO, OWN_RATIO = "against pass-through", "against the classified"
TIMES_DOCUMENTED, TIMES_WORKERS = "times FastStream", "times FastStream, 4"
TIMES_BATCH, TIMES_BARE = "times FastStream batch", "times without headers"
TIMES_CONFLUENT = "times confluent-kafka"
TIMES_SKLEARN, TIMES_EXPORT = "times scikit-learn", "times stock export"
TO_ONE = "against one"
MEMORY = "peak memory, MB"

# Said under the table.
LEGEND = (
    "Length: characters of an inquiry's text.",
    "Per second from the moment a backlog can be read to the commit of the last answer.",
    "Per CPU-second of the process, user and system; start-up is no part of either.",
    "Against another: per CPU-second, divided by the other's of that round.",
    "Times another, on Kafka: per second, likewise; the models alone: per CPU-second.",
    "Two classifiers share a consumer group: CPU time is of both, memory of the larger.",
)

Measure = Callable[[Case, Round], float]


def _rate(turn: Turn) -> float:
    return turn.per_second


def _cpu_rate(turn: Turn) -> float:
    return turn.per_cpu_second


def _over(other: str, rate: Callable[[Turn], float] = _cpu_rate) -> Measure:
    """Measure a contestant by another's turn of the same round."""
    return lambda case, turns: rate(turns[case]) / rate(turns[Case(other, case.length)])


MEASURES: dict[str, Measure] = {
    PER_SECOND: lambda case, turns: turns[case].per_second,
    PER_CPU_SECOND: lambda case, turns: turns[case].per_cpu_second,
    RATIO: _over(PASS_THROUGH),
    OWN_RATIO: _over(PASS_THROUGH_CLASSIFIED),
    TIMES_DOCUMENTED: _over(FASTSTREAM, _rate),
    TIMES_WORKERS: _over(FASTSTREAM_WORKERS, _rate),
    TIMES_BATCH: _over(FASTSTREAM_BATCH, _rate),
    TIMES_BARE: _over(FASTSTREAM_BARE, _rate),
    TIMES_CONFLUENT: _over(CONFLUENT, _rate),
    TIMES_SKLEARN: _over(SKLEARN),
    TIMES_EXPORT: _over(EXPORT),
    TO_ONE: _over(CLASSIFIER),
    MEMORY: lambda case, turns: turns[case].peak_bytes / 1e6,
}
RATES = (PER_SECOND, PER_CPU_SECOND)
OVER_OTHERS = (TIMES_DOCUMENTED, TIMES_WORKERS, TIMES_BATCH, TIMES_BARE, TIMES_CONFLUENT)
TABLE = {
    PASS_THROUGH: (*RATES, MEMORY),
    PASS_THROUGH_CLASSIFIED: (*RATES, MEMORY),
    CLASSIFIER: (*RATES, RATIO, *OVER_OTHERS, MEMORY),
    TWO_CLASSIFIERS: (*RATES, TO_ONE, MEMORY),
    CONFLUENT: (*RATES, RATIO, MEMORY),
    FASTSTREAM_BATCH: (*RATES, RATIO, MEMORY),
    FASTSTREAM_BARE: (*RATES, RATIO, MEMORY),
    FASTSTREAM_WORKERS: (*RATES, MEMORY),
    FASTSTREAM: (*RATES, MEMORY),
    ROUTER: (*RATES, RATIO, OWN_RATIO, MEMORY),
    CLASSIFY: (*RATES, MEMORY),
    MODEL: (PER_CPU_SECOND, TIMES_SKLEARN, TIMES_EXPORT),
    SKLEARN: (PER_CPU_SECOND,),
    EXPORT: (PER_CPU_SECOND,),
}


class Goal(NamedTuple):
    """What a figure should be."""

    value: float
    at_most: bool = False


# Whatever the length of the inquiries; and by length, where that makes a difference.
GOALS = {
    (CLASSIFIER, PER_SECOND): Goal(15_000),
    (CLASSIFIER, TIMES_DOCUMENTED): Goal(200),
    (CLASSIFIER, TIMES_BATCH): Goal(1.5),
    (CLASSIFIER, MEMORY): Goal(200, at_most=True),
    (TWO_CLASSIFIERS, TO_ONE): Goal(0.9),
    (ROUTER, PER_SECOND): Goal(30_000),
    (ROUTER, RATIO): Goal(0.5),
    (ROUTER, MEMORY): Goal(100, at_most=True),
    (CLASSIFY, PER_SECOND): Goal(30_000),
    (MODEL, TIMES_SKLEARN): Goal(5),
}
GOALS_BY_LENGTH = {
    (CLASSIFIER, RATIO): {200: Goal(0.40), 60: Goal(0.50)},
    (MODEL, PER_CPU_SECOND): {200: Goal(150_000), 60: Goal(300_000)},
}


class Figure(NamedTuple):
    """One thing, measured once a round, with inquiries of so many characters."""

    name: str
    unit: str
    length: int
    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle one of the values."""
        return median(self.values)

    @property
    def goal(self) -> Goal | None:
        """What it should be."""
        place = (self.name, self.unit)
        return GOALS.get(place) or GOALS_BY_LENGTH.get(place, {}).get(self.length)


def figures_of(rounds: Sequence[Round]) -> list[Figure]:
    """Give the figures of the table; a ratio is one of two turns of the same round."""
    lengths = sorted({case.length for case in rounds[0]}, reverse=True)
    return [
        Figure(name, unit, length, [MEASURES[unit](Case(name, length), turns) for turns in rounds])
        for name, units in TABLE.items()
        for unit in units
        for length in lengths
    ]
