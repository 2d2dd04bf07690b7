"""What waits: of each inquiry where it lies and in which line it stands, and no word of it."""

from array import array
from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec
from msgspec import Struct

from services.desk.interface import Item
from services.desk.modes import has_second, mode_of
from services.messages.codec import ESCALATED_HEADER, routed
from services.messages.decision import Priority, Reason
from services.messages.judgement import Mode, Source
from services.messages.language_tag import languages_of
from services.messages.record import Record
from services.messages.rejection import RejectedError, Rejection
from services.messages.returned import TIMES_HEADER

RETURNED_OFTEN = 2
# A note so far ahead of what was read is of a topic that was made anew since.
MOST_AHEAD = 10_000_000


class _Inquiry(Struct, gc=False):
    language: str | None = None
    reference: str | None = None

    def __repr__(self) -> str:
        """Show the language alone: a reference may name a person."""
        return f"_Inquiry(language={self.language!r})"


class _Classification(Struct, gc=False):
    department: str


class _Route(Struct, gc=False):
    reason: Reason
    priority: Priority
    rule: str | None = None


class _Seen(Struct, gc=False):
    """Of a routed event what the index needs: all else would only take time to read."""

    inquiry: _Inquiry
    classification: _Classification
    route: _Route


_read_seen = msgspec.json.Decoder(_Seen).decode


class Waiting(Struct, gc=False, eq=False):
    """One inquiry that waits, in some 400 bytes with all that leads to it.

    Args:
        source: The topic on which it lies.
        partition: Of that.
        offset: In that.
        at: When it came to review, in milliseconds since 1970.
        event: Hash of its event's id, another in each process.
        case: Hash of its case's reference; 0 where it has none.
        reason: Of its route.
        department: The model's first choice.
        high: Whether it goes before all others.
        language: Which it waits for a reader of; empty for the desk's own.
        mode: How it is judged.
        second: Whether somebody else is asked, too.
        first_by: Who judged it, of one that waits for a second opinion.
        line: Where it stands; None once it has gone.
    """

    source: Source
    partition: int
    offset: int
    at: int
    event: int
    case: int
    reason: Reason
    department: str
    high: bool
    language: str
    mode: Mode
    second: bool
    first_by: str = ""
    line: object = None

    @property
    def item(self) -> Item:
        """Where it lies, as the pages have it."""
        return Item(self.source, self.partition, self.offset)


class Languages(NamedTuple):
    """The languages for which an inquiry waits for a reader: those that rules send to a person."""

    own: str
    by_rule: Mapping[str, str]
    named: Collection[str]

    def of(self, tag: str | None, rule: str | None) -> str:
        """Return the language that an inquiry waits for a reader of; empty for the desk's own."""
        for named in languages_of(tag):
            if named in self.named and named != self.own:
                return named
        return self.by_rule.get(rule or "", "")


def read_waiting(record: Record, source: Source, languages: Languages) -> Waiting:
    """Read of a record on review or audit what the index needs.

    Raises:
        RejectedError: It is no inquiry that anybody could judge.
    """
    headers = dict(record.headers)
    event_id = (headers.get("ce_id") or b"").decode(errors="replace")
    if not event_id:
        raise RejectedError(Rejection.WRONG_EVENT, "it has no ce_id for a judgement to name")
    seen = _seen(record, source)
    route, reference = seen.route, seen.inquiry.reference
    returned = headers.get(TIMES_HEADER) or b""
    often = returned.isdigit() and int(returned) >= RETURNED_OFTEN
    return Waiting(
        source=source,
        partition=record.partition,
        offset=record.offset,
        at=record.timestamp,
        event=hash(event_id),
        case=hash(reference) if reference else 0,
        reason=route.reason,
        department=_shared(seen.classification.department),
        high=route.priority == "high" or often or ESCALATED_HEADER in headers,
        language=languages.of(seen.inquiry.language, route.rule),
        mode=mode_of(event_id),
        second=source == "review" and has_second(event_id),
    )


def _seen(record: Record, source: Source) -> _Seen:
    """Read an event, by the codec where a short look does not do, as of one with wrong fields."""
    try:
        return _read_seen(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        whole = routed[source].read(record).body
        inquiry, route = whole.inquiry, whole.route
        return _Seen(
            _Inquiry(inquiry.language, inquiry.reference),
            _Classification(whole.classification.department),
            _Route(route.reason, route.priority, route.rule),
        )


_names: dict[str, str] = {}


def _shared(name: str) -> str:
    """Return the one copy of a department's label; there are as many as departments."""
    return _names.setdefault(name, name)


class Early:
    """Who has judged what, of one partition, where the note was read before the inquiry.

    As arrays, since at the start that is all that was ever settled and is still kept.

    Args:
        begins: The first offset that may be asked for.
    """

    def __init__(self, begins: int) -> None:
        self._begins = begins
        self._events = array("q")
        self._people = array("I")
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []

    def put(self, offset: int, event: int, by: str) -> None:
        """Note that an inquiry was judged."""
        index = offset - self._begins
        if not 0 <= index < len(self._events) + MOST_AHEAD:
            return
        missing = index + 1 - len(self._events)
        if missing > 0:
            self._events.extend([0] * missing)
            self._people.extend([0] * missing)
        number = self._numbers.setdefault(by, len(self._names) + 1)
        if number > len(self._names):
            self._names.append(by)
        self._events[index], self._people[index] = event, number

    def by(self, offset: int, event: int) -> str | None:
        """Return who judged an inquiry, if anybody did."""
        index = offset - self._begins
        if not 0 <= index < len(self._events) or self._events[index] != event:
            return None
        number = self._people[index]
        return self._names[number - 1] if number else None

    def forget_before(self, offset: int) -> None:
        """Make room: inquiries up to an offset have been read, if all noted ones have."""
        if offset >= self._begins + len(self._events):
            self._begins = offset
            self._events, self._people = array("q"), array("I")
