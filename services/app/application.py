"""The application around the engine: what it does, its HTTP routes and its lifecycle."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from faststream.asgi import AsgiFastStream, AsgiResponse, get, post
from faststream.asgi.handlers import HttpHandler
from prometheus_client import CollectorRegistry, make_asgi_app

from services.app.contract_routes import contract_routes
from services.app.faststream_broker import EngineBroker
from services.app.settings import ServiceSettings, check_topics_apart
from services.contract.asyncapi import document
from services.engine.circuit_breaker import CircuitBreaker
from services.engine.health import Health
from services.engine.job import Job, Process, Stateful
from services.engine.member import GroupMember
from services.engine.metrics import BUILD, EngineMetrics, Note
from services.kafka.clients import connect
from services.kafka.settings import KafkaSettings
from services.messages.dead_letter import REJECTED, write_rejected
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError


@dataclass(frozen=True)
class Service:
    """What makes one service differ from another.

    Args:
        name: Such as `classifier`.
        settings: Its own.
        kafka: How to connect.
        reads: Each topic that it reads, with the message that stands there.
        writes: Each topic that it writes but that of the dead letters, likewise.
        process: Makes a result of each record, by itself or with state.
        note: Takes note of outputs, for the service's own metrics.
        now: Tells the time that is written into dead letters.
        beside: The topics that need as many partitions as the one that it reads.
    """

    name: str
    settings: ServiceSettings
    kafka: KafkaSettings
    reads: Mapping[str, str]
    writes: Mapping[str, str]
    process: Process | Stateful
    note: Note
    now: Callable[[], datetime]
    beside: frozenset[str] = frozenset()


def create_application(service: Service, registry: CollectorRegistry) -> AsgiFastStream:
    """Build the application that runs a service's engine and serves its metrics and health.

    Raises:
        ConfigurationError: The settings of the connection are wrong, or two uses share a topic.
    """
    check_topics_apart(service.settings, service.writes.keys())
    release = version("inquiry-triage")
    breaker = _circuit_breaker(service.settings)
    health = Health(clock=time.monotonic, why_held=breaker.why_open)
    job = _job(service)
    BUILD.on(registry).labels(service.name, release).set(1)
    metrics = EngineMetrics(
        registry, reads=job.topic, writes=job.output_topics, note=service.note, clock=time.time
    )
    metrics.ready.set_function(lambda: float(health.why_not_ready() is None))
    metrics.circuit_breaker_open.set_function(lambda: float(breaker.why_open() is not None))
    metrics.advanced.set_function(lambda: _advanced_at(health))
    member = GroupMember(job, connect(service.kafka, service.name), metrics, health, breaker)
    contract = document(
        title=f"inquiry-triage {service.name}",
        version=release,
        kafka=service.kafka,
        group=job.group,
        reads=service.reads,
        writes={**service.writes, service.settings.rejected_topic: REJECTED},
    )
    routes = [*_routes(health, breaker), *contract_routes(contract)]
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
        topic=settings.input_topic,
        group=settings.group_id,
        process=service.process,
        reject=reject,
        output_topics=frozenset({*service.writes, settings.rejected_topic}),
        batch_records=settings.batch_records,
        batch_bytes=service.kafka.max_message_bytes,
        fetch_bytes=settings.fetch_bytes,
        linger_seconds=settings.linger_ms / 1000,
        fenced_seconds=service.kafka.session_timeout_ms / 1000,
        beside=service.beside,
    )


def _advanced_at(health: Health) -> float:
    """Tell when the loop that is furthest behind last went round, 0 where there is none."""
    at = health.advanced
    return 0 if at is None else time.time() - (time.monotonic() - at)


def _circuit_breaker(settings: ServiceSettings) -> CircuitBreaker:
    return CircuitBreaker(
        share=settings.circuit_breaker_share,
        records=settings.circuit_breaker_records,
        seconds=settings.circuit_breaker_seconds,
        clock=time.monotonic,
    )


def _routes(health: Health, breaker: CircuitBreaker) -> list[tuple[str, HttpHandler]]:
    @get(description="Whether the process works; where not, it should be restarted.")
    async def livez(_scope: object) -> AsgiResponse:
        return _response(health.why_not_live())

    @get(description="Whether it has its broker and its partitions, and reads them.")
    async def readyz(_scope: object) -> AsgiResponse:
        return _response(health.why_not_ready())

    @post(description="Lets what the open circuit breaker holds back go to the dead letters.")
    async def close(_scope: object) -> AsgiResponse:
        breaker.close()
        return _response(None)

    return [("/livez", livez), ("/readyz", readyz), ("/circuit-breaker/close", close)]


def _response(problem: str | None) -> AsgiResponse:
    return AsgiResponse((problem or "ok").encode(), 503 if problem else 200)
