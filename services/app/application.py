"""The application around the engine: what it does, its HTTP routes and its lifecycle."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import NamedTuple

from faststream.asgi import AsgiFastStream, AsgiResponse, get, post
from faststream.asgi.handlers import HttpHandler
from prometheus_client import CollectorRegistry, make_asgi_app

from services.app.contract_routes import contract_routes
from services.app.faststream_broker import EngineBroker
from services.app.settings import ServiceSettings, check_topics_apart
from services.contract.asyncapi import document
from services.engine.circuit_breaker import CircuitBreaker, why_any_open
from services.engine.health import Health
from services.engine.job import Job, Process, Stateful
from services.engine.member import GroupMember
from services.engine.metrics import BUILD, EngineMetrics, Note
from services.kafka.clients import connect
from services.kafka.settings import KafkaSettings
from services.kafka.topic_checks import WEEK_MS, Use
from services.messages.dead_letter import REJECTED, write_rejected
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError


class Reading(NamedTuple):
    """What a service does with one of the topics that it reads.

    Args:
        event: The message that stands there.
        process: Makes a result of each record, by itself or with state.
    """

    event: str
    process: Process | Stateful


@dataclass(frozen=True)
class Service:
    """What makes one service differ from another.

    Args:
        name: Such as `classifier`.
        settings: Its own.
        kafka: How to connect.
        reads: Each topic that it reads, and what it does with that.
        writes: Each topic that it writes but that of the dead letters, with the message there.
        note: Takes note of outputs, for the service's own metrics.
        now: Tells the time that is written into dead letters.
        beside: The topics that need as many partitions as those that it reads.
        compacted: The topics that keep of each key the last.
    """

    name: str
    settings: ServiceSettings
    kafka: KafkaSettings
    reads: Mapping[str, Reading]
    writes: Mapping[str, str]
    note: Note
    now: Callable[[], datetime]
    beside: frozenset[str] = frozenset()
    compacted: frozenset[str] = frozenset()


def create_application(service: Service, registry: CollectorRegistry) -> AsgiFastStream:
    """Build the application that runs a service's engine and serves its metrics and health.

    Raises:
        ConfigurationError: The settings of the connection are wrong, or two uses share a topic.
    """
    check_topics_apart(service.settings, service.writes.keys())
    release = version("inquiry-triage")
    breakers = {topic: _circuit_breaker(topic, service.settings) for topic in service.reads}
    health = Health(clock=time.monotonic, why_held=lambda: why_any_open(breakers.values()))
    job = _job(service)
    BUILD.on(registry).labels(service.name, release).set(1)
    metrics = EngineMetrics(
        registry, reads=job.topics, writes=job.output_topics, note=service.note, clock=time.time
    )
    metrics.ready.set_function(lambda: float(health.why_not_ready() is None))
    for topic, breaker in breakers.items():
        metrics.circuit_breaker_open.labels(topic).set_function(partial(_is_open, breaker))
    metrics.advanced.set_function(lambda: _advanced_at(health))
    member = GroupMember(job, connect(service.kafka, service.name), metrics, health, breakers)
    contract = document(
        title=f"inquiry-triage {service.name}",
        version=release,
        kafka=service.kafka,
        group=job.group,
        reads={topic: each.event for topic, each in service.reads.items()},
        writes={**service.writes, service.settings.rejected_topic: REJECTED},
    )
    routes = [*_routes(health, breakers.values()), *contract_routes(contract)]
    app = AsgiFastStream(EngineBroker(member), logger=None, asgi_routes=routes)
    app.mount("/metrics", make_asgi_app(registry))
    return app


def _job(service: Service) -> Job:
    settings, source = service.settings, f"/inquiry-triage/{service.name}"

    def reject(record: Record, error: RejectedError) -> Output:
        return write_rejected(
            record, error, topic=settings.rejected_topic, by=source, at=service.now()
        )

    return Job(
        topics={topic: each.process for topic, each in service.reads.items()},
        group=settings.group_id,
        reject=reject,
        output_topics=frozenset({*service.writes, settings.rejected_topic}),
        batch_records=settings.batch_records,
        batch_bytes=service.kafka.max_message_bytes,
        fetch_bytes=settings.fetch_bytes,
        linger_seconds=None if settings.linger_ms is None else settings.linger_ms / 1000,
        fenced_seconds=service.kafka.session_timeout_ms / 1000,
        beside=service.beside,
        uses=_uses(service),
    )


def _uses(service: Service) -> dict[str, Use]:
    """Return what each of a service's topics is for, as far as the service knows."""
    taken = service.kafka.max_message_bytes
    written = {*service.writes, service.settings.rejected_topic}
    return {
        **{topic: Use(topic in service.compacted, takes_bytes=taken) for topic in written},
        **{topic: Use(kept_ms=WEEK_MS) for topic in service.reads},
    }


def _advanced_at(health: Health) -> float:
    """Tell when the loop that is furthest behind last went round, 0 where there is none."""
    at = health.advanced
    return 0 if at is None else time.time() - (time.monotonic() - at)


def _is_open(breaker: CircuitBreaker) -> float:
    return float(breaker.why_open() is not None)


def _circuit_breaker(topic: str, settings: ServiceSettings) -> CircuitBreaker:
    return CircuitBreaker(
        topic=topic,
        share=settings.circuit_breaker_share,
        records=settings.circuit_breaker_records,
        seconds=settings.circuit_breaker_seconds,
        clock=time.monotonic,
    )


def _routes(health: Health, breakers: Collection[CircuitBreaker]) -> list[tuple[str, HttpHandler]]:
    @get(description="Whether the process works; where not, it should be restarted.")
    async def livez(_scope: object) -> AsgiResponse:
        return _response(health.why_not_live())

    @get(description="Whether it has its broker and its partitions, and reads them.")
    async def readyz(_scope: object) -> AsgiResponse:
        return _response(health.why_not_ready())

    @post(description="Lets what an open circuit breaker holds back go to the dead letters.")
    async def close(_scope: object) -> AsgiResponse:
        for each in breakers:
            each.close()
        return _response(None)

    return [("/livez", livez), ("/readyz", readyz), ("/circuit-breaker/close", close)]


def _response(problem: str | None) -> AsgiResponse:
    return AsgiResponse((problem or "ok").encode(), 503 if problem else 200)
