"""The contestants by their names in the tables, and how much each is given in a run."""

from dataclasses import dataclass
from enum import StrEnum

PARTITIONS = 4
# Characters of an inquiry: some sentences in a form, and one line on a telephone.
LENGTHS = (200, 60)


class Name(StrEnum):
    """A contestant; the second passes on what the router reads, more than twice an inquiry."""

    PASSTHROUGH = "pass-through"
    PASSTHROUGH_CLASSIFIED = "pass-through, classified"
    CLASSIFIER = "classifier"
    TWO_CLASSIFIERS = "two classifiers"
    ROUTER = "router"
    CONFLUENT = "confluent-kafka"
    FASTSTREAM_BATCH = "FastStream, in batches"
    FASTSTREAM_BARE = "the same, without headers"
    FASTSTREAM_WORKERS = "FastStream, 4 workers"
    FASTSTREAM = "FastStream, as documented"
    CLASSIFY = "triage classify"
    MODEL = "our model"
    SKLEARN = "scikit-learn"
    EXPORT = "scikit-learn's export"


# Records, lines or texts of a full run: enough for the 10 ms in which the kernel counts CPU time
# to be little of it.
FULL_COUNTS = dict.fromkeys(Name, 40_000) | {
    Name.PASSTHROUGH: 80_000,
    Name.PASSTHROUGH_CLASSIFIED: 60_000,
    Name.FASTSTREAM_BATCH: 20_000,
    Name.FASTSTREAM_WORKERS: 600,
    Name.FASTSTREAM: 500,
    Name.CLASSIFY: 60_000,
    Name.MODEL: 100_000,
    Name.EXPORT: 12_000,
}


@dataclass(frozen=True)
class Size:
    """How much is measured; the scikit-learn baseline is fitted to so many texts."""

    rounds: int
    part: float  # of the counts above
    fitted: int
    latency_seconds: float  # of each load through both services; 0 for none

    def count(self, name: Name) -> int:
        """Return how much a contestant is given in a run."""
        return round(self.part * FULL_COUNTS[name])


FULL, SHORT = Size(5, 1, 12_000, 15), Size(1, 0.2, 4_000, 0)
