"""The one place that wires the router."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from faststream.asgi import AsgiFastStream
from prometheus_client import CollectorRegistry

from services.app.application import Service, create_application
from services.app.main import run_from_environment
from services.engine.job import Result
from services.kafka.settings import KafkaSettings
from services.messages.decision import Model
from services.messages.events import CLASSIFIED, ROUTED, SAMPLED
from services.messages.record import Record
from services.model.manifest import Manifest, read_manifest
from services.router.decide import Decider
from services.router.limits import limits_by_version
from services.router.metrics import RouterMetrics
from services.router.route import route_records
from services.router.sampling import Sampler
from services.router.settings import RouterSettings
from services.router.table import (
    check_audit_topic,
    check_flags,
    check_labels,
    flags_without_rule,
    load_table,
)

log = structlog.get_logger()


def main() -> None:
    """Run the router until it is told to stop.

    Raises:
        TriageError: It cannot start, or had to give up.
    """
    run_from_environment(RouterSettings, create_app)


def create_app(
    settings: RouterSettings, kafka: KafkaSettings, now: Callable[[], datetime]
) -> AsgiFastStream:
    """Build the router.

    Raises:
        ConfigurationError: The routing table, a model's manifest or the settings are wrong.
    """
    decider = create_decider(settings, kafka.topic_prefix)
    if ignored := flags_without_rule(decider.table, decider.flags):
        log.warning("router.flags_without_rule", flags=ignored)
    sampler = create_sampler(settings, kafka, decider)
    registry = CollectorRegistry()
    promised = min(each.thresholds.precision for each in _manifests_of(settings))
    metrics = RouterMetrics(registry, decider.table, decider.flags, promised=promised)
    copies = {sampler.topic: SAMPLED} if sampler else {}

    def process(records: Sequence[Record]) -> Sequence[Result]:
        return route_records(records, decider, now(), sampler)

    service = Service(
        name="router",
        settings=settings,
        kafka=kafka,
        reads={settings.input_topic: CLASSIFIED},
        writes=dict.fromkeys(decider.table.topics, ROUTED) | copies,
        process=process,
        note=metrics.note,
        now=now,
    )
    return create_application(service, registry)


def create_decider(settings: RouterSettings, topic_prefix: str = "") -> Decider:
    """Read the routing table and hold it against the manifest of each model.

    Raises:
        ConfigurationError: Either is wrong, or they do not fit each other.
    """
    table = load_table(settings.routes).prefixed(topic_prefix)
    manifests = _manifests_of(settings)
    check_labels(table, {label for manifest in manifests for label in manifest.labels})
    check_flags(table, {flag for manifest in manifests for flag in manifest.thresholds.flags})
    return Decider(table, limits_by_version(table, manifests))


def create_sampler(
    settings: RouterSettings, kafka: KafkaSettings, decider: Decider
) -> Sampler | None:
    """Make what draws for an audit; None where nothing is drawn.

    Raises:
        ConfigurationError: The routing table has the topic of the copies too.
    """
    check_audit_topic(decider.table, settings.audit_topic)
    if not settings.audit_share:
        return None
    manifests = _manifests_of(settings)
    return Sampler.of(
        share=settings.audit_share,
        topic=settings.audit_topic,
        max_bytes=kafka.max_message_bytes,
        installation=settings.group_id,
        limits=decider.limits,
        expected={Model(each.name, each.version): each.expected.share for each in manifests},
    )


def _manifests_of(settings: RouterSettings) -> list[Manifest]:
    return [read_manifest(folder) for folder in settings.models]
