"""Says what became of each judgement, beside what had to: the settler's rules told once more.

Inquiries and judgements are named by their places, so that a failing test shows nobody's words.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord

from services.messages.cloudevents import CONTEXT_HEADERS
from services.messages.codec import ESCALATED_HEADER
from services.messages.events import DECIDED
from services.messages.rejection import Rejection
from tests.broker.faults.people import UNKNOWN, number_of
from tests.broker.faults.traffic import is_too_large_to_judge

Place = tuple[int, int]
# A judgement, as people wrote it.
Said = Mapping[str, Any]


class Note(NamedTuple):
    """What a note says of a judgement."""

    place: Place
    judgement: str
    verdict: str
    first_by: str | None = None


class Letter(NamedTuple):
    """A judgement among the dead letters: where it stood, why it is there, and what it says."""

    place: Place
    reason: str
    value: bytes


@dataclass(frozen=True)
class Log:
    """All that a round has left of what people judged, as it is read at the end."""

    review: Sequence[ConsumerRecord]
    judged: Sequence[ConsumerRecord]
    delivered: Sequence[ConsumerRecord]
    letters: Sequence[ConsumerRecord]
    settled: Sequence[ConsumerRecord]


@dataclass(frozen=True)
class Misjudged:
    """The places of the inquiries with which something went wrong: none, where all is well."""

    lost: list[Place] = field(default_factory=list)
    doubled: list[Place] = field(default_factory=list)
    altered: list[Place] = field(default_factory=list)
    out_of_order: list[Place] = field(default_factory=list)
    misnoted: list[Place] = field(default_factory=list)


@dataclass(frozen=True)
class Fate:
    """What has to become of all that people judged."""

    counted: dict[Place, Said] = field(default_factory=dict)
    notes: Counter[Note] = field(default_factory=Counter)
    letters: Counter[Letter] = field(default_factory=Counter)


def is_letter(record: ConsumerRecord) -> bool:
    """Tell whether a record is a dead letter."""
    return "rejected-by" in dict(record.headers)


def is_settlers(record: ConsumerRecord) -> bool:
    """Tell whether a record of a topic on which inquiries end was written by the settler."""
    headers = dict(record.headers)
    if is_letter(record):
        return bool(headers["rejected-by"].endswith(b"/settler"))
    return headers["ce_type"] == DECIDED.encode() or ESCALATED_HEADER in headers


def fate_of(log: Log) -> Fate:
    """Say what has to become of judgements, in the order of their log."""
    review = {_place(each): each for each in log.review}
    fate = Fate()
    for record in sorted(log.judged, key=_place):
        said = json.loads(record.value)
        place = _judged_place(said)
        first = fate.counted.get(place)
        if first is not None:
            fate.notes[_uncounted(place, said, first)] += 1
        elif reason := _why_not(said, review[place]):
            fate.letters[Letter(_place(record), reason, record.value)] += 1
        else:
            fate.counted[place] = said
            fate.notes[Note(place, said["id"], "counted")] += 1
    return fate


def account(log: Log, topics: Mapping[str, str]) -> Misjudged:
    """Compare what became of judgements with what had to.

    Args:
        log: What there is.
        topics: Where inquiries go, by department, and by outcome where there is none.
    """
    review = {_place(each): each for each in log.review}
    fate = fate_of(log)
    delivered: dict[Place, list[ConsumerRecord]] = defaultdict(list)
    for each in log.delivered:
        delivered[_original_place(each)].append(each)
    waits = [place for place in review if not is_too_large_to_judge(review[place])]
    return Misjudged(
        lost=sorted(place for place in {*waits, *fate.counted} if not delivered[place]),
        doubled=sorted(p for p, found in delivered.items() if len(found) > (p in fate.counted)),
        altered=sorted(
            place
            for place, said in fate.counted.items()
            for each in delivered[place]
            if not _is_as_decided(review[place], said, each, topics)
        ),
        out_of_order=sorted(_out_of_order(log.delivered, fate)),
        misnoted=sorted(
            each.place
            for each in (
                *_difference(fate.notes, Counter(map(_note, log.settled))),
                *_difference(fate.letters, Counter(map(_letter, log.letters))),
            )
        ),
    )


def _uncounted(place: Place, said: Said, first: Said) -> Note:
    if said["id"] == first["id"]:
        return Note(place, said["id"], "repeated")
    return Note(place, said["id"], "late", first["by"])


def _why_not(said: Said, original: ConsumerRecord) -> Rejection | None:
    """Return why nothing can come of a judgement, of all that people do wrong here."""
    if said["department"] == UNKNOWN:
        return Rejection.UNKNOWN_DEPARTMENT
    return Rejection.TOO_LARGE if is_too_large_to_judge(original) else None


def _is_as_decided(
    original: ConsumerRecord, said: Said, arrived: ConsumerRecord, topics: Mapping[str, str]
) -> bool:
    """Tell whether an inquiry went where it had to, with the key, headers and bytes it had."""
    kept = [each for each in original.headers if each[0] not in CONTEXT_HEADERS]
    escalated = said["outcome"] == "escalate"
    begins = original.value if escalated else original.value[:-1] + b',"decision":'
    return (
        arrived.topic.partition(",")[0] == topics[said["department"] or said["outcome"]]
        and arrived.key == original.key
        and arrived.value.startswith(begins)
        and (not escalated or len(arrived.value) == len(original.value))
        and all(header in arrived.headers for header in kept)
    )


def _out_of_order(delivered: Iterable[ConsumerRecord], fate: Fate) -> Iterator[Place]:
    """Yield what stands behind a later decision on an inquiry of the same key."""
    last: dict[tuple[str, bytes], int] = defaultdict(lambda: -1)
    for record in sorted(delivered, key=lambda each: (each.topic, *_place(each))):
        place = _original_place(record)
        number = number_of(fate.counted[place]) if place in fate.counted else -1
        if number < last[record.topic, record.key]:
            yield place
        last[record.topic, record.key] = number


def _difference(one: Counter[Any], other: Counter[Any]) -> Iterator[Any]:
    yield from (one - other) + (other - one)


def _note(record: ConsumerRecord) -> Note:
    note = json.loads(record.value)
    return Note(_judged_place(note), note["judgement"], note["verdict"], note.get("first_by"))


def _letter(record: ConsumerRecord) -> Letter:
    headers = dict(record.headers)
    place = (int(headers["rejected-partition"]), int(headers["rejected-offset"]))
    return Letter(place, headers["rejected-reason"].decode(), record.value)


def _place(record: ConsumerRecord) -> Place:
    return record.partition, record.offset


def _judged_place(said: Said) -> Place:
    return said["record"]["partition"], said["record"]["offset"]


def _original_place(record: ConsumerRecord) -> Place:
    """Return where the inquiry lay that was delivered, as the event's id says."""
    _, partition, offset = dict(record.headers)["ce_id"].decode().rsplit("/", 2)
    return int(partition), int(offset)
