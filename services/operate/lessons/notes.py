"""What people decided, by the place of each inquiry: a million in some 150 MB, and no text."""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple, cast, get_args

from msgspec import Meta, Struct

from services.messages.codec import Reader
from services.messages.events import SETTLED
from services.messages.judgement import Mode, Outcome, Source, Verdict
from services.messages.record import Record
from services.messages.rejection import RejectedError
from services.settler.state import NotedPlace

Time = Annotated[datetime, Meta(tz=True)]
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
# What a note that counted is kept by: see `Place.key`.
_key = re.compile(b"(%b)/([0-9]+)/([0-9]+)" % "|".join(get_args(Source)).encode()).fullmatch


class Note(Struct, gc=False):
    """Of a note what makes a lesson: what else it says may be of a later version."""

    record: NotedPlace
    verdict: Verdict
    outcome: Outcome
    mode: Mode
    at: Time
    settled_at: Time
    department: str | None = None

    def __post_init__(self) -> None:
        """See that it names a department where it was given one.

        Raises:
            ValueError: It does not, or names one where none was given.
        """
        if (self.outcome == "department") != bool(self.department):
            raise ValueError("`department` belongs to the outcome department, and to no other")

    @property
    def decided_at(self) -> datetime:
        """When it was decided; a clock that is fast has no say, for no note is of the future."""
        return min(self.at, self.settled_at)


notes: Reader[Note] = Reader(SETTLED, Note)


class Decision(NamedTuple):
    """What a person decided: the department, empty for none of ours, how, and when.

    The time is in milliseconds since 1970.
    """

    department: str
    mode: Mode
    time: int

    @property
    def at(self) -> datetime:
        """The time as a date and a time of day, in UTC."""
        return BEGINNING + self.time * MILLISECOND


class Window(NamedTuple):
    """From when on a judgement was made, and before when, where that matters."""

    since: datetime
    until: datetime | None = None

    def has(self, time: datetime) -> bool:
        """Tell whether a time is within."""
        return self.since <= time and (self.until is None or time < self.until)


class Decisions:
    """The judgements that counted, by the places that they are of; of one place the last.

    Those of before or after the window, and those that only hand an inquiry on, are no lesson.
    """

    def __init__(self, window: Window) -> None:
        self.escalated = 0
        self._window = window
        self._rows: dict[tuple[Source, int], dict[int, int]] = defaultdict(dict)
        self._numbers: dict[tuple[str, Mode], int] = {}
        self._what: list[tuple[str, Mode]] = []
        # A column each: an event's id as a hash, what was decided as a number, and when.
        self._events, self._decided, self._times = array("q"), array("I"), array("q")

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))

    @property
    def sources(self) -> Iterator[Source]:
        """Yield where the inquiries lie."""
        found = {source for (source, _), rows in self._rows.items() if rows}
        yield from (each for each in get_args(Source) if each in found)

    def read(self, record: Record) -> RejectedError | None:
        """Take a record of the topic of notes; return why it cannot be read, if so."""
        if record.value is None:
            self._forget(record.key or b"")  # as Kafka will forget the note itself
            return None
        received = notes.read_or_reject(record)
        if isinstance(received, RejectedError):
            return received
        if received.body.verdict == "counted":
            self._take(received.body)
        return None

    def at(self, record: Record, source: Source) -> tuple[int, Decision] | None:
        """Return what was decided of the inquiry at a record's place, and a hash of its event id.

        The topic may be made anew since, and another event lie there now.
        """
        row = self._rows.get((source, record.partition), {}).get(record.offset)
        if row is None:
            return None
        decision = Decision(*self._what[self._decided[row]], self._times[row])
        return self._events[row], decision

    def _take(self, note: Note) -> None:
        place = note.record
        rows = self._rows[place.topic, place.partition]
        rows.pop(place.offset, None)
        if not self._window.has(note.decided_at):
            return
        if note.outcome == "escalate":
            self.escalated += 1
            return
        rows[place.offset] = len(self._events)
        self._events.append(hash(place.event_id))
        self._decided.append(self._number_of((note.department or "", note.mode)))
        self._times.append((note.decided_at - BEGINNING) // MILLISECOND)

    def _forget(self, key: bytes) -> None:
        if found := _key(key):
            source, partition, offset = found.groups()
            place = cast("Source", source.decode()), int(partition)
            self._rows[place].pop(int(offset), None)

    def _number_of(self, what: tuple[str, Mode]) -> int:
        number = self._numbers.setdefault(what, len(self._what))
        if number == len(self._what):
            self._what.append(what)
        return number
