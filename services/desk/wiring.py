"""What makes the desk of its settings; its pages and its HTTP are `app`'s."""

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from services.contract.asyncapi import document
from services.contract.fields import Json
from services.desk.desk import KafkaDesk
from services.desk.fold import Fold, Stream
from services.desk.items import Languages
from services.desk.log import Log
from services.desk.marks import Marker
from services.desk.metrics import DeskMetrics
from services.desk.running import Running
from services.desk.sending import Sender
from services.desk.settings import DeskSettings
from services.desk.state import State
from services.desk.texts import Texts
from services.desk.view import Views, Words
from services.engine.cluster import ClusterProbe
from services.engine.health import Health
from services.kafka.clients import connect
from services.kafka.settings import KafkaSettings
from services.kafka.topic_checks import WEEK_MS, Use
from services.messages.events import CLAIM, JUDGED, ROUTED, SAMPLED, SETTLED
from services.messages.judgement import Source
from services.messages.language_tag import language_of
from services.model.manifest import read_manifest
from services.router.limits import limits_by_version
from services.router.table import Table, load_table

PROMISE = """\
What people decide is a record of the topic of claims once the page says so. It is published as a \
judgement when the person has decided the next one, or can take it back no longer; after a crash \
it may be published twice, with the same id."""


def create_desk(  # noqa: PLR0913, PLR0917 - all that it is made of
    settings: DeskSettings,
    table: Table,
    kafka: KafkaSettings,
    now: Callable[[], datetime],
    health: Health,
    registry: CollectorRegistry,
) -> tuple[KafkaDesk, Running, DeskMetrics]:
    """Build the desk without its pages.

    Raises:
        ConfigurationError: A model's manifest or the settings are wrong.
    """
    clients = connect(kafka, "desk")
    lasts_ms = settings.claim_seconds * 1000
    state = State(lasts_ms, settings.audit_every, table.review_topic)
    metrics = DeskMetrics(registry, state, health, table.departments, version("inquiry-triage"))
    claims, judged = settings.claims_topic, settings.judged_topic
    sources: dict[Source, str] = {"review": table.review_topic, "audit": settings.audit_topic}
    streams: dict[Stream, str] = {
        "review": table.review_topic,
        "audit": settings.audit_topic,
        "settled": settings.settled_topic,
        "claims": claims,
    }
    languages = languages_of(table, settings.language)
    fold = Fold(clients, streams, state, languages, health, metrics.unreadable)
    health.why_held = fold.why_not_caught_up
    records, texts = Log(clients, health), Texts(clients, sources)
    sender = Sender(state, records, fold, claims, judged, settings.undo_seconds * 1000, now)
    limits = limits_by_version(table, map(read_manifest, settings.models))
    views = Views(table, limits, Marker(table.rules), _words_of(settings))
    desk = KafkaDesk(state, texts, views, sender, lasts_ms, table.signposts, metrics.claimed)
    topics = frozenset({*streams.values(), judged})
    uses = {
        table.review_topic: Use(kept_ms=WEEK_MS),
        settings.settled_topic: Use(compacted=True),
        claims: Use(by_log_time=True),
        judged: Use(kept_ms=WEEK_MS),
    }
    probe = ClusterProbe(clients, topics, frozenset({claims, judged}), topics, uses, health)
    return desk, Running(probe, fold, records, texts, sender), metrics


def languages_of(table: Table, own: str) -> Languages:
    """Return the languages that have readers of their own: those that the table's rules name."""
    by_rule = {
        rule.id: language
        for rule in table.rules
        for language in rule.languages
        if language != language_of(own)
    }
    return Languages(language_of(own), by_rule, frozenset(by_rule.values()))


def contract_of(settings: DeskSettings, kafka: KafkaSettings) -> Json:
    """Return the AsyncAPI document of the desk; the settings have the installation's prefix."""
    review = load_table(settings.routes).prefixed(kafka.topic_prefix).review_topic
    return document(
        title="inquiry-triage desk",
        version=version("inquiry-triage"),
        kafka=kafka,
        group=None,
        reads={
            review: ROUTED,
            settings.audit_topic: SAMPLED,
            settings.settled_topic: SETTLED,
            settings.claims_topic: CLAIM,
        },
        writes={settings.judged_topic: JUDGED, settings.claims_topic: CLAIM},
        promise=PROMISE,
    )


def _words_of(settings: DeskSettings) -> Words:
    if settings.explain_model is None:
        return lambda _model, _text: ()
    from services.desk.words import SpokenWords  # noqa: PLC0415 - it needs numpy, the desk does not

    return SpokenWords(settings.explain_model)
