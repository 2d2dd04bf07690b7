"""`python -m tests.broker.faults.weakened SERVICE` starts a service with one promise broken.

The environment says which: WEAKNESS is one of the names in `weak.py`.
"""

import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime

from faststream.asgi import AsgiFastStream

from services.app.faststream_broker import EngineBroker
from services.app.main import CreateApp, S, run_from_environment
from services.classifier import app as classifier
from services.classifier.settings import ClassifierSettings
from services.kafka.settings import KafkaSettings
from services.local.processes.service_process import ServiceProcess
from services.router import app as router
from services.router.settings import RouterSettings
from tests.broker.faults.weak import WEAKNESSES, WeakClients

WEAKNESS = "WEAKNESS"


class WeakenedProcess(ServiceProcess):
    """A replica of a service that is started with the weakness that its settings name."""

    def _module(self, name: str) -> Sequence[str]:
        return (__name__, name)


def weakened(create_app: CreateApp[S], weakness: str) -> CreateApp[S]:
    """Build a service as `create_app` does, but for the producers of its engine."""

    def create(settings: S, kafka: KafkaSettings, now: Callable[[], datetime]) -> AsgiFastStream:
        app = create_app(settings, kafka, now)
        assert isinstance(app.broker, EngineBroker)
        member = app.broker._member  # noqa: SLF001 - no setting of the product's leads here
        weaken = WEAKNESSES[weakness]
        member.clients = WeakClients(member.clients, weaken, settings.rejected_topic)
        return app

    return create


if __name__ == "__main__":
    if sys.argv[1] == "classifier":
        run_from_environment(
            ClassifierSettings, weakened(classifier.create_app, os.environ[WEAKNESS])
        )
    else:
        run_from_environment(RouterSettings, weakened(router.create_app, os.environ[WEAKNESS]))
