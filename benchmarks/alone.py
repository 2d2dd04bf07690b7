"""The models alone: texts to probabilities on one core, without Kafka and without JSON."""

from collections.abc import Sequence
from time import monotonic, process_time
from typing import Protocol

from benchmarks.turn import Turn

BATCH_TEXTS = 256


class Scores(Protocol):
    """A text model, of whatever make."""

    def score(self, texts: Sequence[str]) -> object:
        """Give the probabilities of a batch of texts."""


def score_texts(model: Scores, texts: Sequence[str], count: int) -> Turn:
    """Score texts until at least `count` are, in this process."""
    batches = [texts[n : n + BATCH_TEXTS] for n in range(0, len(texts), BATCH_TEXTS)]
    scored = 0
    began, cpu_began = monotonic(), process_time()
    while scored < count:
        for batch in batches:
            model.score(batch)
        scored += len(texts)
    return Turn(scored, monotonic() - began, process_time() - cpu_began, 0)
