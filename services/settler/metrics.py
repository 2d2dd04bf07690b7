"""What Prometheus sees of the settler beside its stream: what people decide."""

from collections import Counter as CountOf
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import product
from typing import get_args

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.engine.metric import Counter, Gauge, Metric
from services.engine.metrics import Count
from services.messages.judgement import Mode, Outcome, Settled, Source, Verdict
from services.messages.record import Output
from services.model.kept_promise import Tally

UNKNOWN = "unknown"

JUDGED = Counter(
    "triage_judgements_total",
    "Judgements by outcome and by whether they counted, repeated one, or came late.",
    ["outcome", "verdict"],
)
AGREED = Counter(
    "triage_agreement_total",
    "Judgements that counted, by the department that the model thought right, by where the inquiry "
    "lay (review, or audit where it went by itself), by how the person judged and by whether that "
    "was the person's department, too.",
    ["department", "source", "mode", "agreed"],
)
# The fields of a `Tally`, of which Prometheus' rules make a precision as `Tally` does: these add up
# over processes, which a precision does not.
SUMS: Mapping[str, Gauge] = {
    "judged": Gauge(
        "triage_audit_judged",
        "Audit copies of the last SETTLER_PROMISE_DAYS that people judged and did not escalate, by "
        "the department that the inquiry went to.",
        ["department"],
    ),
    "weight": Gauge(
        "triage_audit_weight",
        "How many inquiries these copies stand for, each for the inverse of its chance.",
        ["department"],
    ),
    "squares": Gauge(
        "triage_audit_weight_squares",
        "The sum of the squares of what each of them stands for.",
        ["department"],
    ),
    "right": Gauge(
        "triage_audit_right_weight",
        "How many inquiries those of them stand for that people gave to the same department.",
        ["department"],
    ),
    "right_squares": Gauge(
        "triage_audit_right_weight_squares",
        "The sum of the squares of what each of those stands for.",
        ["department"],
    ),
}

METRICS: tuple[Metric, ...] = (JUDGED, AGREED, *SUMS.values())
Tallies = Callable[[], Mapping[str, Tally]]


class SettlerMetrics:
    """The settler's own metrics.

    Args:
        registry: Where they are scraped.
        departments: Those of the routing table.
        tallies: Tells, whenever they are scraped, what judged audit copies say of each department.
    """

    def __init__(
        self, registry: CollectorRegistry, departments: Collection[str], tallies: Tallies
    ) -> None:
        registry.register(_JudgedCopies(departments, tallies))
        self._departments = departments
        self._judged, self._agreed = JUDGED.on(registry), AGREED.on(registry)
        for outcome in get_args(Outcome):
            for verdict in get_args(Verdict):
                self._judged.labels(outcome, verdict)
        for department in departments:
            for labels in product(get_args(Source), get_args(Mode), ("yes", "no")):
                self._agreed.labels(department, *labels)

    def note(self, outputs: Sequence[Output]) -> Count:
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

    def _agreement(self, settled: Settled) -> tuple[str, Source, Mode, str] | None:
        """Return the labels of a judgement that says what is right; None of one that does not."""
        suggested = settled.suggested
        if suggested is None or settled.outcome == "escalate":
            return None
        known = _known(suggested.department, self._departments)
        agreed = "yes" if settled.department == suggested.department else "no"
        return known, settled.record.topic, settled.mode, agreed


class _JudgedCopies(Collector):
    """The sums of judged audit copies, which lose their oldest day by no event but the time."""

    def __init__(self, departments: Collection[str], tallies: Tallies) -> None:
        self._departments, self._tallies = departments, tallies

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the sums as they are now."""
        shown = dict.fromkeys(self._departments, Tally())
        for department, tally in self._tallies().items():
            known = _known(department, self._departments)
            shown[known] = shown.get(known, Tally()).plus(tally)
        for field, metric in SUMS.items():
            family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
            for department, tally in shown.items():
                family.add_metric([department], getattr(tally, field))
            yield family


def _known(department: str, departments: Collection[str]) -> str:
    """Return a department, where the routing table has it: a model of before may know others."""
    return department if department in departments else UNKNOWN
