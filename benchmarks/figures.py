"""From rounds to figures, with the goal beside each that has one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import median
from typing import NamedTuple

from benchmarks.contestants import LENGTHS, Name
from benchmarks.runs import Case, Round, Run


class Unit(NamedTuple):
    """What is measured of a run; where it is against another's, divided by that of the round."""

    name: str
    of: Callable[[Run], float]
    against: Name | None = None

    def measure(self, case: Case, runs: Round) -> float:
        """Return it for one round."""
        other = self.of(runs[Case(self.against, case.length)]) if self.against else 1.0
        return self.of(runs[case]) / other


_rate, _cpu_rate = attrgetter("per_second"), attrgetter("per_cpu_second")
PER_SECOND, PER_CPU_SECOND = Unit("per second", _rate), Unit("per CPU-second", _cpu_rate)
RATIO = Unit("against pass-through", _cpu_rate, Name.PASSTHROUGH)
OWN_RATIO = Unit("against the classified", _cpu_rate, Name.PASSTHROUGH_CLASSIFIED)
TO_ONE = Unit("against one", _cpu_rate, Name.CLASSIFIER)
TIMES_FASTSTREAM = Unit("times FastStream", _rate, Name.FASTSTREAM)
TIMES_WORKERS = Unit("times FastStream, 4", _rate, Name.FASTSTREAM_WORKERS)
TIMES_BATCH = Unit("times FastStream batch", _rate, Name.FASTSTREAM_BATCH)
TIMES_BARE = Unit("times without headers", _rate, Name.FASTSTREAM_BARE)
TIMES_CONFLUENT = Unit("times confluent-kafka", _rate, Name.CONFLUENT)
CPU_TIMES_CONFLUENT = Unit("times confluent, CPU", _cpu_rate, Name.CONFLUENT)
TIMES_SKLEARN = Unit("times scikit-learn", _cpu_rate, Name.SKLEARN)
TIMES_EXPORT = Unit("times its export", _cpu_rate, Name.EXPORT)
MEMORY = Unit("peak memory, MB", lambda run: run.peak_bytes / 1e6)

# Said under the table.
LEGEND = (
    "Length: characters of an inquiry's text.",
    "Per second from the moment a backlog can be read to the commit of the last answer.",
    "Per CPU-second of the process, user and system; start-up is no part of either.",
    "Against another: per CPU-second, divided by the other's of that round.",
    "Times another: per second, likewise; of the models, and where it says so, per CPU-second.",
    "Two classifiers share a consumer group: CPU time is of both, memory of the larger.",
)

USUAL = (PER_SECOND, PER_CPU_SECOND, MEMORY)
TIMES = (TIMES_FASTSTREAM, TIMES_WORKERS, TIMES_BATCH, TIMES_BARE, TIMES_CONFLUENT)
TABLE: dict[Name, tuple[Unit, ...]] = {
    Name.PASSTHROUGH: USUAL,
    Name.PASSTHROUGH_CLASSIFIED: USUAL,
    Name.CLASSIFIER: (*USUAL, RATIO, *TIMES, CPU_TIMES_CONFLUENT),
    Name.TWO_CLASSIFIERS: (*USUAL, TO_ONE),
    Name.CONFLUENT: (*USUAL, RATIO),
    Name.FASTSTREAM_BATCH: (*USUAL, RATIO),
    Name.FASTSTREAM_BARE: (*USUAL, RATIO),
    Name.FASTSTREAM_WORKERS: USUAL,
    Name.FASTSTREAM: USUAL,
    Name.ROUTER: (*USUAL, RATIO, OWN_RATIO),
    Name.CLASSIFY: USUAL,
    Name.MODEL: (PER_CPU_SECOND, TIMES_SKLEARN, TIMES_EXPORT),
    Name.SKLEARN: (PER_CPU_SECOND,),
    Name.EXPORT: (PER_CPU_SECOND,),
}
# With inquiries of each of `LENGTHS`.
GOALS = {
    (Name.CLASSIFIER, PER_SECOND): (15_000, 15_000),
    (Name.CLASSIFIER, RATIO): (0.36, 0.42),
    (Name.CLASSIFIER, TIMES_CONFLUENT): (1.10, 1.10),
    (Name.CLASSIFIER, CPU_TIMES_CONFLUENT): (1.10, 1.10),
    (Name.CLASSIFIER, TIMES_FASTSTREAM): (200, 200),
    (Name.CLASSIFIER, TIMES_BATCH): (1.5, 1.5),
    (Name.CLASSIFIER, MEMORY): (150, 150),
    (Name.TWO_CLASSIFIERS, TO_ONE): (0.9, 0.9),
    (Name.ROUTER, PER_SECOND): (30_000, 30_000),
    (Name.ROUTER, RATIO): (0.33, 0.33),
    (Name.ROUTER, MEMORY): (97, 97),
    (Name.CLASSIFY, PER_SECOND): (30_000, 30_000),
    (Name.MODEL, PER_CPU_SECOND): (160_000, 320_000),
    (Name.MODEL, TIMES_SKLEARN): (6, 6),
}


@dataclass(frozen=True)
class Goal:
    """What a figure should be, at least or at most."""

    value: float
    at_most: bool

    def met_by(self, value: float) -> bool:
        """Tell whether a value is what it should be."""
        return value <= self.value if self.at_most else value >= self.value


@dataclass(frozen=True)
class Figure:
    """One thing, measured once a round, with inquiries of so many characters."""

    name: Name
    unit: str
    characters: int
    goal: Goal | None
    median: float
    rounds: Sequence[float]


def figures_of(rounds: Sequence[Round]) -> list[Figure]:
    """Return the figures of the table."""
    lengths = sorted({case.length for case in rounds[0]}, reverse=True)
    return [
        _figure(Case(name, length), unit, rounds)
        for name, units in TABLE.items()
        for unit in units
        for length in lengths
    ]


def _figure(case: Case, unit: Unit, rounds: Sequence[Round]) -> Figure:
    values = [unit.measure(case, runs) for runs in rounds]
    goals = GOALS.get((case.name, unit))
    goal = Goal(goals[LENGTHS.index(case.length)], unit == MEMORY) if goals else None
    return Figure(case.name, unit.name, case.length, goal, median(values), values)
