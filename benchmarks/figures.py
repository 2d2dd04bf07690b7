"""From rounds to figures, with the goal beside each that has one."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.rounds import CLASSIFY, MODEL, Case, Round

LIMIT = "pass-through"
PER_SECOND, PER_CPU_SECOND = "per second", "per CPU-second"
RATIO, MEMORY = "against pass-through", "peak memory, MB"

MEASURES: dict[str, Callable[[Case, Round], float]] = {
    PER_SECOND: lambda case, turns: turns[case].per_second,
    PER_CPU_SECOND: lambda case, turns: turns[case].per_cpu_second,
    RATIO: lambda case, turns: (
        turns[case].per_cpu_second / turns[Case(LIMIT, case.length)].per_cpu_second
    ),
    MEMORY: lambda case, turns: turns[case].peak_bytes / 1e6,
}
TABLE = {
    LIMIT: (PER_SECOND, PER_CPU_SECOND, MEMORY),
    "classifier": (PER_SECOND, PER_CPU_SECOND, RATIO, MEMORY),
    "router": (PER_SECOND, PER_CPU_SECOND, RATIO, MEMORY),
    CLASSIFY: (PER_SECOND, PER_CPU_SECOND, MEMORY),
    MODEL: (PER_CPU_SECOND,),
}


class Goal(NamedTuple):
    """What a figure should be."""

    value: float
    at_most: bool = False


# Of one process, whatever the length of the inquiries.
GOALS = {
    ("classifier", PER_SECOND): Goal(15_000),
    ("classifier", RATIO): Goal(0.20),
    ("classifier", MEMORY): Goal(250, at_most=True),
    ("router", PER_SECOND): Goal(30_000),
    ("router", RATIO): Goal(0.30),
    ("router", MEMORY): Goal(250, at_most=True),
    (CLASSIFY, PER_SECOND): Goal(30_000),
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
        return GOALS.get((self.name, self.unit))


def figures_of(rounds: Sequence[Round]) -> list[Figure]:
    """Give the figures of the table; a ratio is one of two turns of the same round."""
    lengths = sorted({case.length for case in rounds[0]}, reverse=True)
    return [
        Figure(name, unit, length, [MEASURES[unit](Case(name, length), turns) for turns in rounds])
        for name, units in TABLE.items()
        for unit in units
        for length in lengths
    ]
