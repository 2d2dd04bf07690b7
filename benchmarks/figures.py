"""From rounds to figures, with the goal beside each that has one."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.effort import (
    CLASSIFIER,
    CLASSIFY,
    MODEL,
    PASS_THROUGH,
    PASS_THROUGH_CLASSIFIED,
    ROUTER,
)
from benchmarks.rounds import Case, Round

PER_SECOND, PER_CPU_SECOND = "per second", "per CPU-second"
RATIO, OWN_RATIO = "against pass-through", "against the classified"
MEMORY = "peak memory, MB"

# Said under the table.
LEGEND = (
    "Length: characters of an inquiry's text.",
    "Per second from the moment a backlog can be read to the commit of the last answer.",
    "Per CPU-second of the process, user and system; start-up is no part of either.",
    "Against a pass-through: answers per CPU-second, divided by the pass-through's of that round.",
)

MEASURES: dict[str, Callable[[Case, Round], float]] = {
    PER_SECOND: lambda case, turns: turns[case].per_second,
    PER_CPU_SECOND: lambda case, turns: turns[case].per_cpu_second,
    RATIO: lambda case, turns: _ratio(PASS_THROUGH, case, turns),
    OWN_RATIO: lambda case, turns: _ratio(PASS_THROUGH_CLASSIFIED, case, turns),
    MEMORY: lambda case, turns: turns[case].peak_bytes / 1e6,
}
TABLE = {
    PASS_THROUGH: (PER_SECOND, PER_CPU_SECOND, MEMORY),
    PASS_THROUGH_CLASSIFIED: (PER_SECOND, PER_CPU_SECOND, MEMORY),
    CLASSIFIER: (PER_SECOND, PER_CPU_SECOND, RATIO, MEMORY),
    ROUTER: (PER_SECOND, PER_CPU_SECOND, RATIO, OWN_RATIO, MEMORY),
    CLASSIFY: (PER_SECOND, PER_CPU_SECOND, MEMORY),
    MODEL: (PER_CPU_SECOND,),
}


class Goal(NamedTuple):
    """What a figure should be."""

    value: float
    at_most: bool = False


# Of one process, whatever the length of the inquiries.
GOALS = {
    (CLASSIFIER, PER_SECOND): Goal(15_000),
    (CLASSIFIER, RATIO): Goal(0.20),
    (CLASSIFIER, MEMORY): Goal(250, at_most=True),
    (ROUTER, PER_SECOND): Goal(30_000),
    (ROUTER, RATIO): Goal(0.30),
    (ROUTER, MEMORY): Goal(250, at_most=True),
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


def _ratio(limit: str, case: Case, turns: Round) -> float:
    return turns[case].per_cpu_second / turns[Case(limit, case.length)].per_cpu_second
