"""The one place that wires the router."""

from collections.abc import Callable, Sequence
from datetime import datetime

from faststream.asgi import AsgiFastStream
from prometheus_client import CollectorRegistry

from services.manifest import promised_limits, read_manifest
from services.messages.events import CLASSIFIED, ROUTED
from services.messages.record import Output, Record
from services.router.decide import Decider
from services.router.metrics import RouterMetrics
from services.router.route import route
from services.router.settings import RouterSettings
from services.router.table import check_labels, limits_of, load_table
from services.stream.logs import configure_logs
from services.stream.server import run_service
from services.stream.service import Service, create_service, utc_now
from services.stream.settings import KafkaSettings, read_settings


def main() -> None:
    """Run the router until it is told to stop.

    Raises:
        TriageError: It cannot start, or had to give up.
    """
    settings = read_settings(RouterSettings)
    run_service(create(), settings)


def create() -> AsgiFastStream:
    """Build the router from the environment; `faststream run … --factory` starts here."""
    settings = read_settings(RouterSettings)
    configure_logs(settings.log_level, settings.log_format)
    return create_app(settings, read_settings(KafkaSettings), utc_now)


def create_app(
    settings: RouterSettings, kafka: KafkaSettings, now: Callable[[], datetime]
) -> AsgiFastStream:
    """Build the router.

    Raises:
        ConfigurationError: The routing table, the model's manifest or the settings are wrong.
    """
    decider = create_decider(settings)
    registry = CollectorRegistry()
    metrics = RouterMetrics(registry, decider.table)

    def process(records: Sequence[Record]) -> list[Output]:
        return route(records, decider, rejected_topic=settings.rejected_topic, now=now())

    service = Service(
        name="router",
        settings=settings,
        kafka=kafka,
        reads={settings.input_topic: CLASSIFIED},
        writes=dict.fromkeys(decider.table.topics, ROUTED),
        process=process,
        note=metrics.note,
        now=now,
    )
    return create_service(service, registry)


def create_decider(settings: RouterSettings) -> Decider:
    """Read the routing table and hold it against the model's manifest.

    Raises:
        ConfigurationError: Either is wrong, or they do not fit each other.
    """
    table = load_table(settings.routes)
    manifest = read_manifest(settings.model)
    check_labels(table, manifest.labels)
    return Decider(table, limits_of(table, promised_limits(manifest)))
