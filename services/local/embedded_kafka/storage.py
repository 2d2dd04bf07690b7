"""Formats the storage of an embedded Kafka, which a broker's folder needs once."""

import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from contextlib import suppress

from services.errors import TriageError
from services.local.child_process import ChildProcess
from services.local.embedded_kafka.folder import BrokerFolder
from services.local.embedded_kafka.java import Java

FORMAT_LIMIT = 90.0


def format_storage(folder: BrokerFolder, java: Java, arguments: Sequence[str] = ()) -> None:
    """Format a broker's storage; where formatting was cut short before, this completes it.

    The first run on a machine also writes Java's archive.

    Args:
        folder: the broker's, its settings written.
        java: what runs the tool.
        arguments: more for `kafka-storage format`, such as `--add-scram`.

    Raises:
        TriageError: it failed, or was not done after 90 s; the sentence names the log.
    """
    cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = ("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}")
    command = (*tool, "--config=server.properties", *arguments)
    if java.archive.exists():
        _run(folder, java.command(*command))
        return
    # Under a name of its own until it is whole: others may be starting a Kafka at this moment.
    archive = java.archive.with_suffix(f".{uuid.uuid4().hex}")
    try:
        _run(folder, java.command_to_archive(archive, *command))
        with suppress(FileNotFoundError):  # Java wrote none, and does without
            archive.replace(java.archive)
    finally:
        archive.unlink(missing_ok=True)


def _run(folder: BrokerFolder, command: Sequence[str]) -> None:
    since = folder.log_size
    tool = ChildProcess(command, folder=folder.path, log=folder.log)
    try:
        with suppress(TimeoutError):
            tool.wait(FORMAT_LIMIT)
    finally:
        tool.kill()
    if not folder.is_formatted:  # an archive that could not be written is no reason to stop
        raise TriageError(
            f"Kafka's storage could not be formatted ({folder.last_error(since)}): see its log "
            f"{folder.log}."
        )
