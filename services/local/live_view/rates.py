"""What happened between two looks at the services: scrapes to figures, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from services.local.live_view.scrape import Scrape

AGE = "triage_inquiry_age_seconds_bucket"


@dataclass(frozen=True)
class Span:
    """Two scrapes of one service, the second later than the first."""

    first: Scrape
    last: Scrape

    @property
    def seconds(self) -> float:
        """How much time is between them."""
        return self.last.at - self.first.at

    def rate(self, name: str, **labels: str) -> float:
        """Return how much a counter grew a second."""
        return (self.last.total(name, **labels) - self.first.total(name, **labels)) / self.seconds

    def rates(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Return how much a counter grew a second, by a label's values."""
        before, after = (each.by(name, label, **labels) for each in (self.first, self.last))
        return {key: (after[key] - before.get(key, 0)) / self.seconds for key in after}


@dataclass(frozen=True)
class ServiceFigures:
    """How one service does.

    `read` and `written` are records a second, `lag` is in records. Of the ages, in seconds, only
    the bound of a bucket is known: half of the inquiries, or 95 of 100, are no older than that.
    They are None where there were no inquiries.
    """

    read: float
    written: float
    lag: int
    age_p50: float | None
    age_p95: float | None
    partitions: int
    ready: bool
    breaker_open: bool
    up_seconds: float

    @property
    def state(self) -> str:
        """Say in a word or two whether it works; it is not ready with an open circuit breaker."""
        if self.breaker_open:
            return "circuit open"
        return "ready" if self.ready else "not ready"


@dataclass(frozen=True)
class Flow:
    """Where inquiries ended: how many a second, by department and by reason.

    Of those that ended on review, `decided` has what people decided in the meantime, by outcome.
    """

    departments: Mapping[str, float]
    review: Mapping[str, float]
    rejected: Mapping[str, float]
    decided: Mapping[str, float]

    @property
    def total(self) -> float:
        """How many ended on any topic, before people decided."""
        return sum(sum(part.values()) for part in (self.departments, self.review, self.rejected))


def service_figures(span: Span) -> ServiceFigures:
    """Return the figures of one service."""
    now = span.last
    return ServiceFigures(
        read=span.rate("triage_records_read_total"),
        written=span.rate("triage_records_written_total"),
        lag=int(now.total("triage_lag_records")),
        age_p50=_age(span, 0.5),
        age_p95=_age(span, 0.95),
        partitions=int(now.total("triage_assigned_partitions")),
        ready=now.total("triage_ready") == 1,
        breaker_open=now.total("triage_circuit_breaker_open") > 0,
        up_seconds=now.at - now.total("process_start_time_seconds"),
    )


def flow_of(classifier: Span, router: Span, settler: Span) -> Flow:
    """Return where inquiries ended: at a department, with a person, or among the rejected."""
    review = router.rates("triage_routed_total", "reason")
    review.pop("confident", None)
    rejected = [span.rates("triage_rejected_total", "reason") for span in (classifier, router)]
    return Flow(
        departments=router.rates("triage_routed_total", "department", reason="confident"),
        review=review,
        rejected={
            reason: sum(rates.get(reason, 0) for rates in rejected)
            for reason in sorted(set().union(*rejected))
        },
        decided=settler.rates("triage_judgements_total", "outcome", verdict="counted"),
    )


def _age(span: Span, share: float) -> float | None:
    """Return the bound of the first bucket that holds at least such a share of the inquiries."""
    buckets = {float(bound): rate for bound, rate in span.rates(AGE, "le").items()}
    total = buckets.get(inf, 0)
    if not total:
        return None
    return min(bound for bound, count in buckets.items() if count >= share * total)
