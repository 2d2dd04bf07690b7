"""The one place that wires the classifier."""

from collections.abc import Callable, Sequence
from datetime import datetime
from time import perf_counter

from faststream.asgi import AsgiFastStream
from prometheus_client import CollectorRegistry

from services.app.application import Reading, Service, create_application
from services.app.main import run_from_environment
from services.classifier.classify import classify_records
from services.classifier.metrics import ClassifierMetrics
from services.classifier.settings import ClassifierSettings
from services.engine.job import Result
from services.kafka.settings import KafkaSettings
from services.messages.events import CLASSIFIED, RECEIVED
from services.messages.record import Record
from services.model.text_model import load_model


def main() -> None:
    """Run the classifier until it is told to stop.

    Raises:
        TriageError: It cannot start, or had to give up.
    """
    run_from_environment(ClassifierSettings, create_app)


def create_app(
    settings: ClassifierSettings, kafka: KafkaSettings, now: Callable[[], datetime]
) -> AsgiFastStream:
    """Build the classifier.

    Raises:
        ConfigurationError: The model or the settings are wrong.
    """
    registry = CollectorRegistry()
    model = load_model(settings.model, threads=settings.threads)
    metrics = ClassifierMetrics(registry, model, perf_counter)

    def process(records: Sequence[Record]) -> Sequence[Result]:
        return classify_records(records, metrics.model, topic=settings.output_topic, now=now())

    service = Service(
        name="classifier",
        settings=settings,
        kafka=kafka,
        reads={settings.input_topic: Reading(RECEIVED, process)},
        writes={settings.output_topic: CLASSIFIED},
        note=metrics.note,
        now=now,
    )
    return create_application(service, registry)
