"""What Prometheus sees of the desk: what waits, who decides how, and how fast pages are."""

import math
from collections.abc import Callable, Collection, Iterable
from typing import get_args

from prometheus_client import CollectorRegistry, ProcessCollector

from services.desk.fold import Stream
from services.desk.login import metrics as login
from services.desk.state import NOT_OURS, State
from services.engine.health import Health
from services.engine.metric import Counter, Gauge, Histogram, Metric
from services.engine.metrics import BUILD, READY
from services.messages.claim import Kind
from services.messages.judgement import Source

WAITING = Gauge(
    "triage_waiting", "Inquiries that wait for a person, by where they lie.", ["source", "priority"]
)
OLDEST = Gauge(
    "triage_waiting_oldest_timestamp_seconds",
    "Since when the inquiry waits that waits longest, in seconds since 1970; 0 where none does.",
    ["source", "priority"],
    unit="seconds",
)
CLAIMS = Counter("triage_claims_total", "What people did with inquiries at this replica.", ["kind"])
SECOND_OPINIONS = Gauge(
    "triage_second_opinions",
    "Inquiries of which either of two people said this department, as far as notes are kept.",
    ["department"],
)
KAPPA = Gauge(
    "triage_second_opinions_kappa",
    "Cohen's kappa of two people on whether an inquiry is for this department; NaN without any.",
    ["department"],
)
UNREADABLE = Counter(
    "triage_desk_unreadable_total", "Records of a topic that the desk cannot read.", ["stream"]
)
PAGE = Histogram(
    "triage_page_seconds",
    "How long a page took, by the method of its request.",
    ["method"],
    unit="seconds",
    bounds=(0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5),
)

METRICS: tuple[Metric, ...] = (
    WAITING,
    OLDEST,
    CLAIMS,
    SECOND_OPINIONS,
    KAPPA,
    UNREADABLE,
    PAGE,
    *login.METRICS,
)
METHODS = ("GET", "POST")


class DeskMetrics:
    """The desk's own metrics.

    Args:
        registry: Where they are scraped.
        state: What they are of.
        health: Whether it is ready.
        departments: Those of the routing table.
        release: The version of the distribution.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        state: State,
        health: Health,
        departments: Iterable[str],
        release: str,
    ) -> None:
        ProcessCollector(registry=registry)
        BUILD.on(registry).labels("desk", release).set(1)
        READY.on(registry).set_function(lambda: float(health.why_not_ready() is None))
        self._claims, self._unreadable = CLAIMS.on(registry), UNREADABLE.on(registry)
        self._page = PAGE.on(registry)
        for kind in get_args(Kind):
            self._claims.labels(kind)
        for stream in get_args(Stream):
            self._unreadable.labels(stream)
        for method in METHODS:
            self._page.observe((), method)
        _show_waiting(registry, state)
        _show_second_opinions(registry, state, [*departments, NOT_OURS])

    def claimed(self, kind: Kind) -> None:
        """Count what somebody did."""
        self._claims.labels(kind).inc()

    def unreadable(self, stream: Stream) -> None:
        """Count a record that cannot be read."""
        self._unreadable.labels(stream).inc()

    def page(self, method: str, seconds: float) -> None:
        """Count a page."""
        if method in METHODS:
            self._page.observe([seconds], method)


def _show_waiting(registry: CollectorRegistry, state: State) -> None:
    waiting, oldest = WAITING.on(registry), OLDEST.on(registry)
    for source in get_args(Source):
        for priority in ("high", "normal"):
            oldest.labels(source, priority).set_function(_oldest(state, source, priority == "high"))
            waiting.labels(source, priority).set_function(_size(state, source, priority == "high"))


def _show_second_opinions(
    registry: CollectorRegistry, state: State, answers: Collection[str]
) -> None:
    judged, kappa = SECOND_OPINIONS.on(registry), KAPPA.on(registry)
    for answer in answers:
        judged.labels(answer).set_function(_judged(state, answer))
        kappa.labels(answer).set_function(_kappa(state, answer))


def _oldest(state: State, source: Source, high: bool) -> Callable[[], float]:  # noqa: FBT001 - of a line
    return lambda: (state.oldest(source, high=high) or 0) / 1000


def _size(state: State, source: Source, high: bool) -> Callable[[], float]:  # noqa: FBT001 - of a line
    return lambda: float(
        sum(
            size
            for name, size in state.sizes().items()
            if name.kind == source and name.high == high
        )
    )


def _judged(state: State, answer: str) -> Callable[[], float]:
    return lambda: float(state.settled.second_opinion(answer).judged)


def _kappa(state: State, answer: str) -> Callable[[], float]:
    def kappa() -> float:
        found = state.settled.second_opinion(answer).kappa
        return math.nan if found is None else found

    return kappa
