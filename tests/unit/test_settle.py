import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messages.codec import ESCALATED_HEADER, Judged, routed
from services.messages.events import DecidedInquiry, Routed, SampledInquiry
from services.messages.examples import example_of
from services.messages.judgement import Judgement, Place, Settled, Source
from services.messages.record import Output
from services.messages.rejection import RejectedError, Rejection
from services.settler.settle import Addresses, Originals, places_to_read, settle_records
from services.settler.state import Draft, Settlements
from tests.records import ARecord

NOW = datetime(2026, 11, 2, 10, 4, tzinfo=UTC)
ADDRESSES = Addresses({"tax": "d.tax", "roads": "d.roads"}, "not-ours", "review", "settled")
EVENT = (("ce_id", b"e/3/1"), ("trace", b"t"), ("triage-left-out", b"subject"))
PARTITION = 3


def a_place(offset: int = 1, source: Source = "review") -> Place:
    return Place(topic=source, partition=PARTITION, offset=offset, event_id=f"e/3/{offset}")


def an_original(place: Place, headers: Sequence[tuple[str, bytes]] = EVENT) -> Judged:
    event = example_of(SampledInquiry if place.topic == "audit" else Routed)
    value = json.dumps(event, indent=1).removesuffix("\n}").encode() + b"}"
    record = ARecord(value, tuple(headers), b"case-1", place.topic, PARTITION, place.offset)
    return Judged(record, routed[place.topic].read(record))


def a_judgement(place: Place | None = None, **fields: Any) -> ARecord:
    judgement = {
        "id": "j-1",
        "record": msgspec.to_builtins(place or a_place()),
        "outcome": "department",
        "department": "tax",
        "mode": "blind",
        "seconds": 3,
        "by": "p-1",
        "at": "2026-11-02T10:03:59Z",
        **fields,
    }
    left = {name: value for name, value in judgement.items() if value is not None}
    return ARecord(json.dumps(left).encode(), partition=PARTITION)


def nothing() -> Settlements:
    return Settlements({"review": 0, "audit": 0})


def settle(
    *records: ARecord, under: Settlements | None = None, originals: Originals | None = None
) -> list[list[Output] | RejectedError]:
    """Settle records of which every inquiry is there."""
    draft = Draft(under or nothing())
    places = places_to_read(records, draft)
    found: Originals = originals or {place: an_original(place) for place in places}
    return settle_records(records, draft, found, ADDRESSES, NOW)


def outputs_of(result: list[Output] | RejectedError) -> list[Output]:
    assert not isinstance(result, RejectedError)
    return result


def note_of(output: Output) -> Settled:
    assert isinstance(output.decided, Settled)
    return output.decided


def notes(results: Sequence[list[Output] | RejectedError]) -> Iterator[Settled]:
    yield from (note_of(each[-1]) for each in results if not isinstance(each, RejectedError))


def test_the_department_gets_the_record_with_the_decision_beside_it() -> None:
    """Bytes and key are those of the review record; the decision is a member of its own."""
    delivered, note = outputs_of(settle(a_judgement())[0])
    original = an_original(a_place()).record
    assert delivered.topic == "d.tax"
    assert delivered.key == b"case-1"
    assert (delivered.value or b"").startswith((original.value or b"")[:-1] + b',"decision":{')
    assert (
        msgspec.json.decode(delivered.value or b"", type=DecidedInquiry).decision.department
        == "tax"
    )
    headers = dict(delivered.headers)
    assert headers["ce_id"] == b"review/3/1"
    assert (headers["trace"], headers["triage-left-out"]) == (b"t", b"subject")
    assert (note.topic, note.key, note.partition) == ("settled", b"review/3/1", PARTITION)
    assert msgspec.json.decode(note.value or b"", type=Settled) == note.decided


