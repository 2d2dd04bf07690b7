"""How much is measured: for figures to quote, or for a quick look."""

from collections.abc import Mapping
from typing import NamedTuple

PARTITIONS = 4
# Characters of an inquiry: some sentences in a form, and one line on a telephone.
LENGTHS = (200, 60)

# The contestants. The second passes on what the router reads, which is more than twice an inquiry.
PASS_THROUGH, PASS_THROUGH_CLASSIFIED = "pass-through", "pass-through, classified"
CLASSIFIER, ROUTER = "classifier", "router"
CLASSIFY, MODEL = "triage classify", "model alone"


class Effort(NamedTuple):
    """Rounds that count, after one to warm up, and what each contestant does in a turn.

    A turn is long enough for the 10 ms in which the kernel counts CPU time to be little of it.
    """

    rounds: int
    records: Mapping[str, int]  # by contestant
    lines: int  # through `triage classify`
    texts: int  # through the model alone


FULL = Effort(
    rounds=5,
    records={
        PASS_THROUGH: 120_000,
        PASS_THROUGH_CLASSIFIED: 80_000,
        CLASSIFIER: 40_000,
        ROUTER: 40_000,
    },
    lines=60_000,
    texts=100_000,
)
SHORT = Effort(
    rounds=2,
    records={
        PASS_THROUGH: 30_000,
        PASS_THROUGH_CLASSIFIED: 15_000,
        CLASSIFIER: 8_000,
        ROUTER: 8_000,
    },
    lines=10_000,
    texts=20_000,
)
