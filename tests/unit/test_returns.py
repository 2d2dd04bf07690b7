import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from prometheus_client import CollectorRegistry

from services.messages.codec import Judged, routed
from services.messages.dead_letter import TIMES_HEADER
from services.messages.decision import Reason
from services.messages.examples import example_of
from services.messages.judgement import Settled
from services.messages.record import Nothing, Output
from services.messages.rejection import RejectedError, Rejection
from services.messages.returned import TIMES_HEADER as RETURNED_TIMES_HEADER
from services.settler.metrics import SettlerMetrics
from services.settler.return_log import Entry, ReturnLog
from services.settler.returns import ReturnNoted, entry_of, noted, return_records
from tests.records import ARecord
from tests.unit.returned import (
    DECISION,
    INQUIRY,
    NOW,
    RULES,
    a_decided,
    a_return,
    a_routed,
    as_record,
    body_of,
    partition_of,
)

Result = Output | Nothing | RejectedError


def returned(*records: ARecord, log: ReturnLog | None = None) -> list[Result]:
    """Decide of returns, and note what went to review."""
    results = return_records(records, log or ReturnLog(), RULES, partition_of, NOW)
    return [*results]


def reviewed(result: Result) -> Output:
    assert isinstance(result, Output)
    return result


def test_what_is_returned_goes_to_review_with_why() -> None:
    """The inquiry and its classification are the same bytes; route and what was said are new."""
    event = a_routed()
    [result] = returned(a_return(event, returned_suggests=b"tax"))
    output = reviewed(result)
    before, _, _ = (event.value or b"").rpartition(b',"route":')
    assert before.startswith(b'{"inquiry":' + INQUIRY + b',"classification":')
    assert (output.value or b"").startswith(before + b',"route":{')
    assert (output.topic, output.key) == ("review", b"case-1")
    body = body_of(output)
    assert [*body] == ["inquiry", "classification", "route", "returned"]
    route = {"topic": "review", "reason": "returned", "priority": "normal", "table": "t-1"}
    assert body["route"] == {**route, "routed_at": "2026-11-02T10:04:00Z"}
    said = {"why": "not-ours", "by": "desk-4", "suggests": "tax", "times": 1, "from": "d.pensions"}
    assert body["returned"] == said


def test_the_headers_of_the_inquiry_travel_on_and_the_departments_do_not() -> None:
    """What the next department sends back says its own why, once."""
    [result] = returned(a_return())
    names = [name for name, _ in reviewed(result).headers]
    assert len(names) == len({*names})
    headers = dict(reviewed(result).headers)
    assert (headers["trace"], headers["received-ce_id"]) == (b"\xff\x00", b"e-1")
    assert headers["ce_id"] == b"returned/3/0"
    assert headers["ce_type"] == b"inquiry.routed.v1"
    assert headers[RETURNED_TIMES_HEADER] == b"1"
    assert {"returned-why", "returned-by", "returned-suggests"}.isdisjoint(headers)


def judged(output: Output, offset: int) -> Judged:
    record = as_record(output, offset)
    return Judged(record, routed["review"].read(record))


def test_the_circle_twice() -> None:
    """Routed, returned, decided, returned again: nothing stands twice, and all of it is told."""
    log = ReturnLog()
    first = reviewed(returned(a_return(offset=0), log=log)[0])
    decided = a_decided(judged(first, 8))
    assert [*body_of(decided)][-2:] == ["returned", "decision"]
    second = reviewed(returned(a_return(decided, 1, returned_why=b"shared"), log=log)[0])
    body = body_of(second)
    assert [*body] == ["inquiry", "classification", "route", "returned"]
    assert (second.value or b"").startswith(b'{"inquiry":' + INQUIRY + b',"classification":')
    said = body["returned"]
    assert (said["why"], said["times"], said["from"]) == ("shared", 2, "d.tax")
    assert said["decision"] == body_of(decided)["decision"]
    assert body["route"]["priority"] == "high"
    assert dict(second.headers)[RETURNED_TIMES_HEADER] == b"2"
    again = a_decided(judged(second, 9))
    assert (again.value or b"").count(b'"decision":{') == 2  # the one before is in what was said
    assert body_of(again)["returned"] == said


