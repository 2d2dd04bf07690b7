"""What of the topic of returns is known: which events stand there, and from where on.

It follows from the log alone, and so needs neither a topic of its own nor the committed offset: a
return is the first of its event, or it is not, whenever that is asked. Ids are kept as 64 bits of
their hashes, which are others in each process; a million returns take some 45 MB.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import NamedTuple

SHARDS = 1 << 12


class Entry(NamedTuple):
    """A return in the log: hashes of its event's id and of its inquiry's, and where it stands.

    An operator has replayed it so many times.
    """

    event: int
    inquiry: int
    offset: int
    replays: int = 0


def _empty() -> "tuple[array[int], array[int]]":
    return array("q"), array("q")


class _Offsets:
    """Offsets by hash; parted by that, so that one more moves few others."""

    def __init__(self) -> None:
        self._shards: defaultdict[int, tuple[array[int], array[int]]] = defaultdict(_empty)

    def of(self, number: int) -> "array[int]":
        """Return what was added under a hash."""
        hashes, offsets = self._shards.get(number % SHARDS) or _empty()
        return offsets[bisect_left(hashes, number) : bisect_right(hashes, number)]

    def add(self, number: int, offset: int) -> None:
        hashes, offsets = self._shards[number % SHARDS]
        index = bisect_right(hashes, number)
        hashes.insert(index, number)
        offsets.insert(index, offset)


class ReturnLog:
    """The returns of one partition, entered in the order in which they stand there.

    Args:
        under: What is known beneath, as where a batch that is not committed adds to it.
    """

    def __init__(self, under: "ReturnLog | None" = None) -> None:
        self._under = under
        self._inquiries = _Offsets()
        self._events = defaultdict[int, _Offsets](_Offsets)

    def repeats(self, entry: Entry) -> bool:
        """Tell whether the same event stands before it, and was replayed at least as often.

        What an operator replays had been rejected: it is held against other replays alone.
        """
        return self._knows(entry.event, entry.replays, entry.offset - 1)

    def times(self, entry: Entry) -> int:
        """Return how many events of its inquiry were returned, it included."""
        first = not self._knows(entry.event, 0, entry.offset)
        return self._returns(entry.inquiry, entry.offset) + first

    def enter(self, entry: Entry) -> None:
        """Note a return; one that is known already changes nothing."""
        if not self._knows(entry.event, 0, entry.offset):
            self._inquiries.add(entry.inquiry, entry.offset)
        if not self._knows(entry.event, entry.replays, entry.offset):
            self._events[entry.replays].add(entry.event, entry.offset)

    def _knows(self, event: int, replays: int, upto: int) -> bool:
        own = any(
            offset <= upto
            for level, offsets in self._events.items()
            if level >= replays
            for offset in offsets.of(event)
        )
        return own or (self._under is not None and self._under._knows(event, replays, upto))  # noqa: SLF001 - it is one of these, too

    def _returns(self, inquiry: int, upto: int) -> int:
        own = sum(offset <= upto for offset in self._inquiries.of(inquiry))
        return own + (self._under._returns(inquiry, upto) if self._under else 0)  # noqa: SLF001
