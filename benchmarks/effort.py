"""How much is measured: for figures to quote, or for a quick look."""

from collections.abc import Mapping
from typing import NamedTuple

PARTITIONS = 4
# Characters of an inquiry: some sentences in a form, and one line on a telephone.
LENGTHS = (200, 60)

# The contestants. The second passes on what the router reads, which is more than twice an inquiry.
PASS_THROUGH, PASS_THROUGH_CLASSIFIED = "pass-through", "pass-through, classified"
CLASSIFIER, ROUTER, TWO_CLASSIFIERS = "classifier", "router", "two classifiers"
CONFLUENT = "confluent-kafka, our model"
FASTSTREAM_BATCH = "FastStream batch, our model"
FASTSTREAM_BARE = "the same, without headers"
FASTSTREAM, FASTSTREAM_WORKERS = "FastStream, as documented", "FastStream, 4 workers"
CLASSIFY = "triage classify"
MODEL, SKLEARN, EXPORT = "model alone", "scikit-learn alone", "stock export alone"


class Effort(NamedTuple):
    """Rounds that count, after one to warm up, and what each contestant does in a turn.

    A turn is long enough for the 10 ms in which the kernel counts CPU time to be little of it.
    """

    rounds: int
    records: Mapping[str, int]  # by contestant
    lines: int  # through `triage classify`
    texts: Mapping[str, int]  # through the models alone
    fitted: int  # texts that the stock pipeline is fitted to
    latency_seconds: float  # of each load through both services; 0 for none

    def to_warm_up(self) -> "Effort":
        """Give a quarter of it for each contestant, for a round that does not count.

        Lines stay as many: of fewer, the command would be done before the clocks are read.
        """
        records = {name: count // 4 for name, count in self.records.items()}
        texts = {name: count // 4 for name, count in self.texts.items()}
        return self._replace(records=records, texts=texts)


FULL = Effort(
    rounds=5,
    records={
        PASS_THROUGH: 120_000,
        PASS_THROUGH_CLASSIFIED: 80_000,
        CLASSIFIER: 40_000,
        ROUTER: 40_000,
        TWO_CLASSIFIERS: 40_000,
        CONFLUENT: 40_000,
        FASTSTREAM_BATCH: 20_000,
        FASTSTREAM_BARE: 40_000,
        FASTSTREAM: 500,
        FASTSTREAM_WORKERS: 1_000,
    },
    lines=60_000,
    texts={MODEL: 100_000, SKLEARN: 40_000, EXPORT: 12_000},
    fitted=12_000,
    latency_seconds=20,
)
SHORT = Effort(
    rounds=1,
    records={
        PASS_THROUGH: 30_000,
        PASS_THROUGH_CLASSIFIED: 15_000,
        CLASSIFIER: 8_000,
        ROUTER: 8_000,
        TWO_CLASSIFIERS: 8_000,
        CONFLUENT: 8_000,
        FASTSTREAM_BATCH: 4_000,
        FASTSTREAM_BARE: 8_000,
        FASTSTREAM: 100,
        FASTSTREAM_WORKERS: 200,
    },
    lines=10_000,
    texts={MODEL: 20_000, SKLEARN: 8_000, EXPORT: 4_000},
    fitted=4_000,
    latency_seconds=0,
)
