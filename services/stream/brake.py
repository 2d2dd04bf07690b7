"""The brake: a service that would reject most of what it reads stops and asks.

When a producer changes its format, or the model is wrong, nearly every record fails. To dead-letter
a whole topic then only moves the work: the records stay where they are until somebody has looked.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.messages.record import Output


@dataclass
class Brake:
    """Goes on where more than a share of the recent records is rejected.

    Recent are the latest batches that have at least so many records together, those of all
    partitions of the process. It goes off by itself after some time, for another try; or when
    somebody says so, and then nothing sets it off again for as long.

    Args:
        share: Of the recent records; 1 for never.
        records: How many are recent, at least.
        seconds: How long it stays on.
        clock: Monotonic seconds.
    """

    share: float
    records: int
    seconds: float
    clock: Callable[[], float]
    _recent: deque[Counter[str | None]] = field(default_factory=deque)
    _off_at: float | None = None
    _waived_until: float = float("-inf")
    _reason: str = ""

    def stops(self, outputs: Sequence[Output]) -> bool:
        """Take note of a batch's outputs, and tell whether they have to wait unwritten."""
        if self.clock() < self._waived_until:
            return False
        self._recent.append(Counter(output.rejection for output in outputs))
        while self._recent and self._size() - self._recent[0].total() >= self.records:
            self._recent.popleft()
        counts = sum(self._recent, Counter[str | None]())
        rejected = counts.total() - counts[None]
        if counts.total() < self.records or rejected <= self.share * counts.total():
            return False
        del counts[None]
        self._reason = (
            f"{rejected} of the last {self._size()} records would be rejected, most of them as "
            f"{counts.most_common(1)[0][0]}"
        )
        self._recent.clear()
        self._off_at = self.clock() + self.seconds
        return True

    def why_on(self) -> str | None:
        """Say why the brake is on, or None."""
        if self._off_at is None or self.clock() >= self._off_at:
            self._off_at = None
            return None
        return f"the brake is on: {self._reason}"

    def release(self) -> None:
        """Let everything pass, to the dead letters too, for as long as the brake would be on."""
        self._off_at = None
        self._waived_until = self.clock() + self.seconds

    def _size(self) -> int:
        return sum(counts.total() for counts in self._recent)