@pytest.mark.parametrize(
    ("route", "why", "priority"),
    [
        ({}, b"not-ours", "normal"),
        ({}, b"unsafe", "high"),
        ({"priority": "high"}, b"wrong-person", "high"),
    ],
)
def test_who_may_be_in_danger_comes_before_others(
    route: dict[str, Any], why: bytes, priority: str
) -> None:
    """What a department finds unsafe is urgent, and what was urgent before stays so."""
    [result] = returned(a_return(a_routed(**route), returned_why=why))
    assert body_of(reviewed(result))["route"]["priority"] == priority


def test_what_was_written_anew_is_returned_all_the_same() -> None:
    """A department that writes the JSON anew loses spaces, and the inquiry goes to review."""
    event = a_routed()
    other = json.dumps(body_of(event), indent=1, sort_keys=True).encode()
    [result] = returned(a_return(structs.replace(event, value=other)))
    body = body_of(reviewed(result))
    assert [*body] == ["inquiry", "classification", "route", "returned"]
    assert body["inquiry"] == body_of(event)["inquiry"]


def test_what_nobody_should_have_can_be_returned() -> None:
    """Whoever reads what is not ours sends back what is, and it says from where."""
    decision = msgspec.structs.replace(DECISION, outcome="not-ours", department=None)
    event = a_decided(judged(a_routed(topic="review", reason="rule"), 7), decision, "not-ours")
    [result] = returned(a_return(event))
    assert body_of(reviewed(result))["returned"]["from"] == "not-ours"


WRONG: dict[str, tuple[Callable[[], ARecord], Rejection]] = {
    "no header": (lambda: a_return(said={}), Rejection.MISSING_HEADER),
    "no why": (lambda: a_return(returned_why=None), Rejection.MISSING_HEADER),
    "nobody": (lambda: a_return(returned_by=b""), Rejection.MISSING_HEADER),
    "another why": (lambda: a_return(returned_why=b"busy"), Rejection.WRONG_HEADER),
    "too long": (lambda: a_return(returned_by=b"x" * 101), Rejection.WRONG_HEADER),
    "no such department": (
        lambda: a_return(returned_suggests=b"magic"),
        Rejection.UNKNOWN_DEPARTMENT,
    ),
    "bytes": (lambda: a_return(returned_by=b"\xff"), Rejection.HEADER_NOT_UTF8),
    "bytes why": (lambda: a_return(returned_why=b"\xff"), Rejection.HEADER_NOT_UTF8),
    "no event id": (lambda: an_id(None), Rejection.NEVER_SENT),
    "of another installation": (lambda: an_id(b"test.classified/3/1"), Rejection.NEVER_SENT),
    "of the sender": (lambda: an_id(b"e-1"), Rejection.NEVER_SENT),
    "a copy": (lambda: an_id(b"classified/3/1/sample"), Rejection.NEVER_SENT),
    "no number": (lambda: an_id("classified/²/1".encode()), Rejection.NEVER_SENT),
    "received": (lambda: a_type(b"inquiry.received.v1"), Rejection.NEVER_SENT),
    "no type": (lambda: a_type(b""), Rejection.NEVER_SENT),
    "later": (lambda: a_type(b"inquiry.routed.v2"), Rejection.UNSUPPORTED_VERSION),
    "later decided": (lambda: a_type(b"inquiry.decided.v9"), Rejection.UNSUPPORTED_VERSION),
    "no decision": (lambda: a_type(b"inquiry.decided.v1"), Rejection.MISSING_FIELD),
    "on review": (lambda: a_return(a_routed(topic="review")), Rejection.NEVER_SENT),
    "no value": (lambda: a_return()._replace(value=None), Rejection.EMPTY_VALUE),
    "no JSON": (lambda: a_return()._replace(value=b"{"), Rejection.NOT_JSON),
    "no inquiry": (lambda: a_return()._replace(value=b"{}"), Rejection.MISSING_FIELD),
    "elsewhere": (lambda: a_return()._replace(partition=2), Rejection.WRONG_PARTITION),
    "elsewhere by its key": (
        lambda: a_return()._replace(key=b"k", partition=2),
        Rejection.WRONG_PARTITION,
    ),
    "elsewhere without key": (
        lambda: a_return()._replace(key=None, partition=2),
        Rejection.WRONG_PARTITION,
    ),
}


