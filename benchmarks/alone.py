"""The model alone: texts to probabilities on one core, without Kafka and without JSON."""

from collections.abc import Sequence
from time import monotonic, process_time

from benchmarks.turn import Turn
from services.classifier.model import Model

BATCH_TEXTS = 256


def score_texts(model: Model, texts: Sequence[str], count: int) -> Turn:
    """Score texts until at least `count` are, in this process."""
    batches = [texts[n : n + BATCH_TEXTS] for n in range(0, len(texts), BATCH_TEXTS)]
    scored = 0
    began, cpu_began = monotonic(), process_time()
    while scored < count:
        for batch in batches:
            model.score(batch)
        scored += len(texts)
    return Turn(scored, monotonic() - began, process_time() - cpu_began, 0)
