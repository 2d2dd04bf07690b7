"""What Prometheus sees of the router beside its stream: which table decides, and what."""

from collections import Counter as CountOf
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry

from services.engine.metric import Counter, Gauge, Metric
from services.engine.metrics import Count
from services.messages.decision import REASONS, Decided, Drawn
from services.messages.record import Output
from services.router.table import Table

TABLE = Gauge("triage_routing_table_info", "Which routing table decides; 1.", ["version"])
ROUTED = Counter(
    "triage_routed_total",
    "Inquiries by the department that the model chose and the reason for their route: all but "
    "those that are confident went to a person.",
    ["department", "reason"],
)

FLAGGED = Counter(
    "triage_flagged_total",
    "Inquiries in which the model raised the flag: what a person must see first.",
    ["flag"],
)

SAMPLED = Counter(
    "triage_sampled_total",
    "Inquiries that went to their department by themselves and of which a copy was drawn for an "
    "audit.",
    ["department"],
)

PROMISED = Gauge(
    "triage_promised_precision",
    "Of what goes to departments by itself, the share that the model's manifest promises to be "
    "right; of several models the lowest.",
)

METRICS: tuple[Metric, ...] = (TABLE, ROUTED, FLAGGED, SAMPLED, PROMISED)
# Whoever may write the router's input could name departments without end.
UNKNOWN = "unknown"


class RouterMetrics:
    """The router's own metrics.

    Args:
        registry: Where they are scraped.
        table: The routing table.
        flags: All that can be raised.
        promised: The precision that the models promise.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        table: Table,
        flags: Iterable[str] = (),
        *,
        promised: float,
    ) -> None:
        self._departments = table.departments.keys()
        self._routed, self._flagged = ROUTED.on(registry), FLAGGED.on(registry)
        self._sampled = SAMPLED.on(registry)
        TABLE.on(registry).labels(table.version).set(1)
        PROMISED.on(registry).set(promised)
        for department in self._departments:
            for reason in REASONS:
                self._routed.labels(department, reason)
            self._sampled.labels(department)
        for flag in flags:
            self._flagged.labels(flag)

    def note(self, outputs: Sequence[Output]) -> Count:
        """Take note of what was decided, and give what counts it."""
        decided = [each.decided for each in outputs if isinstance(each.decided, Decided)]
        routes = CountOf([(each.department, each.reason) for each in decided])
        flags = CountOf([flag for each in decided for flag in each.raised])
        drawn = CountOf([o.decided.department for o in outputs if isinstance(o.decided, Drawn)])

        def count() -> None:
            for (department, reason), inquiries in routes.items():
                known = department if department in self._departments else UNKNOWN
                self._routed.labels(known, reason).inc(inquiries)
            for flag, inquiries in flags.items():
                self._flagged.labels(flag).inc(inquiries)
            for department, inquiries in drawn.items():
                self._sampled.labels(department).inc(inquiries)

        return count
