"""What lies on a rejected topic: dead letters, and the notes of those that were replayed."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from services.errors import ConfigurationError
from services.messages.dead_letter import DeadLetter, Replayed
from services.messages.record import Header, Record
from services.messages.rejection import Rejection

_LOCATION = re.compile(r"(?:([a-zA-Z0-9._-]+)/)?([0-9]+)/([0-9]+)")
OWN = frozenset(name.replace("_", "-") for name in DeadLetter.__struct_fields__)


class Location(NamedTuple):
    """Where a dead letter lies; without a topic, on whichever is the rejected topic."""

    topic: str | None
    partition: int
    offset: int

    def __str__(self) -> str:
        place = f"{self.partition}/{self.offset}"
        return f"{self.topic}/{place}" if self.topic else place

    def means(self, other: "Location") -> bool:
        """Tell whether it is the location of a letter that lies on `other`."""
        return self[1:] == other[1:] and self.topic in {None, other.topic}


class WaitingLetter(NamedTuple):
    """A dead letter that was not replayed yet: why it was rejected, and the record as it came."""

    location: Location
    why: DeadLetter
    key: bytes | None
    value: bytes | None
    headers: list[Header]

    def __repr__(self) -> str:
        """Show where it lies and why, never what a citizen wrote."""
        return f"WaitingLetter({self.location}, {self.why.rejected_reason})"


class Filter(Struct, frozen=True, kw_only=True):
    """Which letters are meant; what is None does not matter."""

    reason: Rejection | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    location: Location | None = None

    def takes(self, letter: WaitingLetter) -> bool:
        """Tell whether a letter is meant."""
        why = letter.why
        return (
            self.reason in {None, why.rejected_reason}
            and self.source in {None, why.rejected_topic, why.rejected_by}
            and (self.since is None or why.rejected_at >= self.since)
            and (self.until is None or why.rejected_at < self.until)
            and (self.location is None or self.location.means(letter.location))
        )


def wanted(
    reason: Rejection | None,
    source: str | None,
    since: datetime | None,
    until: datetime | None,
    letter: str | None = None,
) -> Filter:
    """Make a filter of what was asked for; times without an offset are UTC.

    Raises:
        ConfigurationError: The letter is not named by its location.
    """
    return Filter(
        reason=reason,
        source=source,
        since=since and since.replace(tzinfo=since.tzinfo or UTC),
        until=until and until.replace(tzinfo=until.tzinfo or UTC),
        location=parse_location(letter) if letter else None,
    )


def parse_location(text: str) -> Location:
    """Read a location: TOPIC/PARTITION/OFFSET as it is printed, or PARTITION/OFFSET.

    Raises:
        ConfigurationError: It is none.
    """
    found = _LOCATION.fullmatch(text)
    if found is None:
        raise ConfigurationError(
            f"{text} is no letter: name it as `triage rejected list` does, such as "
            "inquiries.rejected/3/4711."
        )
    topic, partition, offset = found.groups()
    return Location(topic, int(partition), int(offset))


def waiting(records: Iterable[Record]) -> list[WaitingLetter]:
    """Return the letters among the records of the rejected topics that were not replayed yet."""
    letters: dict[Location, WaitingLetter] = {}
    replayed: set[Location] = set()
    for record in records:
        if note := _note_of(record):
            # A note lies on the topic of the letter that it is about.
            replayed.add(Location(record.topic, note.replayed_partition, note.replayed_offset))
        elif letter := letter_of(record):
            letters[letter.location] = letter
    return [letter for location, letter in letters.items() if location not in replayed]


def letter_of(record: Record) -> WaitingLetter | None:
    """Read a dead letter; None for a record that is none."""
    headers, own = _split(record.headers)
    try:
        why = msgspec.convert(own, DeadLetter, strict=False)
    except msgspec.ValidationError:
        return None
    location = Location(record.topic, record.partition, record.offset)
    return WaitingLetter(location, why, record.key, record.value, headers)


def _split(headers: Iterable[Header]) -> tuple[list[Header], dict[str, str]]:
    """Part the headers of the record from ours, which stand after them, each once."""
    rest, own = list(headers), dict[str, str]()
    while rest and rest[-1][0] in OWN - own.keys():
        name, value = rest.pop()
        own[name] = (value or b"").decode(errors="replace")
    return rest, own


def _note_of(record: Record) -> Replayed | None:
    if record.value is not None or record.key is not None:
        return None
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    try:
        return msgspec.convert(headers, Replayed, strict=False)
    except msgspec.ValidationError:
        return None
