"""The HTTP server that an application lives in, until a signal ends it."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from faststream.asgi import AsgiFastStream

from services.errors import ConfigurationError
from services.stream.broker import StreamBroker
from services.stream.collector import spare_batches
from services.stream.settings import ServiceSettings

SHUTDOWN_SECONDS = 5


def run_service(app: AsgiFastStream, settings: ServiceSettings) -> None:
    """Serve an application until SIGTERM or Ctrl-C, then drain and return.

    Raises:
        ConfigurationError: The port is taken, or a topic does not exist.
        TriageError: The stream ended for another reason.
    """
    listener = _listen(settings.http_host, settings.http_port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    spare_batches()
    with listener:
        # Not on uvloop: to write to a connection that has just been closed is an error of another
        # kind there, which ends tasks of aiokafka's (aio-libs/aiokafka#1038). After an outage a
        # transaction then hangs for ever, and its partition with it.
        asyncio.run(_Server(config).serve(sockets=[listener]))
    broker = app.broker
    if isinstance(broker, StreamBroker) and broker.failure:
        raise broker.failure


class _Server(uvicorn.Server):
    """Stops on a signal and returns; uvicorn's own raises the signal again and so exits by it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise ConfigurationError(
            f"Port {port} of {host} cannot be used ({error.strerror}): stop what uses it, or set "
            "another one in CLASSIFIER_HTTP_PORT or ROUTER_HTTP_PORT."
        ) from None
