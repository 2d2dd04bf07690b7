"""The one place that wires the settler."""

from collections.abc import Callable, Mapping
from datetime import datetime

from faststream.asgi import AsgiFastStream
from prometheus_client import CollectorRegistry

from services.app.application import Reading, Service, create_application
from services.app.main import run_from_environment
from services.engine.job import Stateful
from services.kafka.settings import KafkaSettings
from services.messages.events import DECIDED, JUDGED, ROUTED, SETTLED
from services.messages.judgement import Source
from services.messages.returned import RETURNED
from services.router.table import Table, load_table
from services.settler.judged_copies import CopiesAtWork
from services.settler.metrics import SettlerMetrics
from services.settler.returning import Returning
from services.settler.returns import Rules
from services.settler.settings import SettlerSettings, check_own_topics
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
    check_own_topics(settings, table)
    departments = {label: each.topic for label, each in table.departments.items()}
    addresses = Addresses(
        departments, settings.not_ours_topic, table.review_topic, settings.settled_topic
    )
    copies = CopiesAtWork(settings.promise_days, now)
    sources: dict[Source, str] = {"review": table.review_topic, "audit": settings.audit_topic}
    settling = Settling(addresses, sources, now, copies)
    returning = Returning(_rules(settings, table, departments), now)
    registry = CollectorRegistry()
    metrics = SettlerMetrics(registry, departments.keys(), copies.tallies)
    service = Service(
        name="settler",
        settings=settings,
        kafka=kafka,
        reads={
            settings.input_topic: Reading(JUDGED, Stateful(settling.open)),
            settings.returned_topic: Reading(RETURNED, Stateful(returning.open)),
        },
        writes={
            **dict.fromkeys([*departments.values(), settings.not_ours_topic], DECIDED),
            table.review_topic: ROUTED,
            settings.settled_topic: SETTLED,
        },
        note=metrics.note,
        now=now,
        beside=frozenset({table.review_topic, settings.audit_topic, settings.settled_topic}),
        compacted=frozenset({settings.settled_topic}),
    )
    return create_application(service, registry)


def _rules(settings: SettlerSettings, table: Table, departments: Mapping[str, str]) -> Rules:
    """Return what departments' returns are held against.

    The ids of what departments get are made of the place of a classified inquiry, or of one that a
    person judged.
    """
    return Rules(
        departments=departments,
        not_ours=settings.not_ours_topic,
        review=table.review_topic,
        table=table.version,
        event_topics=frozenset(
            {settings.classified_topic, table.review_topic, settings.audit_topic}
        ),
    )
