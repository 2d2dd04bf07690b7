import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

import msgspec
import pytest

from services.messages.codec import Judged, routed
from services.messages.decision import Classification, Model
from services.messages.events import SampledInquiry
from services.messages.examples import example_of
from services.messages.judgement import Place, Settled
from services.messages.record import Record
from services.messages.rejection import RejectedError
from services.model.kept_promise import JudgedCopy, Precision, Tally, tally_of
from services.model.manifest import Limits
from services.router.sampling import Sampler
from services.settler.judged_copies import CopiesAtWork, JudgedCopies, NotedCopy
from services.settler.settle import Addresses, settle_records
from services.settler.state import Draft, Settlements
from tests.records import ARecord

NOW = datetime(2026, 11, 28, 0, 30, tzinfo=UTC)
TODAY = NOW.date()
PARTITION, BATCH = 3, 200
# Of all that goes by itself in a department: its share, its threshold, and how right it is from
# there to certainty.
DEPARTMENTS = {"tax": (0.7, 0.6, 0.9), "roads": (0.25, 0.8, 0.97), "parks": (0.05, 0.7, 0.8)}
MODEL = Model("ours", "1")
ADDRESSES = Addresses(
    {label: f"d.{label}" for label in DEPARTMENTS}, "not-ours", "review", "settled"
)


def a_note(**fields: Any) -> Settled:
    """Return the note of an audit copy that was judged right, with some fields set otherwise."""
    sampled = example_of(SampledInquiry)
    department = sampled["classification"]["department"]
    note = {
        "record": {"topic": "audit", "partition": PARTITION, "offset": 1, "event_id": "e"},
        "judgement": "j-1",
        "verdict": "counted",
        "outcome": "department",
        "department": department,
        "mode": "blind",
        "seconds": 3,
        "by": "p-1",
        "at": NOW,
        "settled_at": NOW,
        "suggested": {"department": department, "probability": 0.9},
        "sample": {"chance": 0.02, "band": "sure"},
        **fields,
    }
    return msgspec.convert(note, Settled)


def tally_after(*notes: Settled | NotedCopy, first: date = date.min) -> Tally:
    """Return the tally of all departments together."""
    copies, tally = JudgedCopies(), Tally()
    copies.note(notes)
    for _, each in copies.since(first):
        tally = tally.plus(each)
    return tally


@pytest.mark.parametrize(
    ("fields", "judged", "right"),
    [
        ({}, 1, 50),
        ({"department": "roads"}, 1, 0),
        ({"outcome": "not-ours", "department": None}, 1, 0),
        ({"outcome": "escalate", "department": None}, 0, 0),
        ({"verdict": "late"}, 0, 0),
        ({"verdict": "repeated"}, 0, 0),
        ({"sample": None}, 0, 0),
    ],
)
def test_what_counts_is_what_says_whether_the_department_was_right(
    fields: dict[str, Any], judged: int, right: float
) -> None:
    """Another department and not-ours are wrong; who escalates says neither, nor do old notes."""
    for note in (
        a_note(**fields),
        msgspec.convert(a_note(**fields), NotedCopy, from_attributes=True),
    ):
        tally = tally_after(note)
        assert (tally.judged, tally.right) == (judged, right)


def test_what_is_rebuilt_is_what_was_counted() -> None:
    """A note says the same to who reads it later, field by field, as to who wrote it."""
    notes = [a_note(), a_note(department="roads"), a_note(outcome="escalate", department=None)]
    read = msgspec.json.decode(msgspec.json.encode(notes), type=list[NotedCopy])
    assert tally_after(*read) == tally_after(*notes)


def test_a_copy_counts_by_the_department_that_had_it() -> None:
    """Whoever should have got it, the department that it went to was right or wrong."""
    copies = JudgedCopies()
    copies.note([a_note(department="roads")])
    assert [name for name, _ in copies.since(TODAY)] == [a_note().suggested.department]  # type: ignore[union-attr]


def test_only_the_last_days_count() -> None:
    """A day is that of UTC, and what was judged before the first of them is forgotten."""
    west = datetime.fromisoformat("2026-11-26T20:00:00-05:00")  # of the 27th, in UTC
    copies = JudgedCopies()
    copies.note(a_note(settled_at=at) for at in (NOW, west, NOW - timedelta(days=2)))
    for first, judged in ((TODAY - timedelta(days=2), 3), (TODAY - timedelta(days=1), 2)):
        assert sum(tally.judged for _, tally in copies.since(first)) == judged
    assert sum(tally.judged for _, tally in copies.since(date.min)) == 2


def test_copies_count_where_their_partition_is_worked() -> None:
    """Partitions add up, and one that goes takes its copies with it."""
    work = CopiesAtWork()
    mine, other = JudgedCopies(), JudgedCopies()
    mine.note([a_note(), a_note()])
    other.note([a_note()])

    def judged() -> int:
        return sum(tally.judged for tally in work.since(TODAY).values())

    with work.counting(other):
        with work.counting(mine):
            assert judged() == 3
        assert judged() == 1
    assert judged() == 0


