"""The one place that wires the classifier."""

from collections.abc import Callable, Sequence
from datetime import datetime

from faststream.asgi import AsgiFastStream
from prometheus_client import CollectorRegistry, Gauge, Histogram

from services.classifier.classify import Scores, answer_records
from services.classifier.model import Model, load
from services.classifier.settings import ClassifierSettings
from services.messages.events import CLASSIFIED, RECEIVED
from services.messages.record import Output, Record
from services.stream.logs import configure_logs
from services.stream.server import run_service
from services.stream.service import Service, create_service, utc_now
from services.stream.settings import KafkaSettings, read_settings

MODEL_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1)


def main() -> None:
    """Run the classifier until it is told to stop.

    Raises:
        TriageError: It cannot start, or had to give up.
    """
    settings = read_settings(ClassifierSettings)
    run_service(create(), settings)


def create() -> AsgiFastStream:
    """Build the classifier from the environment; `faststream run … --factory` starts here."""
    settings = read_settings(ClassifierSettings)
    configure_logs(settings.log_level, settings.log_format)
    return create_app(settings, read_settings(KafkaSettings), utc_now)


def create_app(
    settings: ClassifierSettings, kafka: KafkaSettings, now: Callable[[], datetime]
) -> AsgiFastStream:
    """Build the classifier.

    Raises:
        ConfigurationError: The model or the settings are wrong.
    """
    registry = CollectorRegistry()
    model = TimedModel(load(settings.model, threads=settings.threads), registry)

    def process(records: Sequence[Record]) -> list[Output]:
        return answer_records(
            records,
            model,
            topic=settings.output_topic,
            rejected_topic=settings.rejected_topic,
            now=now(),
        )

    service = Service(
        name="classifier",
        settings=settings,
        kafka=kafka,
        reads={settings.input_topic: RECEIVED},
        writes={settings.output_topic: CLASSIFIED},
        process=process,
        now=now,
    )
    return create_service(service, registry)


class TimedModel:
    """A model whose time is measured."""

    def __init__(self, model: Model, registry: CollectorRegistry) -> None:
        self._score = model.score
        self.name, self.version, self.labels = model.name, model.version, model.labels
        self._seconds = Histogram(
            "triage_model_seconds",
            "Time to score one batch, text features included.",
            registry=registry,
            buckets=MODEL_SECONDS,
        )
        info = Gauge(
            "triage_model_info", "Which model decides; 1.", ["name", "version"], registry=registry
        )
        info.labels(model.name, model.version).set(1)

    def score(self, texts: Sequence[str]) -> Scores:
        """Score a batch of texts, as the model does."""
        with self._seconds.time():
            return self._score(texts)
