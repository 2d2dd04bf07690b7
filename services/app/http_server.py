"""The HTTP server that an application lives in, until a signal ends it."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from faststream.asgi import AsgiFastStream

from services.app.faststream_broker import EngineBroker
from services.app.garbage_collection import collect_less_often
from services.app.settings import ProcessSettings
from services.errors import ConfigurationError

SHUTDOWN_SECONDS = 5


def run_service(app: AsgiFastStream, settings: ProcessSettings) -> None:
    """Serve an application until SIGTERM or Ctrl-C, then drain and return.

    Raises:
        ConfigurationError: The port is taken, or a topic does not exist.
        TriageError: The engine ended for another reason.
    """
    serve(app, settings)
    broker = app.broker
    if isinstance(broker, EngineBroker) and broker.failure:
        raise broker.failure


def serve(app: Any, settings: ProcessSettings) -> None:  # noqa: ANN401 - any ASGI application
    """Serve any ASGI application until SIGTERM or Ctrl-C, then let it end and return.

    Raises:
        ConfigurationError: The port is taken.
    """
    listener = _listen(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # anybody could write them
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    collect_less_often()
    with listener:
        # Not on uvloop: to write to a connection that has just been closed is a RuntimeError there,
        # which ends tasks of aiokafka's (aio-libs/aiokafka#1038). After an outage a transaction
        # could hang for ever, and its partition with it; and it gives little by now.
        asyncio.run(_Server(config).serve(sockets=[listener]))


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


def _listen(settings: ProcessSettings) -> socket.socket:
    host, port = settings.http_host, settings.http_port
    try:
        return socket.create_server((host, port))
    except (OSError, UnicodeError) as error:  # the latter of a host's name that can be none
        name = f"{settings.model_config.get('env_prefix', '')}HTTP_PORT"
        why = getattr(error, "strerror", "no such host")
        raise ConfigurationError(
            f"Port {port} of {host} cannot be used ({why}): stop what uses it, or set "
            f"another one in {name}."
        ) from None
