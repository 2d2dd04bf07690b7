"""What Prometheus sees of the settler beside its stream: what people decide."""

from collections import Counter as CountOf
from collections.abc import Collection, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry

from services.engine.metric import Counter, Metric
from services.engine.metrics import Count
from services.messages.judgement import Mode, Outcome, Settled, Verdict
from services.messages.record import Nothing, Output
from services.messages.returned import WHYS
from services.settler.returns import NOT_OURS, ReturnNoted, WhatComes

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

RETURNED = Counter(
    "triage_returned_total",
    "Events that departments returned, by the department that had it, why it came back, and what "
    "came of it: it went to review, or had been there already.",
    ["department", "why", "outcome"],
)

METRICS: tuple[Metric, ...] = (JUDGED, AGREED, RETURNED)


class SettlerMetrics:
    """The settler's own metrics.

    Args:
        registry: Where they are scraped.
        departments: Those of the routing table.
    """

    def __init__(self, registry: CollectorRegistry, departments: Collection[str]) -> None:
        self._departments = departments
        self._judged, self._agreed = JUDGED.on(registry), AGREED.on(registry)
        self._returned = RETURNED.on(registry)
        for outcome in get_args(Outcome):
            for verdict in get_args(Verdict):
                self._judged.labels(outcome, verdict)
        for department in departments:
            for mode in get_args(Mode):
                for agreed in ("yes", "no"):
                    self._agreed.labels(department, mode, agreed)
        for department in (*departments, NOT_OURS):
            for why in WHYS:
                for comes in get_args(WhatComes):
                    self._returned.labels(department, why, comes)

    def note(self, outputs: Sequence[Output | Nothing]) -> Count:
        """Take note of what was settled and what was returned, and give what counts it."""
        settled = [each.decided for each in outputs if isinstance(each.decided, Settled)]
        judged = CountOf([(each.outcome, each.verdict) for each in settled])
        agreed = CountOf([labels for each in settled if (labels := self._agreement(each))])

        noted = [each.decided for each in outputs if isinstance(each.decided, ReturnNoted)]
        returned = CountOf(
            [(self._known(each.department), each.why, each.outcome) for each in noted]
        )

        def count() -> None:
            for labels, times in judged.items():
                self._judged.labels(*labels).inc(times)
            for of, times in agreed.items():
                self._agreed.labels(*of).inc(times)
            for what, times in returned.items():
                self._returned.labels(*what).inc(times)

        return count

    def _agreement(self, settled: Settled) -> tuple[str, Mode, str] | None:
        """Return the labels of a judgement that says what is right; None of one that does not."""
        suggested = settled.suggested
        # What a department has returned is there because the model, or a person, was wrong.
        if suggested is None or settled.outcome == "escalate" or settled.reason == "returned":
            return None
        agreed = "yes" if settled.department == suggested.department else "no"
        return self._known(suggested.department), settled.mode, agreed

    def _known(self, department: str) -> str:
        """Return a label that is no other than those that were shown at the start."""
        return department if department in {*self._departments, NOT_OURS} else UNKNOWN