def test_a_note_says_what_the_model_had_suggested() -> None:
    """With the judgement that counts stand model, department, probability and the reason."""
    [note] = notes(settle(a_judgement(department="roads", mode="shown", seconds=7)))
    example = example_of(Routed)["classification"]
    assert note.suggested is not None
    assert note.suggested.department == example["department"]
    assert note.suggested.probability == example["probability"]
    assert note.model is not None
    assert note.model.version == example["model"]["version"]
    assert (note.reason, note.mode, note.seconds, note.by) == ("confident", "shown", 7, "p-1")


def test_a_note_of_what_went_by_itself_says_how_it_was_drawn() -> None:
    """The chance of an audit copy stands on the judgement that counts, and on no other note."""
    place = a_place(source="audit")
    counted, repeated, late, reviewed = notes(
        settle(a_judgement(place), a_judgement(place), a_judgement(place, id="j-2"), a_judgement())
    )
    assert msgspec.to_builtins(counted.sample) == example_of(SampledInquiry)["sample"]
    assert (repeated.sample, late.sample, reviewed.sample) == (None, None, None)
    assert b'"sample"' not in msgspec.json.encode(reviewed)


def test_what_is_not_ours_goes_where_that_is_kept() -> None:
    """The signpost travels with the inquiry and not with the note."""
    judgement = a_judgement(outcome="not-ours", department=None, signpost="Ask your council.")
    delivered, note = outputs_of(settle(judgement)[0])
    assert delivered.topic == "not-ours"
    assert b"Ask your council." in (delivered.value or b"")
    assert b"council" not in (note.value or b"")


def test_what_is_escalated_waits_once_more_and_says_how_often() -> None:
    """The record goes to review as it is; each time somebody hands it on is counted."""
    judgement = a_judgement(outcome="escalate", department=None)
    original = an_original(a_place(), [*EVENT, (ESCALATED_HEADER, b"1")])
    delivered, note = outputs_of(settle(judgement, originals={a_place(): original})[0])
    assert delivered.topic == "review"
    assert delivered.value == original.record.value
    assert dict(delivered.headers)[ESCALATED_HEADER] == b"2"
    assert note_of(note).outcome == "escalate"


@pytest.mark.parametrize(
    ("fields", "topic"),
    [
        ({}, None),
        ({"correct": True}, "d.tax"),
        ({"outcome": "not-ours", "department": None}, None),
        ({"outcome": "not-ours", "department": None, "correct": True}, "not-ours"),
        ({"outcome": "escalate", "department": None, "correct": True}, None),
    ],
)
def test_a_judgement_of_what_went_by_itself_is_a_label(
    fields: dict[str, Any], topic: str | None
) -> None:
    """Nothing goes out for it, unless it is to be corrected."""
    [outputs] = settle(a_judgement(a_place(source="audit"), **fields))
    *delivered, note = outputs_of(outputs)
    assert [each.topic for each in delivered] == [topic] * (topic is not None)
    assert note_of(note).corrected == (topic is not None)


def test_what_went_to_the_right_topic_is_not_sent_there_again() -> None:
    """To correct an inquiry towards where it went sends nothing."""
    route = example_of(Routed)["route"]["topic"]
    addresses = ADDRESSES._replace(departments={"tax": route})
    place = a_place(source="audit")
    judgement = a_judgement(place, correct=True)
    originals = {place: an_original(place)}
    [outputs] = settle_records([judgement], Draft(nothing()), originals, addresses, NOW)
    assert [each.topic for each in outputs_of(outputs)] == ["settled"]


def reason_of(result: list[Output] | RejectedError) -> Rejection:
    assert isinstance(result, RejectedError)
    return result.reason


def test_what_cannot_be_done_says_why_and_settles_nothing() -> None:
    """A wrong partition, department or place is rejected, and the next judgement counts."""
    away = RejectedError(Rejection.INQUIRY_GONE, "the topic begins later")
    wrong = msgspec.structs.replace(a_place(), partition=PARTITION + 1)
    results = settle(
        a_judgement(wrong),
        a_judgement(department="magic"),
        a_judgement(a_place(2)),
        a_judgement(id="j-2"),
        originals={a_place(): an_original(a_place()), a_place(2): away},
    )
    reasons = [reason_of(result) for result in results[:3]]
    assert reasons == [
        Rejection.WRONG_PARTITION,
        Rejection.UNKNOWN_DEPARTMENT,
        Rejection.INQUIRY_GONE,
    ]
    assert [each.verdict for each in notes(results)] == ["counted"]


