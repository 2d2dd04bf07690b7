"""Whose turn it is: inquiries in lines, oldest first, and the order of a person's lines."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from services.desk.items import Waiting

# What is put in between when more than so many came at once is sorted anew.
MANY = 64

Kind = Literal["review", "audit", "second"]


class LineName(NamedTuple):
    """What the inquiries of a line have in common; no language stands for the desk's own."""

    kind: Kind
    high: bool
    language: str


class Line:
    """Inquiries that wait, oldest first; of those that have gone, gaps are left for a while."""

    def __init__(self) -> None:
        self._sorted: list[Waiting] = []
        self._new: list[Waiting] = []
        self.size = 0

    def add(self, waiting: Waiting) -> None:
        """Let one more wait."""
        self._new.append(waiting)
        self.size += 1

    def remove(self) -> None:
        """Take note that one of those that wait is gone."""
        self.size -= 1

    def __iter__(self) -> Iterator[Waiting]:
        """Go through those that wait, from the oldest; the line may change meanwhile."""
        self._order()
        last: tuple[int, int, int] | None = None
        index = 0
        while True:
            self._order()
            if last is not None:
                index = bisect_right(self._sorted, last, key=_age)
            while index < len(self._sorted) and self._sorted[index].line is not self:
                index += 1
            if index == len(self._sorted):
                return
            last = _age(self._sorted[index])
            yield self._sorted[index]

    def oldest(self) -> Waiting | None:
        """Return the one that waits longest, if any waits."""
        return next(iter(self), None)

    def _order(self) -> None:
        if len(self._new) > MANY:
            self._sorted += self._new
            self._sorted.sort(key=_age)
        else:
            for each in self._new:
                insort(self._sorted, each, key=_age)
        self._new.clear()
        gone = 0
        while gone < len(self._sorted) and self._sorted[gone].line is not self:
            gone += 1
        del self._sorted[:gone]
        if len(self._sorted) > 2 * self.size + MANY:
            self._sorted = [each for each in self._sorted if each.line is self]


def _age(waiting: Waiting) -> tuple[int, int, int]:
    return waiting.at, waiting.partition, waiting.offset


def lines_for(languages: Iterable[str], *, beside: Iterable[Kind]) -> Iterator[LineName]:
    """Yield the lines of a person in the order in which they are served.

    What is high goes before all else, and the languages that few read before the desk's own.

    Args:
        languages: Those that the person reads besides the desk's own.
        beside: What comes before review this time, but not before what is high; the rest is last.
    """
    of_person = [*sorted(languages), ""]
    first = [*beside]
    last = [kind for kind in _BESIDE if kind not in first]
    yield from (LineName("review", True, each) for each in of_person)  # noqa: FBT003
    yield from _beside(first, of_person)
    yield from (LineName("review", False, each) for each in of_person)  # noqa: FBT003
    yield from _beside(last, of_person)


_BESIDE: tuple[Kind, ...] = ("second", "audit")


def _beside(kinds: Iterable[Kind], languages: list[str]) -> Iterator[LineName]:
    for kind in kinds:
        for high in (True, False):
            yield from (LineName(kind, high, each) for each in languages)


def beside_at(turn: int, every: int) -> tuple[Kind, ...]:
    """Return what comes before review on a person's turn: one in so many, in turn of each kind."""
    number, rest = divmod(turn, every)
    if rest != every - 1:
        return ()
    return _BESIDE if number % 2 == 0 else _BESIDE[::-1]
