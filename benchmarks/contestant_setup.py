"""What a contestant of this folder is told, and how it says that it is ready."""

import sys
from typing import Any, NamedTuple

READY = "ready"
BATCH_RECORDS = 1_000  # as CLASSIFIER_BATCH_RECORDS
BATCH_BYTES = 1_000_000  # as KAFKA_MAX_MESSAGE_BYTES


class Setup(NamedTuple):
    """Brokers, topics, consumer group, and the folder or file of the model that decides."""

    servers: str
    reads: str
    writes: str
    group: str
    model: str


def read_setup() -> Setup:
    """Read the setup from the last arguments of this process."""
    return Setup(*sys.argv[-len(Setup._fields) :])


def say_ready(*_: Any) -> None:  # noqa: ANN401 - a callback; what it is told does not matter
    """Say on standard output, on a line of its own, that records may come."""
    print(READY, flush=True)
