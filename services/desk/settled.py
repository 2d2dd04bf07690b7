"""What the notes of judgements tell in figures: agreement, second opinions, a person's own day."""

from array import array
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from heapq import heappush, heappushpop
from statistics import median
from typing import Generic, TypeVar, get_args

from services.desk.agreement import agreement_on, agreements
from services.desk.interface import Agreement, Item, Own
from services.messages.judgement import Mode, Settled

KEPT = 100

T = TypeVar("T")


class Latest(Generic[T]):
    """The last hundred of some, by a time of theirs, whatever the order in which they come."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, str, T]] = []

    def add(self, at: datetime, key: str, value: T) -> None:
        """Take one, and let the oldest go where there are too many."""
        entry = (at, key, value)
        if len(self._heap) < KEPT:
            heappush(self._heap, entry)
        else:
            heappushpop(self._heap, entry)

    def newest_first(self) -> list[T]:
        """Return them."""
        ordered = sorted(self._heap, key=lambda entry: entry[:2], reverse=True)
        return [value for _, _, value in ordered]


class SettledNotes:
    """Figures of what was settled, as far as its notes were read."""

    def __init__(self) -> None:
        self.pairs = Counter[tuple[str, str]]()
        self._judged = Counter[tuple[Mode, str]]()
        self._agreed = Counter[tuple[Mode, str]]()
        self._days: dict[str, tuple[date, array[float]]] = {}
        self._notes = Latest[Settled]()
        self._differ = Latest[tuple[Item, str, str]]()

    def take(self, note: Settled) -> None:
        """Take a note into the figures."""
        self._notes.add(note.settled_at, note.key, note)
        if note.verdict == "repeated":
            return
        self._note_day(note)
        suggested = note.suggested
        if note.verdict == "counted" and suggested and note.outcome != "escalate":
            labels = (note.mode, suggested.department)
            self._judged[labels] += 1
            self._agreed[labels] += note.department == suggested.department

    def pair(self, item: Item, first: str, second: str, note: Settled) -> None:
        """Take two people's answers on one inquiry; the note is the second one's."""
        self.pairs[first, second] += 1
        if first != second:
            self._differ.add(note.settled_at, note.key, (item, first, second))

    def with_model(self) -> dict[Mode, list[Agreement]]:
        """Return how often people agreed with the model's first choice, by mode and department."""
        return {
            mode: [
                Agreement(department, judged, self._agreed[mode, department], None)
                for (of, department), judged in sorted(self._judged.items())
                if of == mode
            ]
            for mode in get_args(Mode)
        }

    def second_opinions(self) -> list[Agreement]:
        """Return how often two people agreed, by answer."""
        return agreements(self.pairs)

    def second_opinion(self, answer: str) -> Agreement:
        """Return how often two people agreed on one answer."""
        return agreement_on(answer, self.pairs)

    def differ(self) -> list[tuple[Item, str, str]]:
        """Return the last second opinions that differ, newest first."""
        return self._differ.newest_first()

    def latest(self) -> list[Settled]:
        """Return the last notes, newest first."""
        return self._notes.newest_first()

    def own(self, person: str, day: date) -> Own:
        """Return how many a person decided on a day (UTC), and the median of how long it took."""
        last, seconds = self._days.get(person, (day, None))
        if last != day or not seconds:
            return Own(0, None)
        return Own(len(seconds), timedelta(seconds=median(seconds)))

    def _note_day(self, note: Settled) -> None:
        day = note.at.astimezone(UTC).date()
        last, seconds = self._days.get(note.by, (day, array("d")))
        if day > last:
            seconds = array("d")
        if day >= last:
            seconds.append(note.seconds)
            self._days[note.by] = (day, seconds)
