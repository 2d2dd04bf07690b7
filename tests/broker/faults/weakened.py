"""`python -m tests.broker.faults.weakened SERVICE` starts a service with one promise broken.

Which one says the environment: WEAKNESS is one of the names in `weak.py`.
"""

import os
import sys
from collections.abc import Sequence

from services.classifier import app as classifier
from services.classifier.settings import ClassifierSettings
from services.local.service_process import ServiceProcess
from services.router import app as router
from services.router.settings import RouterSettings
from services.stream.broker import StreamBroker
from services.stream.server import run_service
from services.stream.settings import ServiceSettings, read_settings
from tests.broker.faults.weak import WEAKNESSES, WeakClients

WEAKNESS = "WEAKNESS"
SETTINGS: dict[str, type[ServiceSettings]] = {
    "classifier": ClassifierSettings,
    "router": RouterSettings,
}


class WeakenedProcess(ServiceProcess):
    """A replica of a service that is started with the weakness that its settings name."""

    def _module(self, name: str) -> Sequence[str]:
        return (__name__, name)


def main(name: str, weakness: str) -> None:
    """Run a service as its own command does, but for the producers of its stream."""
    settings = read_settings(SETTINGS[name])
    app = {"classifier": classifier, "router": router}[name].create()
    assert isinstance(app.broker, StreamBroker)
    stream = app.broker._stream  # noqa: SLF001 - no setting of the product's leads here
    stream.clients = WeakClients(stream.clients, WEAKNESSES[weakness], settings.rejected_topic)
    run_service(app, settings)


if __name__ == "__main__":
    main(sys.argv[1], os.environ[WEAKNESS])