def an_id(event_id: bytes | None) -> ARecord:
    return a_return(also={"ce_id": event_id})


def a_type(event_type: bytes) -> ARecord:
    return a_return(also={"ce_type": event_type})


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_a_return_says_why_and_counts_for_nothing(wrong: str) -> None:
    """Each has a reason, is entered nowhere, and the return after it is the first."""
    make, reason = WRONG[wrong]
    result, good = returned(make(), a_return(offset=1))
    assert isinstance(result, RejectedError)
    assert result.reason == reason
    assert entry_of(make(), RULES, partition_of) is None
    assert body_of(reviewed(good))["returned"]["times"] == 1


def test_no_sentence_quotes_what_was_sent() -> None:
    """Whatever stands in a header or in the event, why it is rejected does not repeat it."""
    mark = b"my neighbour Blodwen"
    headers = (
        "returned-why",
        "returned-by",
        "returned-suggests",
        "ce_id",
        "ce_type",
        "ce_specversion",
    )
    records = [
        a_return(said={"returned-by": b"p", "returned-why": b"shared", name: mark * 9})
        for name in headers
    ]
    records += [
        a_return()._replace(value=value)
        for value in (mark, json.dumps({"inquiry": mark.decode()}).encode())
    ]
    results = returned(*records)
    assert all(isinstance(each, RejectedError) for each in results)
    assert "Blodwen" not in repr(results) + "".join(map(str, results))


def test_an_event_is_reviewed_once_however_often_it_is_returned() -> None:
    """Ten thousand returns of one event are one inquiry on review."""
    event = a_routed()
    first, *others = returned(*[a_return(event, number) for number in range(10_000)])
    assert isinstance(first, Output)
    assert all(isinstance(each, Nothing) for each in others)


def test_without_a_key_a_return_belongs_to_the_partition_that_its_event_names() -> None:
    """It stands on the number on which the department got it."""
    [result] = returned(a_return()._replace(key=None))
    assert reviewed(result).key is None


def test_what_an_operator_replays_had_been_rejected_and_is_no_repeat() -> None:
    """A return that was a dead letter, and can be read now, goes to review once it is replayed.

    To the log it seems to stand there twice; two letters of one event are one inquiry all the same.
    """
    log = ReturnLog()
    event = a_routed()
    for offset in range(2):  # which were rejected when they came
        entry = entry_of(a_return(event, offset), RULES, partition_of)
        assert entry is not None
        log.enter(entry)
    replayed = [a_return(event, number, also={TIMES_HEADER: b"1"}) for number in (2, 3)]
    first, second, later = returned(*replayed, a_return(event, 4), log=log)
    assert body_of(reviewed(first))["returned"]["times"] == 1
    assert isinstance(second, Nothing)
    assert isinstance(later, Nothing)
    [twice] = returned(a_return(event, 5, also={TIMES_HEADER: b"2"}), log=log)
    assert isinstance(twice, Output)


RETURNS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3), st.booleans()), max_size=25)