def test_no_sentence_quotes_what_was_sent() -> None:
    """Whatever stands in a judgement's fields, why it is rejected does not repeat it."""
    mark = "my neighbour Blodwen"
    fields = ("id", "outcome", "department", "mode", "seconds", "by", "at", "record", "signpost")
    for field in fields:
        for result in settle(a_judgement(None, **{field: mark})):
            assert "Blodwen" not in repr(result)
            assert "Blodwen" not in str(result)


CLICKS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from("abc"), st.sampled_from(["tax", "roads", "?"])),
    max_size=30,
)


@given(CLICKS, st.integers(1, 7))
def test_whoever_was_first_counts_however_the_log_is_cut(
    clicks: list[tuple[int, str, str]], batch: int
) -> None:
    """Of each inquiry one judgement counts, the first that can be done, in batches of any size."""
    records = [
        a_judgement(a_place(offset), id=f"j-{who}", by=who, department=department)
        for offset, who, department in clicks
    ]
    state, settled, delivered = nothing(), list[Settled](), list[Output]()
    for start in range(0, len(records), batch):
        results = settle(*records[start : start + batch], under=state)
        settled += notes(results)
        delivered += [out for each in results if isinstance(each, list) for out in each[:-1]]
        state.note(notes(results))
    first: dict[int, tuple[str, str]] = {}
    expected = []
    for offset, who, department in clicks:
        if offset in first:
            repeated = first[offset][0] == who
            expected.append(("repeated", None) if repeated else ("late", first[offset][0]))
        elif department != "?":
            first[offset] = (who, department)
            expected.append(("counted", None))
    assert [(each.verdict, each.first_by) for each in settled] == expected
    topics = [f"d.{department}" for _, department in first.values()]
    assert [each.topic for each in delivered] == topics
    again = nothing()
    again.note(msgspec.json.decode(msgspec.json.encode(settled), type=list[Settled]))
    assert [again.first(a_place(n)) for n in range(5)] == [
        state.first(a_place(n)) for n in range(5)
    ]


def a_note(offset: int, by: str = "p-1", source: Source = "review") -> Settled:
    judgement = msgspec.convert(json.loads(a_judgement().value or b""), Judgement)
    return Settled(
        record=a_place(offset, source),
        judgement=judgement.id,
        verdict="counted",
        outcome="department",
        mode="blind",
        seconds=1,
        by=by,
        at=NOW,
        settled_at=NOW,
    )


@given(st.dictionaries(st.integers(0, 2**40), st.sampled_from("abc"), max_size=50), st.randoms())
def test_state_knows_what_it_was_told_in_any_order(by: dict[int, str], random: Any) -> None:
    """Wherever places lie, and in whichever order they were settled, each has its own author."""
    told = [*by]
    random.shuffle(told)
    state = nothing()
    state.note(a_note(offset, by[offset]) for offset in told)
    for offset, who in by.items():
        first = state.first(a_place(offset))
        assert first is not None
        assert first.by == who
        assert state.first(a_place(offset, "audit")) is None
        assert (state.first(a_place(offset + 1)) is None) == (offset + 1 not in by)


def test_state_forgets_what_cannot_be_judged_any_more() -> None:
    """What retention has taken takes no memory, and another event at a place is not settled."""
    state = Settlements({"review": 100, "audit": 0})
    state.note([a_note(99), a_note(100), a_note(99, source="audit")])
    assert state.first(a_place(99)) is None
    assert state.first(a_place(100))
    assert state.first(a_place(99, "audit"))
    anew = msgspec.structs.replace(a_place(100), event_id="another/3/1")
    assert state.first(anew) is None
