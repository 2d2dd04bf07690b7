"""Why a value could not be read, in the words of who sent it."""

import json
import time

import pytest

from services.messages.codec import inquiries
from services.messages.record import Header
from services.messages.rejection import RejectedError, Rejection
from tests.records import ARecord, an_envelope, an_inquiry

TEXT = an_inquiry().decode()
HTTP = (("ce-type", b"inquiry.received.v1"), ("ce-specversion", b"1.0"), ("ce-id", b"1"))


def rejection_of(value: bytes, headers: tuple[Header, ...] = ()) -> RejectedError:
    found = inquiries.read_or_reject(ARecord(value, headers))
    assert isinstance(found, RejectedError)
    return found


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (b"\x00\x00\x00\x00\x07" + TEXT.encode(), "Confluent's frame"),
        (b"\x00\x00\x01\x86\xa1\x02\x06q-1", "Confluent's frame"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-32-be"), "UTF-32"),
        (b'<?xml version="1.0"?><inquiry/>', "XML"),
        (b"\n <html></html>", "XML"),
        (b"id=1&text=Where+is+my+pension%3F", "a form"),
        (b'{"id": "1", "text": "a \\ud83d b"}', "half a surrogate pair"),
        (b'{"id": "1", "text": "\\ude00"}', "half a surrogate pair"),
        (b'{"id": "1", "text": "a \\ud83d', "half a surrogate pair"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"\xac\xed\x00\x05t\x00\x01a", "Java"),
        (b"eyJpZCI6ICIxIn0=", "base64"),
        (b"{'id': '1', 'text': 'a'}", "single quotes"),
        (an_inquiry() + b"\n" + an_inquiry(), "send one object a record"),
        (b"id,text\n1,Where is my pension?", "text or CSV"),
        (b"Dear Sir, where is my pension?", "text or CSV"),
        (b"1,Where is my pension?", "text or CSV"),
        (b'"1","Where is my pension?"', "text or CSV"),
        (b"id=1&text=Where is my pension", "a form"),
        (b"id=1&text=a\n", "a form"),
        (b"\x03\x00" + bytes(range(16)) + TEXT.encode(), "AWS Glue"),
        (b"Obj\x01\x04\x14avro.codec", "Avro"),
        (b"\x04\x22\x4d\x18d@\xa7", "compressed"),
        (b"\xef\xbb\xbf\xef\xbb\xbf" + an_inquiry(), "several byte order marks"),
        (an_inquiry() + b"\0", "NUL"),
        (b'{"id": 1, "text": ', "truncated"),
        (b'{"id": "1", "text": "\xff"}', "not UTF-8 at byte 21"),
        (b'{"id": "1", "text": "a', "truncated"),
        (b'{"id": "1", "text": "\\ud83d\\ude00', "truncated"),
    ],
)
def test_what_is_no_json_is_named(value: bytes, named: str) -> None:
    """Whatever systems send instead of JSON is called what it is."""
    why = rejection_of(value)
    assert why.reason == Rejection.NOT_JSON
    assert named in why.detail


@pytest.mark.parametrize(
    ("value", "reason", "named"),
    [
        (an_envelope(an_inquiry()), Rejection.WRONG_EVENT, "application/cloudevents+json"),
        (json.dumps(TEXT).encode(), Rejection.WRONG_TYPE, "encode it once"),
        (b"[" + an_inquiry() + b"]", Rejection.WRONG_TYPE, "one inquiry a record"),
        (b'{"schema": {}, "payload": {}}', Rejection.MISSING_FIELD, "schemas.enable=false"),
        (
            b'{"before": null, "after": {"id": "1", "text": "a"}, "op": "c"}',
            Rejection.MISSING_FIELD,
            "Debezium",
        ),
        (b'{"text": "a"}', Rejection.MISSING_FIELD, "missing required field `id`"),
    ],
)
def test_json_that_is_no_inquiry_is_named(value: bytes, reason: Rejection, named: str) -> None:
    """JSON of another shape is rejected by the shape that it has, where that is known."""
    why = rejection_of(value)
    assert why.reason == reason
    assert named in why.detail


def test_a_batch_of_events_is_named() -> None:
    """Who sends several events in one record is told to send one."""
    batch = (("content-type", b"application/cloudevents-batch+json; charset=UTF-8"),)
    why = rejection_of(b"[" + an_envelope(an_inquiry()) + b"]", batch)
    assert why.reason == Rejection.WRONG_EVENT
    assert "a batch of events" in why.detail


@pytest.mark.parametrize(
    ("name", "said"), [("Ce-Type", "ce_"), ("CE-ID", "ce_"), ("CE_TYPE", "capitals")]
)
def test_headers_of_cloudevents_are_named_in_any_case(name: str, said: str) -> None:
    """Capitals do not keep the hint away."""
    why = rejection_of(b'{"order": 1}', ((name, b"x"),))
    assert why.reason == Rejection.WRONG_EVENT
    assert said in why.detail


@pytest.mark.parametrize("name", ["ce_traceparent", "ce_subject", "ce_id", "CE_TYPE"])
def test_a_header_that_is_not_read_need_be_no_text(name: str) -> None:
    """Of the event's headers only those that decide how it is read cost the inquiry."""
    assert inquiries.read(ARecord(an_inquiry(), ((name, b"\xff\x00"),))).body.id == "q-1"


def test_headers_of_cloudevents_over_http_are_named() -> None:
    """Who sends `ce-` headers is told that Kafka's begin with `ce_`; a good inquiry is read."""
    why = rejection_of(b'{"order": 1}', HTTP)
    assert why.reason == Rejection.WRONG_EVENT
    assert "begin with ce_" in why.detail
    assert inquiries.read(ARecord(an_inquiry(), HTTP)).body.id == "q-1"


@pytest.mark.parametrize(
    "value",
    [b" " * 1_000_000, b"\n" * 1_000_000, b"a=" * 500_000 + b" ", b"\\" * 1_000_000 + b"u"],
)
def test_looking_for_a_cause_takes_no_time(value: bytes) -> None:
    """However large a record that cannot be read is, and whatever it is of, it holds up nobody."""
    started = time.process_time()
    rejection_of(b"x" + value)
    rejection_of(value)
    rejection_of(b"eyJ" + value)
    assert time.process_time() - started < 1
