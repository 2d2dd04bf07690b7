"""How much is measured: for figures to quote, or for a quick look."""

from typing import NamedTuple

PARTITIONS = 4
# Characters of an inquiry: some sentences in a form, and one line on a telephone.
LENGTHS = (200, 60)


class Effort(NamedTuple):
    """Rounds that count, after one to warm up, and what each contestant does in a turn.

    A turn is long enough for the 10 ms in which the kernel counts CPU time to be little of it.
    """

    rounds: int
    passed: int  # records through the pass-through
    classified: int  # records through the classifier
    routed: int  # records through the router
    lines: int  # lines through `triage classify`
    texts: int  # texts through the model alone

    def records(self, contestant: str) -> int:
        """Give the records of one turn of a contestant."""
        return {
            "pass-through": self.passed,
            "classifier": self.classified,
            "router": self.routed,
        }[contestant]


FULL = Effort(
    rounds=5, passed=160_000, classified=40_000, routed=60_000, lines=60_000, texts=100_000
)
SHORT = Effort(rounds=2, passed=30_000, classified=8_000, routed=8_000, lines=10_000, texts=20_000)
