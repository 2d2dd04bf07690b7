"""What Prometheus sees of the settler beside its stream: what people decide."""

from collections import Counter as CountOf
from collections.abc import Collection, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry

from services.engine.metric import Counter, Metric
from services.engine.metrics import Count
from services.messages.judgement import Mode, Outcome, Settled, Verdict
from services.messages.record import Nothing, Output

UNKNOWN = "unknown"

JUDGED = Counter(
    "triage_judgements_total",
    "Judgements by outcome and by whether they counted, repeated one, or came late.",
    ["outcome", "verdict"],
)
AGREED = Counter(
    "triage_agreement_total",
    "Judgements that counted, by the department that the model thought right, by how the person "
    "judged and by whether that was the person's department, too.",
    ["department", "mode", "agreed"],
)

METRICS: tuple[Metric, ...] = (JUDGED, AGREED)


class SettlerMetrics:
    """The settler's own metrics.

    Args:
        registry: Where they are scraped.
        departments: Those of the routing table.
    """

    def __init__(self, registry: CollectorRegistry, departments: Collection[str]) -> None:
        self._departments = departments
        self._judged, self._agreed = JUDGED.on(registry), AGREED.on(registry)
        for outcome in get_args(Outcome):
            for verdict in get_args(Verdict):
                self._judged.labels(outcome, verdict)
        for department in departments:
            for mode in get_args(Mode):
                for agreed in ("yes", "no"):
                    self._agreed.labels(department, mode, agreed)

    def note(self, outputs: Sequence[Output | Nothing]) -> Count:
        """Take note of what was settled, and give what counts it."""
        settled = [each.decided for each in outputs if isinstance(each.decided, Settled)]
        judged = CountOf([(each.outcome, each.verdict) for each in settled])
        agreed = CountOf([labels for each in settled if (labels := self._agreement(each))])

        def count() -> None:
            for labels, times in judged.items():
                self._judged.labels(*labels).inc(times)
            for of, times in agreed.items():
                self._agreed.labels(*of).inc(times)

        return count

    def _agreement(self, settled: Settled) -> tuple[str, Mode, str] | None:
        """Return the labels of a judgement that says what is right; None of one that does not."""
        suggested = settled.suggested
        if suggested is None or settled.outcome == "escalate":
            return None
        known = suggested.department if suggested.department in self._departments else UNKNOWN
        return known, settled.mode, "yes" if settled.department == suggested.department else "no"