class Traffic:
    """What goes to departments by itself, whose truth is known, and the copies drawn of it."""

    def __init__(self, seed: int, inquiries: int) -> None:
        self._random = Random(seed)
        self._sampler = Sampler.of(
            share=0.02,
            topic="audit",
            max_bytes=1_000_000,
            installation=f"installation-{seed}",
            limits={MODEL: Limits({name: at for name, (_, at, _) in DEPARTMENTS.items()}, 0.5)},
            expected={MODEL: {name: share for name, (share, _, _) in DEPARTMENTS.items()}},
        )
        self.right: dict[str, list[bool]] = {name: [] for name in DEPARTMENTS}
        self.drawn: list[JudgedCopy] = []
        self.copies = [copy for offset in range(inquiries) if (copy := self._copy(offset))]

    def _copy(self, offset: int) -> ARecord | None:
        names, shares = [*DEPARTMENTS], [share for share, _, _ in DEPARTMENTS.values()]
        [name] = self._random.choices(names, shares)
        _, threshold, precision = DEPARTMENTS[name]
        above = self._random.random() * (1 - threshold)
        # Surer ones are more often right, and those next to the threshold less.
        right = self._random.random() < precision + (1 - precision) * above / (1 - threshold)
        self.right[name].append(right)
        event = example_of(SampledInquiry)
        event["classification"] |= {
            "model": msgspec.to_builtins(MODEL),
            "department": name,
            "probability": threshold + above,
        }
        classification = msgspec.convert(event["classification"], Classification)
        sample = self._sampler.draw(ARecord(None, topic="c", offset=offset), classification)
        if sample is None:
            return None
        place = len(self.drawn)
        self.drawn.append(JudgedCopy(name, sample.band, sample.chance, right))
        value = json.dumps({**event, "sample": msgspec.to_builtins(sample)}).encode()
        headers = (("ce_id", b"e-%d" % place),)
        return ARecord(value, headers, topic="audit", partition=PARTITION, offset=place)

    def judgements(self) -> Iterator[ARecord]:
        """Yield what people say of the copies, who are never wrong; every tenth clicks twice."""
        for copy, known in zip(self.copies, self.drawn, strict=True):
            other = next(name for name in DEPARTMENTS if name != known.department)
            judgement = {
                "id": f"j-{copy.offset}",
                "record": msgspec.to_builtins(place_of(copy)),
                "outcome": "department",
                "department": known.department if known.right else other,
                "mode": "blind",
                "seconds": 3,
                "by": "p-1",
                "at": NOW.isoformat(),
            }
            record = ARecord(json.dumps(judgement).encode(), partition=PARTITION)
            yield from [record] * (1 + (copy.offset % 10 == 0))


def place_of(copy: Record) -> Place:
    event_id = f"e-{copy.offset}"
    return Place(topic="audit", partition=PARTITION, offset=copy.offset, event_id=event_id)


def tallies_of(traffic: Traffic) -> dict[str, Tally]:
    """Let the settler settle what people say of the copies, and return what it then shows."""
    state, copies, work = Settlements({"review": 0, "audit": 0}), JudgedCopies(), CopiesAtWork()
    originals = {
        place_of(copy): Judged(copy, routed["audit"].read(copy)) for copy in traffic.copies
    }
    judgements = traffic.judgements()
    while batch := [*islice(judgements, BATCH)]:
        results = settle_records(batch, Draft(state), originals, ADDRESSES, NOW)
        notes = [*noted(results)]
        state.note(notes)
        copies.note(notes)
    with work.counting(copies):
        return {**work.since(TODAY)}


def noted(results: Sequence[Any]) -> Iterator[Settled]:
    for result in results:
        assert not isinstance(result, RejectedError)
        yield result[-1].decided


def known(tally: Tally) -> Precision:
    found = tally.precision
    assert found is not None
    return found


def test_the_settler_finds_how_right_what_went_by_itself_was() -> None:
    """From what people say of copies, drawn by the router's rules, the truth is in the interval.

    So it is of all together and of each department, of which the smallest is drawn more often; a
    second click changes nothing.
    """
    traffic = Traffic(seed=1, inquiries=20_000)
    tallies, everything = tallies_of(traffic), Tally()
    for name, tally in tallies.items():
        everything = everything.plus(tally)
        found, right = known(tally), traffic.right[name]
        assert found.low <= sum(right) / len(right) <= found.high
    assert [*everything] == pytest.approx([*tally_of(traffic.drawn)])
    rights = [each for right in traffic.right.values() for each in right]
    assert known(everything).low <= sum(rights) / len(rights) <= known(everything).high
