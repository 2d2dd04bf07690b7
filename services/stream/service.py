"""The application around a stream: what it does, its HTTP routes and its lifecycle."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from faststream.asgi import AsgiFastStream, AsgiResponse, get, post
from faststream.asgi.handlers import HttpHandler
from prometheus_client import CollectorRegistry, make_asgi_app

from services.messages.dead_letter import REJECTED, write_rejected
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError
from services.stream.answer import Process
from services.stream.asyncapi.document import document
from services.stream.asyncapi.routes import contract_routes
from services.stream.brake import Brake
from services.stream.broker import StreamBroker
from services.stream.health import Health
from services.stream.kafka import connect
from services.stream.metrics import BUILD, Note, StreamMetrics
from services.stream.settings import KafkaSettings, ServiceSettings
from services.stream.stream import Stream
from services.stream.worker import Job


@dataclass(frozen=True)
class Service:
    """What makes one service differ from another.

    `reads` and `writes` give each topic's message by name; `process` answers a batch of records
    at a time that `now` tells, and `note` takes note of the answers for the service's own metrics.
    """

    name: str
    settings: ServiceSettings
    kafka: KafkaSettings
    reads: Mapping[str, str]
    writes: Mapping[str, str]
    process: Process
    note: Note
    now: Callable[[], datetime]


def create_service(service: Service, registry: CollectorRegistry) -> AsgiFastStream:
    """Build the application that runs a service's stream and serves its metrics and health.

    Raises:
        ConfigurationError: The settings of the connection are wrong.
    """
    release = version("inquiry-triage")
    brake = _brake(service.settings)
    health = Health(clock=time.monotonic, why_held=brake.why_on)
    job = _job(service)
    BUILD.on(registry).labels(service.name, release).set(1)
    metrics = StreamMetrics(
        registry, reads=job.topic, writes=job.output_topics, note=service.note, clock=time.time
    )
    metrics.ready.set_function(lambda: float(health.why_not_ready() is None))
    metrics.brake.set_function(lambda: float(brake.why_on() is not None))
    metrics.advanced.set_function(lambda: _advanced_at(health))
    stream = Stream(job, connect(service.kafka, service.name), metrics, health, brake)
    contract = document(
        title=f"inquiry-triage {service.name}",
        version=release,
        kafka=service.kafka,
        group=job.group,
        reads=service.reads,
        writes={**service.writes, service.settings.rejected_topic: REJECTED},
    )
    routes = [*_routes(health, brake), *contract_routes(contract)]
    app = AsgiFastStream(StreamBroker(stream), logger=None, asgi_routes=routes)
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
    )


def _advanced_at(health: Health) -> float:
    """Tell when the loop that is furthest behind last went round, 0 where there is none."""
    at = health.advanced
    return 0 if at is None else time.time() - (time.monotonic() - at)


def _brake(settings: ServiceSettings) -> Brake:
    return Brake(
        share=settings.brake_share,
        records=settings.brake_records,
        seconds=settings.brake_seconds,
        clock=time.monotonic,
    )


def _routes(health: Health, brake: Brake) -> list[tuple[str, HttpHandler]]:
    @get(description="Whether the process works; where not, it should be restarted.")
    async def livez(_scope: object) -> AsgiResponse:
        return _answer(health.why_not_live())

    @get(description="Whether it has its broker and its partitions, and the brake is off.")
    async def readyz(_scope: object) -> AsgiResponse:
        return _answer(health.why_not_ready())

    @post(description="Lets what the brake holds back go to the dead letters.")
    async def release(_scope: object) -> AsgiResponse:
        brake.release()
        return _answer(None)

    return [("/livez", livez), ("/readyz", readyz), ("/brake/release", release)]


def _answer(problem: str | None) -> AsgiResponse:
    return AsgiResponse((problem or "ok").encode(), 503 if problem else 200)


def utc_now() -> datetime:
    """Give the time to write into messages."""
    return datetime.now(UTC)
