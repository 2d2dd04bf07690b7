"""The circuit breaker: a service that would reject most of what it reads stops and asks.

When a producer changes its format, or the model is wrong, nearly every record fails. To dead-letter
a whole topic then only moves the work: the records stay where they are until somebody has looked.
(M. Nygard, "Release It!", 2007; here the circuit is the way from an input topic to the outputs.)

Each topic has its own, so that what is wrong on one holds up no other.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from services.engine.job import Result
from services.messages.rejection import RejectedError

OPEN = "the circuit breaker is open"


@dataclass
class CircuitBreaker:
    """Opens where more than a share of the recent records is rejected: nothing is read then.

    Recent are the latest batches that have at least so many records together, those of all
    partitions of the topic in this process. It closes by itself after some time, for another try;
    or when somebody closes it, and then nothing opens it again for as long.

    Args:
        topic: Whose it is.
        share: Of the recent records; 1 for never.
        records: How many are recent, at least.
        seconds: How long it stays open.
        clock: Monotonic seconds.
    """

    topic: str
    share: float
    records: int
    seconds: float
    clock: Callable[[], float]
    _recent: deque[Counter[str | None]] = field(default_factory=deque)
    _closes_at: float | None = None
    _held_closed_until: float = float("-inf")
    _reason: str = ""

    def opens(self, results: Sequence[Result]) -> bool:
        """Take note of a batch's results, and tell whether they have to wait unwritten."""
        if self.clock() < self._held_closed_until:
            return False
        self._recent.append(
            Counter(each.reason if isinstance(each, RejectedError) else None for each in results)
        )
        while self._recent and self._size() - self._recent[0].total() >= self.records:
            self._recent.popleft()
        counts = sum(self._recent, Counter[str | None]())
        rejected = counts.total() - counts[None]
        if counts.total() < self.records or rejected <= self.share * counts.total():
            return False
        del counts[None]
        self._reason = (
            f"{rejected} of the last {self._size()} records of {self.topic} would be rejected, "
            f"most of them as {counts.most_common(1)[0][0]}"
        )
        self._recent.clear()
        self._closes_at = self.clock() + self.seconds
        return True

    def why_open(self) -> str | None:
        """Say why the circuit breaker is open, or None."""
        if self._closes_at is None or self.clock() >= self._closes_at:
            self._closes_at = None
            return None
        return f"{OPEN}: {self._reason}"

    def close(self) -> None:
        """Let everything pass, to the dead letters too, for as long as it would be open."""
        self._closes_at = None
        self._held_closed_until = self.clock() + self.seconds

    def _size(self) -> int:
        return sum(counts.total() for counts in self._recent)


def why_any_open(breakers: Iterable[CircuitBreaker]) -> str | None:
    """Say why the first that is open is so, or None where all are closed."""
    return next(filter(None, (each.why_open() for each in breakers)), None)
