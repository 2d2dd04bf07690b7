"""The folder that an embedded Kafka keeps everything in: data, settings, ports and log."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from services.errors import ConfigurationError, TriageError
from services.local.embedded_kafka.properties import LOG4J, server_properties
from services.local.ports import free_ports


class BrokerFolder:
    """Names the files of one broker's folder, and writes those that the broker is given.

    Args:
        path: the folder; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.log = self.path / "kafka.log"
        self._lock: IO[bytes] | None = None

    def lock(self) -> None:
        """Keep all others from using the folder, until it is unlocked or this process ends.

        Raises:
            ConfigurationError: another broker uses it, or it cannot be written.
        """
        if self._lock is not None:
            return
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise ConfigurationError(
                f"Another Kafka runs in {self.path}: stop it, or name another folder."
            ) from None
        self._lock = lock

    def unlock(self) -> None:
        """Let others use the folder; one that is not locked is left alone."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def is_formatted(self) -> bool:
        """Whether the broker's storage is ready; this file is the last that formatting writes."""
        return (self.path / "data" / "meta.properties").exists()

    @property
    def ports(self) -> tuple[int, int]:
        """The ports for clients and for the controller, as last chosen."""
        try:
            client, controller = (self.path / "ports").read_text().split()
        except FileNotFoundError:
            raise TriageError(f"The Kafka in {self.path} has no ports yet: start it.") from None
        return int(client), int(controller)

    def choose_ports(self) -> None:
        """Choose two ports that are free now, and keep them.

        Raises:
            ConfigurationError: the folder cannot be written.
        """
        ports = free_ports()
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / "ports").write_text(f"{next(ports)} {next(ports)}")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(
                f"Kafka cannot keep its data in {self.path} ({error.strerror}): name a folder "
                "that this user may write."
            ) from None

    def write_settings(self, properties: Mapping[str, str]) -> None:
        """Write what the broker reads when it starts; the given properties win over ours."""
        (self.path / "log4j2.properties").write_text(LOG4J)
        (self.path / "server.properties").write_text(server_properties(*self.ports, properties))

    @property
    def log_size(self) -> int:
        """The bytes that were logged so far."""
        return self.log.stat().st_size if self.log.exists() else 0

    def logged(self, since: int = 0) -> str:
        """What the broker has printed, from the given size of the log on."""
        with suppress(FileNotFoundError), self.log.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")
        return ""

    def last_error(self, since: int) -> str:
        """The last line printed that tells of an error, else the last; 300 characters at most."""
        lines = [line for line in self.logged(since).splitlines() if line[:1].strip()]
        errors = [line for line in lines if "ERROR" in line or "Exception" in line]
        return (errors or lines or ["nothing was logged"])[-1][:300]
