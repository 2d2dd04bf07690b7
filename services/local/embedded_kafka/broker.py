"""A real Apache Kafka of one node, for the demo and the tests: no Docker, nothing to install."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self

from services.errors import TriageError
from services.local.child_process import ChildProcess
from services.local.console.steps import OnStep, silently
from services.local.embedded_kafka.folder import BrokerFolder
from services.local.embedded_kafka.jars import class_path
from services.local.embedded_kafka.java import Java, find_java
from services.local.embedded_kafka.storage import format_storage

START_LIMIT = 90.0
STOP_LIMIT = 20.0
PORT_ATTEMPTS = 5
STARTED = "Kafka Server started"  # logged once the broker takes requests and counts as alive
PORT_TAKEN = "failed to bind"


class PortTakenError(TriageError):
    """Raised when somebody else uses a port that the broker was given."""


class EmbeddedKafka:
    """One Kafka broker on 127.0.0.1, on free ports, that keeps everything in one folder.

    It never outlives the Python process that started it, however that ends, and leaving its `with`
    block stops it. Its calls block: from asyncio, use `asyncio.to_thread`.

    Args:
        folder: for data, settings, ports and log; one used before is taken up as it was left.
        properties: Kafka's broker settings, over those of `kafka_properties`.
        format_arguments: more for formatting the storage, such as `--add-scram`.
        inside: program and arguments that run the broker elsewhere, such as `nsenter --net=…`.
        on_step: told what is going on while it starts.
    """

    def __init__(
        self,
        folder: Path,
        *,
        properties: Mapping[str, str] = MappingProxyType({}),
        format_arguments: Sequence[str] = (),
        inside: Sequence[str] = (),
        on_step: OnStep = silently,
    ) -> None:
        self._folder = BrokerFolder(folder)
        self._properties = properties
        self._format_arguments = format_arguments
        self._inside = inside
        self._on_step = on_step
        self._broker: ChildProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Host and port for clients, known from the first start on and the same ever after."""
        return f"127.0.0.1:{self._folder.ports[0]}"

    @property
    def log(self) -> Path:
        """The file with all that the broker prints."""
        return self._folder.log

    @property
    def pid(self) -> int:
        """The broker's process id."""
        return self._running().pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the broker and wait until it takes requests; one that runs is left alone.

        Raises:
            ConfigurationError: Java or the client for Maven registries is not installed, or another
                broker runs in the folder.
            TriageError: Kafka cannot be downloaded, or does not start; the sentence names its log.
        """
        if self._broker is not None and self._broker.exit_code is None:
            return
        self.kill()  # what is left of a broker that fell
        self._folder.lock()
        try:
            java = Java(find_java(), class_path(self._on_step))
            if self._folder.is_formatted:
                self._serve(java)
            else:
                self._prepare(java)
                self._serve_on_free_ports(java)
        except BaseException:  # Ctrl-C too: nothing is left running
            self.kill()
            raise

    def check(self) -> None:
        """See that the broker runs.

        Raises:
            TriageError: it does not; the sentence names its log.
        """
        code = self._running().exit_code
        if code is not None:
            raise TriageError(f"Kafka has ended with exit code {code}: see its log {self.log}.")

    def stop(self) -> None:
        """Stop the broker in order, or by force after `STOP_LIMIT` seconds."""
        if self._broker is not None:
            self._broker.stop(STOP_LIMIT)
            self._broker = None
        self._folder.unlock()

    def kill(self) -> None:
        """Kill the broker (SIGKILL) as it stands; its folder is left for the next start."""
        if self._broker is not None:
            self._broker.kill()
            self._broker = None
        self._folder.unlock()

    def freeze(self) -> None:
        """Freeze the broker (SIGSTOP): its connections stay open and nothing is answered."""
        self._running().freeze()

    def thaw(self) -> None:
        """Let a frozen broker go on (SIGCONT)."""
        self._running().thaw()

    def _running(self) -> ChildProcess:
        if self._broker is None:
            raise TriageError("The embedded Kafka does not run: start it first.")
        return self._broker

    def _prepare(self, java: Java) -> None:
        self._on_step("Formatting Kafka's storage")
        self._folder.choose_ports()
        self._folder.write_settings(self._properties)
        format_storage(self._folder, java, self._format_arguments)

    def _serve_on_free_ports(self, java: Java) -> None:
        """Serve; where another was quicker to take a port, choose ports anew."""
        for attempts_left in reversed(range(PORT_ATTEMPTS)):
            try:
                self._serve(java)
            except PortTakenError:
                if not attempts_left:
                    raise
                self._folder.choose_ports()
            else:
                return

    def _serve(self, java: Java) -> None:
        self._on_step("Starting Kafka")
        self._folder.write_settings(self._properties)
        since = self._folder.log_size
        command = [*self._inside, *java.command("kafka.Kafka", "server.properties")]
        self._broker = ChildProcess(command, folder=self._folder.path, log=self._folder.log)
        deadline = time.monotonic() + START_LIMIT
        while STARTED not in self._folder.logged(since):
            if self._broker.exit_code is not None or time.monotonic() > deadline:
                raise self._failure(since)
            time.sleep(0.05)

    def _failure(self, since: int) -> TriageError:
        if PORT_TAKEN in self._folder.logged(since):
            return PortTakenError(
                f"Kafka cannot use its ports {self._folder.ports} on 127.0.0.1: stop what uses "
                f"them, or give Kafka a folder of its own; its log is {self.log}."
            )
        return TriageError(
            f"Kafka did not start ({self._folder.last_error(since)}): see its log {self.log}."
        )
