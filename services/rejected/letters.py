"""What lies on the rejected topic: dead letters, and the notes of those that were replayed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from services.errors import ConfigurationError
from services.messages.dead_letter import DeadLetter, Replayed
from services.messages.record import Header, Record
from services.messages.rejection import Rejection

OWN = frozenset(name.replace("_", "-") for name in DeadLetter.__struct_fields__)


class Place(NamedTuple):
    """Where a dead letter lies on the rejected topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}/{self.offset}"


class Letter(NamedTuple):
    """A dead letter: what is said of it, and the record as it came."""

    place: Place
    said: DeadLetter
    key: bytes | None
    value: bytes | None
    headers: list[Header]

    def __repr__(self) -> str:
        """Show where it lies and why, never what a citizen wrote."""
        return f"Letter({self.place}, {self.said.rejected_reason})"


class Filter(Struct, frozen=True, kw_only=True):
    """Which letters are meant; what is None does not matter."""

    reason: Rejection | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    place: Place | None = None

    def takes(self, letter: Letter) -> bool:
        """Tell whether a letter is meant."""
        said = letter.said
        return (
            self.reason in {None, said.rejected_reason}
            and self.source in {None, said.rejected_topic, said.rejected_by}
            and (self.since is None or said.rejected_at >= self.since)
            and (self.until is None or said.rejected_at < self.until)
            and self.place in {None, letter.place}
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
        ConfigurationError: The letter is not named by its place.
    """
    return Filter(
        reason=reason,
        source=source,
        since=since and since.replace(tzinfo=since.tzinfo or UTC),
        until=until and until.replace(tzinfo=until.tzinfo or UTC),
        place=place_of(letter) if letter else None,
    )


def place_of(text: str) -> Place:
    """Read a place as it is printed.

    Raises:
        ConfigurationError: It is none.
    """
    partition, _, offset = text.partition("/")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise ConfigurationError(
            f"{text} is no letter: name it as `triage rejected list` does, such as 3/4711."
        )
    return Place(int(partition), int(offset))


def waiting(records: Iterable[Record]) -> list[Letter]:
    """Give the letters among the records of the rejected topic that were not replayed yet."""
    letters: dict[Place, Letter] = {}
    replayed: set[Place] = set()
    for record in records:
        if note := _note_of(record):
            replayed.add(Place(note.replayed_partition, note.replayed_offset))
        elif letter := letter_of(record):
            letters[letter.place] = letter
    return [letter for place, letter in letters.items() if place not in replayed]


def letter_of(record: Record) -> Letter | None:
    """Read a dead letter; None for a record that is none."""
    headers, own = _split(record.headers)
    try:
        said = msgspec.convert(own, DeadLetter, strict=False)
    except msgspec.ValidationError:
        return None
    place = Place(record.partition, record.offset)
    return Letter(place, said, record.key, record.value, headers)


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
    said = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    try:
        return msgspec.convert(said, Replayed, strict=False)
    except msgspec.ValidationError:
        return None
