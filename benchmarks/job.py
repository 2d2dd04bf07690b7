"""What a contestant that is a process of its own is told, and how it says that it is ready."""

import sys
from typing import Any

import msgspec

READY = "ready"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to read and what to write, and how much of it at once.

    Attributes:
        servers: The broker.
        reads: The topic of the inquiries.
        writes: The topic of the answers.
        group: The consumer group, whose offsets tell how far it has come.
        partitions: How many the topics have.
        batch_records: How many records to take at once, as the services do.
        model: The folder or the file of the model that decides; empty where nothing is decided.
    """

    servers: str
    reads: str
    writes: str
    group: str
    partitions: int
    batch_records: int
    model: str = ""

    @property
    def argument(self) -> str:
        """The job, as one argument of a command."""
        return msgspec.json.encode(self).decode()


def read_job() -> Job:
    """Read the job from this process's first argument."""
    return msgspec.json.decode(sys.argv[1], type=Job)


def say_ready(*_: Any) -> None:  # noqa: ANN401 - a callback; what it is told does not matter
    """Say on standard output, on a line of its own, that records may come."""
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