@given(RETURNS, st.integers(1, 6), st.sets(st.integers(0, 25)))
def test_what_comes_of_a_return_follows_from_the_log_alone(
    told: list[tuple[str, int, bool]], batch: int, restarts: set[int]
) -> None:
    """However the log is cut, and wherever the settler starts afresh, or tries a batch again."""
    records = [
        a_return(
            a_routed(b'{"id": "%b", "text": "t"}' % who.encode(), offset=10 * ord(who) + event),
            offset,
            returned_why=b"not-ours" if good else b"busy",
        )
        for offset, (who, event, good) in enumerate(told)
    ]
    seen = dict[str, list[int]]()
    expected = list[int | None]()
    for who, event, good in told:
        events = seen.setdefault(who, [])
        first = good and event not in events
        events += [event] * first
        expected.append(len(events) if first else None)
    log, found = rebuilt(records), list[int | None]()
    for start in range(0, len(records), batch):
        if start in restarts:
            log = rebuilt(records)
        part = records[start : start + batch]
        draft = ReturnLog(log)
        returned(*part, log=draft)  # a transaction that fails
        draft = ReturnLog(log)
        results = returned(*part, log=draft)
        found += [times_of(each) for each in results]
        for entry in noted(results):
            log.enter(entry)
    assert found == expected


def rebuilt(records: Sequence[ARecord]) -> ReturnLog:
    log = ReturnLog()
    for record in records:
        if entry := entry_of(record, RULES, partition_of):
            log.enter(entry)
    return log


def times_of(result: Result) -> int | None:
    return body_of(result)["returned"]["times"] if isinstance(result, Output) else None


def test_a_log_that_is_rebuilt_from_its_middle_knows_no_more_than_it_has() -> None:
    """What retention has taken is forgotten: such an event may come to review once more."""
    log = ReturnLog()
    entry = Entry(event=1, inquiry=2, offset=7)
    assert not log.repeats(entry)
    log.enter(entry)
    assert not log.repeats(entry)
    assert log.repeats(entry._replace(offset=8))
    assert log.times(Entry(event=3, inquiry=2, offset=9)) == 2


def test_returns_are_counted_by_who_had_them() -> None:
    """By department, why and outcome, all shown from the start, and no label is anybody's word."""
    registry = CollectorRegistry()
    metrics = SettlerMetrics(registry, RULES.departments.keys(), dict)
    event = a_routed()
    results = returned(a_return(event), a_return(event, 1))
    outputs = [each for each in results if isinstance(each, Output | Nothing)]
    strange = ReturnNoted("magic", "shared", "review", Entry(1, 1, 1))
    metrics.note([*outputs, Nothing(strange)])()

    def counted(department: str, why: str, outcome: str) -> float | None:
        labels = {"department": department, "why": why, "outcome": outcome}
        return registry.get_sample_value("triage_returned_total", labels)

    pensions = "department-for-work-pensions"
    assert counted(pensions, "not-ours", "review") == 1
    assert counted(pensions, "not-ours", "repeated") == 1
    assert counted("tax", "unsafe", "review") == 0
    assert counted("unknown", "shared", "review") == 1
    assert counted("magic", "shared", "review") is None


@pytest.mark.parametrize(("reason", "counts"), [("returned", None), ("ambiguous", 1)])
def test_what_was_returned_says_nothing_of_agreement(reason: Reason, counts: float | None) -> None:
    """That it was returned says already that the model, or a person, was wrong."""
    registry = CollectorRegistry()
    label = example_of(Settled)["suggested"]["department"]
    metrics = SettlerMetrics(registry, [label], dict)
    settled = msgspec.convert(example_of(Settled) | {"reason": reason}, Settled)
    metrics.note([Output("settled", None, b"", [], decided=settled)])()
    source = settled.record.topic
    labels = {"department": label, "source": source, "mode": settled.mode, "agreed": "yes"}
    assert registry.get_sample_value("triage_agreement_total", labels) == (counts or 0)
