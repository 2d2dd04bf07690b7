"""What Prometheus sees of the classifier beside its stream: the model, and what it decides."""

from collections import Counter as CountOf
from collections import defaultdict
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry

from services.engine.batch_histogram import BatchHistogram
from services.engine.metric import Counter, Gauge, Histogram, Metric
from services.engine.metrics import Count
from services.messages.decision import Classification
from services.messages.lenience import OPTIONAL
from services.messages.record import Nothing, Output
from services.model.scorer import Scores
from services.model.text_model import Model

MODEL = Gauge("triage_model_info", "Which model decides; 1.", ["name", "version"])
SECONDS = Histogram(
    "triage_model_seconds",
    "Time to score one batch, text features included.",
    unit="seconds",
    bounds=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)
PROBABILITY = Histogram(
    "triage_probability",
    "Probability of the first choice, by the department that it is.",
    ["department"],
    bounds=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99),
)
EXPECTED_SHARE = Gauge(
    "triage_expected_share",
    "Share of the inquiries whose first choice was the department, when the model was calibrated.",
    ["department"],
)
EXPECTED_PROBABILITY = Gauge(
    "triage_expected_probability",
    "Mean probability of the first choice, when the model was calibrated.",
)
LEFT_OUT = Counter(
    "triage_fields_left_out_total",
    "Inquiries in which an optional field is wrong, and so was left out of what is decided.",
    ["field"],
)

METRICS: tuple[Metric, ...] = (
    MODEL,
    SECONDS,
    PROBABILITY,
    EXPECTED_SHARE,
    EXPECTED_PROBABILITY,
    LEFT_OUT,
)


class ClassifierMetrics:
    """The classifier's own metrics.

    Args:
        registry: Where they are scraped.
        model: The model that decides.
        clock: Gives seconds, from any start.
    """

    def __init__(
        self, registry: CollectorRegistry, model: Model, clock: Callable[[], float]
    ) -> None:
        self.model = TimedModel(model, SECONDS.on(registry), clock)
        self._probability = PROBABILITY.on(registry)
        self._left_out = LEFT_OUT.on(registry)
        for field in OPTIONAL:
            self._left_out.labels(field)
        MODEL.on(registry).labels(model.name, model.version).set(1)
        expected = model.manifest.expected
        EXPECTED_PROBABILITY.on(registry).set(expected.mean_probability)
        share = EXPECTED_SHARE.on(registry)
        for department in model.labels:
            share.labels(department).set(expected.share[department])
            self._probability.observe((), department)

    def note(self, outputs: Sequence[Output | Nothing]) -> Count:
        """Take note of what was decided, and give what counts it."""
        probabilities: dict[str, list[float]] = defaultdict(list)
        for output in outputs:
            if isinstance(output.decided, Classification):
                probabilities[output.decided.department].append(output.decided.probability)
        written = [output for output in outputs if isinstance(output, Output)]
        left_out = CountOf([field for output in written for field in output.left_out])

        def count() -> None:
            for field, inquiries in left_out.items():
                self._left_out.labels(field).inc(inquiries)
            for department, values in probabilities.items():
                self._probability.observe(values, department)

        return count


class TimedModel:
    """A model whose time is measured."""

    def __init__(self, model: Model, seconds: BatchHistogram, clock: Callable[[], float]) -> None:
        self._score, self._seconds, self._clock = model.score, seconds, clock
        self.name, self.version = model.name, model.version
        self.labels, self.flags = model.labels, model.flags

    def score(self, texts: Sequence[str]) -> Scores:
        """Score a batch of texts, as the model does."""
        started = self._clock()
        scores = self._score(texts)
        self._seconds.observe([self._clock() - started])
        return scores
