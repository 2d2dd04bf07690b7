"""The folder that an embedded Kafka keeps everything in: data, settings, ports and log."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

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
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / "ports").write_text(f"{next(ports)} {next(ports)}")
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
