"""The lines of a file of lessons: on disk as they are found, and then in the order of time."""

from array import array
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, get_args

import msgspec

from services.messages.lesson import Kind
from services.operate.lessons.join import Learnt

KINDS: tuple[Kind, ...] = get_args(Kind)

_encode = msgspec.json.Encoder().encode


class Lines:
    """Lessons in any order, on disk: of each is kept where it stands, when it was decided and such.

    What a department returned was decided again, and the last word is what was right: what was
    decided of it before is left out. A judged audit copy stays: without those that come back, what
    goes by itself would seem more often right than it is.

    Args:
        draft: An empty file that nobody else has.
    """

    def __init__(self, draft: BinaryIO) -> None:
        self.audits_stand_for = 0.0
        self._draft = draft
        # A column each.
        self._places, self._times, self._inquiries = array("q"), array("q"), array("q")
        self._kinds = array("B")
        # When an inquiry that was returned was decided for the last time.
        self._returned: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, learnt: Learnt) -> None:
        """Add a lesson.

        Raises:
            OSError: There is no room for it.
        """
        lesson, time, inquiry = learnt
        self._places.append(self._draft.tell())
        self._times.append(time)
        self._inquiries.append(inquiry)
        self._kinds.append(KINDS.index(lesson.kind))
        self._draft.write(_encode(lesson) + b"\n")
        if lesson.kind == "audit":
            self.audits_stand_for += lesson.weight
        if lesson.kind == "returned":
            self._returned[inquiry] = max(time, self._returned.get(inquiry, time))

    @property
    def kinds(self) -> Counter[Kind]:
        """How many lessons of each kind stay."""
        return Counter(KINDS[self._kinds[row]] for row in range(len(self)) if self._stays(row))

    def in_order(self) -> Iterator[bytes]:
        """Yield each line that stays, in the order of time.

        Raises:
            OSError: The draft cannot be read.
        """
        for row in sorted(range(len(self)), key=self._times.__getitem__):
            if self._stays(row):
                self._draft.seek(self._places[row])
                yield self._draft.readline()

    def _stays(self, row: int) -> bool:
        again = self._returned.get(self._inquiries[row])
        return again is None or self._times[row] >= again or KINDS[self._kinds[row]] == "audit"
