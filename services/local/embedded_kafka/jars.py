"""Kafka's class path: the pinned jars, downloaded once, each checked against its SHA-256.

`python -m services.local.embedded_kafka.jars 4.1.2 > kafka-jars.lock` pins another version.
"""

import hashlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.errors import ConfigurationError, TriageError
from services.local.console.steps import OnStep

LOCK = Path(__file__).with_name("kafka-jars.lock")
CACHE = Path(".cache", "inquiry-triage", "kafka")


@dataclass(frozen=True)
class Jar:
    """One pinned line: a Maven coordinate and the SHA-256 of its file, in hex."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """The name that Maven repositories give the file."""
        return f"{self.artifact}-{self.version}.jar"


def pinned() -> list[Jar]:
    """Return the jars of the lock file, in class path order."""
    lines = LOCK.read_text().splitlines()
    return [
        Jar(*line.replace(":", " ").split()) for line in lines if line and not line.startswith("#")
    ]


def class_path(on_step: OnStep, folder: Path | None = None) -> list[Path]:
    """Return the paths of the pinned jars, and download those that are not in `folder` yet.

    Args:
        on_step: told how far the download is.
        folder: where the jars are kept; a folder in the user's cache when None.

    Raises:
        TriageError: the registry cannot be reached, or a file is not the one that was pinned.
        ConfigurationError: the client for Maven registries is not installed.
    """
    folder = folder or Path.home() / CACHE
    missing = [jar for jar in pinned() if not (folder / jar.filename).exists()]
    if missing:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for done, _ in enumerate(_download(missing, folder), start=1):
                on_step("Downloading Kafka, 45 MB, the first time only", done, len(missing))
        # jgo answers 404 and the like with RuntimeError; an unreachable host is an OSError.
        except (OSError, RuntimeError) as error:
            raise TriageError(
                f"Kafka could not be downloaded from Maven Central to {folder} "
                f"({type(error).__name__}): check network, proxy (HTTPS_PROXY) and free space, "
                "and try again."
            ) from None
    return [folder / jar.filename for jar in pinned()]


def _download(jars: list[Jar], folder: Path) -> Iterator[None]:
    maven = _maven()
    # Each jar moves to its place complete and checked: an interrupted download leaves no half
    # one, and goes on where it was.
    with (
        TemporaryDirectory(dir=folder, prefix="download-") as partial,
        ThreadPoolExecutor(4) as pool,
    ):
        context = maven.MavenContext(repo_cache=Path(partial))
        yield from pool.map(lambda jar: _fetch(jar, context, folder), jars)


def _fetch(jar: Jar, context: Any, folder: Path) -> None:  # noqa: ANN401  # jgo has no stable type for it
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    file: Path = component.artifact().resolve()
    if _sha256(file) != jar.sha256:
        raise TriageError(
            f"{jar.filename} from Maven Central is not the file that was pinned: do not use it, "
            "and find out whether a proxy changes downloads."
        )
    if not (folder / jar.filename).exists():  # another process may have been quicker
        file.replace(folder / jar.filename)


def lock(kafka: str) -> Iterator[str]:
    """Yield the lines that pin the class path of a Kafka version, as its own POM resolves it."""
    maven = _maven()
    from jgo.parse import Coordinate  # noqa: PLC0415  # as in _maven

    with TemporaryDirectory() as folder:
        context = maven.MavenContext(repo_cache=Path(folder))
        root = Coordinate("org.apache.kafka", "kafka_2.13", kafka, scope="compile")
        roots, rest = context.resolver.resolve([context.create_dependency(root)])
        found = [each.artifact for each in [*roots, *rest] if each.scope in {"compile", "runtime"}]
        log4j = next(each.version for each in found if each.artifactId == "log4j-core")
        # Kafka logs through SLF4J and its POM leaves the binding out. It is added here and not to
        # the roots: jgo would then let log4j's POM choose versions of Kafka's own jars.
        binding = context.project("org.apache.logging.log4j", "log4j-slf4j-impl")
        found.append(binding.at_version(log4j).artifact())
        yield f"# The class path of Kafka {kafka} with the SHA-256 of each jar; see jars.py."
        for each in sorted(found, key=lambda artifact: artifact.filename):
            coordinate = f"{each.groupId}:{each.artifactId}:{each.version}"
            yield f"{coordinate} {_sha256(each.resolve())}"


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _maven() -> Any:  # noqa: ANN401  # a module, which has no type of its own
    # jgo.build() is not used: it fetches a second Java only to sort jars into modules, and takes
    # a half-downloaded class path for a whole one.
    try:
        import jgo.maven  # noqa: PLC0415  # an extra that only the first start needs
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"Downloading Kafka needs {error.name}: install inquiry-triage[demo]."
        ) from None
    return jgo.maven


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lock(sys.argv[1]))
