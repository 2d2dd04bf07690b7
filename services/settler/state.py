"""What is settled: of each place that was judged, the judgement that counted and its author.

Places are kept for as long as Kafka keeps the inquiries there, a million of them in some 30 MB: in
arrays of numbers, parted by offset so that one more moves few others. An event or judgement id
is kept as 64 bits of its hash, which is another in each process: it is only compared here.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from msgspec import Struct

from services.messages.judgement import Place, Settled, Source, Verdict

SHARD_BITS = 12
IN_SHARD = (1 << SHARD_BITS) - 1


class First(NamedTuple):
    """The judgement of a place that counted: a hash of its id, and its author."""

    judgement: int
    by: str


class Firsts(Protocol):
    """What is known of places."""

    def first(self, place: Place) -> First | None:
        """Return the judgement of a place that counted, if there is one."""


class NotedPlace(Struct, gc=False):
    """Of a place what is needed of a note of it."""

    topic: Source
    partition: int
    offset: int
    event_id: str


class Noted(Struct, gc=False):
    """Of a note what the state is rebuilt from; all else would only take time to read."""

    record: NotedPlace
    judgement: str
    verdict: Verdict
    by: str


class _Shard:
    """The places of some thousand offsets next to each other, ascending."""

    __slots__ = ("events", "judgements", "offsets", "people")

    def __init__(self) -> None:
        self.offsets = array("H")
        self.events = array("q")
        self.judgements = array("q")
        self.people = array("I")

    def remove(self, index: int) -> None:
        """Forget a place."""
        for each in (self.offsets, self.events, self.judgements, self.people):
            each.pop(index)


class Settlements:
    """What is settled of one partition's inquiries.

    Args:
        begins: From which offset on inquiries are still kept, by where they lie; what lies before
            cannot be judged any more and is not noted.
    """

    def __init__(self, begins: Mapping[Source, int]) -> None:
        self._begins = begins
        self._shards: dict[tuple[Source, int], _Shard] = {}
        self._people: dict[str, int] = {}
        self._names: list[str] = []

    def first(self, place: Place) -> First | None:
        """Return the judgement of a place that counted, if there is one of the same event."""
        shard = self._shards.get((place.topic, place.offset >> SHARD_BITS))
        if shard is None:
            return None
        index = bisect_left(shard.offsets, place.offset & IN_SHARD)
        if index == len(shard.offsets) or shard.offsets[index] != place.offset & IN_SHARD:
            return None
        if shard.events[index] != hash(place.event_id):
            return None  # the topic was made anew since, and another event lies there now
        return First(shard.judgements[index], self._names[shard.people[index]])

    def note(self, settled: Iterable["Settled | Noted"]) -> None:
        """Take note of judgements, of which those that counted settle their places."""
        for each in settled:
            if each.verdict == "counted" and each.record.offset >= self._begins[each.record.topic]:
                self._enter(each.record, hash(each.judgement), self._number_of(each.by))

    def _enter(self, place: Place | NotedPlace, judgement: int, person: int) -> None:
        number = (place.topic, place.offset >> SHARD_BITS)
        shard = self._shards.get(number)
        if shard is None:
            shard = self._shards[number] = _Shard()
        low = place.offset & IN_SHARD
        index = bisect_left(shard.offsets, low)
        if index < len(shard.offsets) and shard.offsets[index] == low:
            shard.remove(index)
        shard.offsets.insert(index, low)
        shard.events.insert(index, hash(place.event_id))
        shard.judgements.insert(index, judgement)
        shard.people.insert(index, person)

    def _number_of(self, name: str) -> int:
        number = self._people.setdefault(name, len(self._names))
        if number == len(self._names):
            self._names.append(name)
        return number


class Draft:
    """What a batch settles, before it is committed: over what is settled already.

    Args:
        under: What is known beneath.
    """

    def __init__(self, under: Firsts) -> None:
        self._under = under
        self._own: dict[Place, First] = {}

    def first(self, place: Place) -> First | None:
        """Return the judgement of a place that counted, if there is one."""
        return self._own.get(place) or self._under.first(place)

    def enter(self, place: Place, judgement: str, by: str) -> None:
        """Note that a judgement counts."""
        self._own[place] = First(hash(judgement), by)

    def take(self, other: "Draft") -> None:
        """Take over what a part of the batch has settled."""
        self._own |= other._own  # noqa: SLF001 - it is one of these, too
