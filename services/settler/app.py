"""The one place that wires the settler."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from faststream.asgi import AsgiFastStream
from prometheus_client import CollectorRegistry

from services.app.application import Service, create_application
from services.app.main import run_from_environment
from services.engine.job import Stateful
from services.kafka.settings import KafkaSettings
from services.messages.events import DECIDED, JUDGED, ROUTED, SETTLED
from services.messages.judgement import Source
from services.router.table import load_table
from services.settler.judged_copies import CopiesAtWork
from services.settler.metrics import SettlerMetrics
from services.settler.settings import SettlerSettings
from services.settler.settle import Addresses
from services.settler.work import Settling


def main() -> None:
    """Run the settler until it is told to stop.

    Raises:
        TriageError: It cannot start, or had to give up.
    """
    run_from_environment(SettlerSettings, create_app)


def create_app(
    settings: SettlerSettings, kafka: KafkaSettings, now: Callable[[], datetime]
) -> AsgiFastStream:
    """Build the settler.

    Raises:
        ConfigurationError: The routing table or the settings are wrong.
    """
    table = load_table(settings.routes).prefixed(kafka.topic_prefix)
    departments = {label: each.topic for label, each in table.departments.items()}
    addresses = Addresses(
        departments, settings.not_ours_topic, table.review_topic, settings.settled_topic
    )
    copies = CopiesAtWork()
    sources: dict[Source, str] = {"review": table.review_topic, "audit": settings.audit_topic}
    settling = Settling(addresses, sources, now, copies)
    days = timedelta(days=settings.promise_days - 1)  # and today
    registry = CollectorRegistry()
    metrics = SettlerMetrics(
        registry, departments.keys(), lambda: copies.since(now().astimezone(UTC).date() - days)
    )
    service = Service(
        name="settler",
        settings=settings,
        kafka=kafka,
        reads={settings.input_topic: JUDGED},
        writes={
            **dict.fromkeys([*departments.values(), settings.not_ours_topic], DECIDED),
            table.review_topic: ROUTED,
            settings.settled_topic: SETTLED,
        },
        process=Stateful(settling.open),
        note=metrics.note,
        now=now,
        beside=frozenset({table.review_topic, settings.audit_topic, settings.settled_topic}),
    )
    return create_application(service, registry)
