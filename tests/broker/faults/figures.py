"""What a run has shown, and the table that it prints."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.broker.exactly_once import Faults
from tests.broker.faults.judged import Log, Misjudged, fate_of
from tests.broker.pipeline import SESSION_MS

TAKEOVER_LIMIT = SESSION_MS / 1000 + 2
KILLED = "killed (-9)"
FAILOVER_LIMIT = 3.0


@dataclass(frozen=True)
class Memory:
    """Resident memory of a process in bytes: at rest, and at its peak under the flood."""

    rest: int
    peak: int


@dataclass(frozen=True)
class Failover:
    """Seconds from a fault of a broker to plain clients going on, and to inquiries flowing.

    `own` is a topic's of which each broker leads a partition; `published` is that of the inquiries
    themselves, which are published by a plain client too; `classified` says where they stood.
    """

    own: float
    published: float
    classified: float
    flow: float

    @property
    def plain(self) -> float:
        """Return how long plain clients took, without whom no inquiry is there to flow."""
        return max(self.own, self.published)

    @property
    def later(self) -> float:
        """Return how much later than plain clients inquiries went on."""
        return self.flow - self.plain

    def __str__(self) -> str:
        each = (f"{name} {seconds:.1f} s" for name, seconds in vars(self).items())
        return ", ".join(each)


@dataclass
class Figures:
    """What was done and what came of it."""

    injected: Counter[str] = field(default_factory=Counter)
    struck: int = 0  # processes that were killed, frozen or told to stop
    published: int = 0
    judgements: int = 0
    counted: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    takeovers: list[float] = field(default_factory=list)  # seconds, after kill -9 of one of two
    handovers: list[float] = field(default_factory=list)  # seconds, after SIGTERM of one of two
    complaints: list[str] = field(default_factory=list)
    memory: dict[str, Memory] = field(default_factory=dict)
    failovers: dict[str, list[Failover]] = field(default_factory=lambda: defaultdict(list))

    def note(self, published: int, faults: Faults, misjudged: list[int]) -> None:
        """Add what the comparison at the end of a round found."""
        self.published += published
        self.wrong["lost"] += len(faults.lost)
        self.wrong["doubled"] += len(faults.doubled)
        self.wrong["altered"] += len(faults.altered)
        self.wrong["out of order"] += len(faults.out_of_order)
        self.wrong["rejected wrongly, or not"] += len(misjudged)
        for name, numbers in {**vars(faults), "misjudged": misjudged}.items():
            if numbers:
                self.complaints.append(f"{name}: records {numbers[:20]}")

    def note_judged(self, published: int, log: Log, found: Misjudged) -> None:
        """Add what the comparison of what people judged found."""
        self.judgements += published
        self.counted += len(fate_of(log).counted)
        if published != len(log.judged):
            complaint = f"{published} judgements were published and {len(log.judged)} are there"
            self.complaints.append(complaint)
        for name, places in vars(found).items():
            self.wrong[f"judged: {name.replace('_', ' ')}"] += len(places)
            if places:
                self.complaints.append(f"judged, {name}: inquiries {places[:20]}")

    @property
    def so_far(self) -> str:
        """Say in a line what has come of it until now."""
        return (
            f"so far {self.injected.total():,} faults, {self.struck:,} processes struck, "
            f"{self.published:,} inquiries, {self.judgements:,} judgements, "
            f"{self.counted:,} counted, {self.wrong.total():,} wrong"
        )

    @property
    def failed(self) -> bool:
        """Whether a promise was broken."""
        return (
            bool(self.complaints)
            or max(self.takeovers, default=0) > TAKEOVER_LIMIT
            or max((e.later for e in self.failovers.get(KILLED, ())), default=0) > FAILOVER_LIMIT
        )

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield what to print, a row each."""
        for name, count in sorted(self.injected.items()):
            yield name, f"{count:,}"
        yield f"faults injected, of {len(self.injected)} kinds", f"{self.injected.total():,}"
        yield "processes killed, frozen, cut off or told to stop", f"{self.struck:,}"
        yield "inquiries published", f"{self.published:,}"
        yield "judgements published", f"{self.judgements:,}"
        yield "of these counted, as one of each inquiry", f"{self.counted:,}"
        for name, count in self.wrong.items():
            yield name, f"{count:,}"
        yield f"kill -9 to worked again (at most {TAKEOVER_LIMIT:.1f} s)", _spread(self.takeovers)
        yield "SIGTERM to partitions moved", _spread(self.handovers)
        for what, failovers in self.failovers.items():
            limit = f" (at most {FAILOVER_LIMIT:.0f} s)" if what == KILLED else ""
            yield f"broker {what}: plain clients go on", _spread([e.plain for e in failovers])
            yield (
                f"broker {what}: inquiries after that{limit}",
                _spread([e.later for e in failovers]),
            )
        for name, memory in self.memory.items():
            megabytes = f"{memory.rest / 1e6:.0f} MB, {memory.peak / 1e6:.0f} MB"
            yield f"{name}: resident at rest, at its peak", megabytes


def table(figures: Figures) -> str:
    """Write the figures in two columns."""
    rows = list(figures.rows())
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    return "\n".join([*lines, *(f"BROKEN  {complaint}" for complaint in figures.complaints)])


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "not measured"
    ordered = sorted(seconds)
    middle = ordered[len(ordered) // 2]
    return f"median {middle:.1f} s, longest {ordered[-1]:.1f} s, of {len(ordered)}"
