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
from services.settler import app as settler
from services.settler.settings import SettlerSettings
from tests.broker.faults.weak import CLIENTS, WEAKNESSES, WeakClients

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
        make = CLIENTS.get(weakness, WeakClients)
        notes = getattr(settings, "settled_topic", "")
        weaken = WEAKNESSES[weakness]
        member.clients = make(member.clients, weaken, settings.rejected_topic, notes)
        return app

    return create


STARTS: dict[str, Callable[[str], None]] = {
    "classifier": lambda weakness: run_from_environment(
        ClassifierSettings, weakened(classifier.create_app, weakness)
    ),
    "router": lambda weakness: run_from_environment(
        RouterSettings, weakened(router.create_app, weakness)
    ),
    "settler": lambda weakness: run_from_environment(
        SettlerSettings, weakened(settler.create_app, weakness)
    ),
}

if __name__ == "__main__":
    STARTS[sys.argv[1]](os.environ[WEAKNESS])
