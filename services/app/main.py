"""Runs a service: reads its settings, builds it, and serves it until a signal ends it."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from faststream.asgi import AsgiFastStream

from services.app.http_server import run_service
from services.app.logs import configure_logs
from services.app.settings import ServiceSettings
from services.clock import utc_now
from services.kafka.settings import KafkaSettings
from services.settings import read_settings

S = TypeVar("S", bound=ServiceSettings)
CreateApp = Callable[[S, KafkaSettings, Callable[[], datetime]], AsgiFastStream]


def run_from_environment(settings_type: type[S], create_app: CreateApp[S]) -> None:
    """Run a service until it is told to stop.

    Raises:
        TriageError: It cannot start, or had to give up.
    """
    kafka = read_settings(KafkaSettings)
    settings = read_settings(settings_type).prefixed(kafka.topic_prefix)
    configure_logs(settings.log_level, settings.log_format)
    run_service(create_app(settings, kafka, utc_now), settings)
