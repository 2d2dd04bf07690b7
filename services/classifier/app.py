"""The one place that wires the classifier."""

from collections.abc import Callable, Sequence
from datetime import datetime
from time import perf_counter

from faststream.asgi import AsgiFastStream
from prometheus_client import CollectorRegistry

from services.classifier.classify import answer_records
from services.classifier.metrics import ClassifierMetrics
from services.classifier.model import load
from services.classifier.settings import ClassifierSettings
from services.messages.events import CLASSIFIED, RECEIVED
from services.messages.record import Output, Record
from services.stream.logs import configure_logs
from services.stream.server import run_service
from services.stream.service import Service, create_service, utc_now
from services.stream.settings import KafkaSettings, read_settings


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
    model = load(settings.model, threads=settings.threads)
    metrics = ClassifierMetrics(registry, model, perf_counter)

    def process(records: Sequence[Record]) -> list[Output]:
        return answer_records(
            records,
            metrics.model,
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
        note=metrics.note,
        now=now,
    )
    return create_service(service, registry)
