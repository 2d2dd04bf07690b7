import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messages.cloudevents import CONTEXT_HEADERS
from services.messages.codec import classified, inquiries, write_classified, write_routed
from services.messages.dead_letter import DeadLetter, write_rejected
from services.messages.decision import Classification, Route
from services.messages.events import CLASSIFIED, ROUTED, Classified, Routed
from services.messages.examples import example_of
from services.messages.record import Header, Output
from services.messages.rejection import RejectedError, Rejection
from tests.records import BINARY, STRUCTURED, ARecord, an_envelope, an_inquiry

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SPACED = (
    b' {"id" : "q-1",\n "text":"Ble mae fy mhensiwn? \xc5\xb4\xf0\x9f\x98\x80", "x": [1.50] }\n'
)


def a_classification() -> Classification:
    return msgspec.convert(example_of(Classified)["classification"], Classification)


def a_route() -> Route:
    return msgspec.convert(example_of(Routed)["route"], Route)


def through_both(record: ARecord) -> Output:
    """Take a record through classifier and router, as far as its bytes are concerned."""
    output = write_classified(
        record, inquiries.read(record), a_classification(), topic="inquiries.classified", by="/c"
    )
    middle = ARecord(output.value, tuple(output.headers), output.key, output.topic)
    return write_routed(middle, classified.read(middle), a_route(), by="/r")


@pytest.mark.parametrize(
    "record",
    [
        ARecord(SPACED),
        ARecord(SPACED, BINARY),
        ARecord(an_envelope(SPACED), STRUCTURED),
    ],
    ids=["plain", "binary", "structured"],
)
def test_the_senders_bytes_arrive_in_the_departments_message(record: ARecord) -> None:
    """Whichever mode an inquiry is sent in, its own bytes stand in the routed event unchanged."""
    output = through_both(record)
    assert output.value is not None
    assert SPACED.strip() in output.value
    assert msgspec.json.decode(output.value, type=Routed).inquiry.id == "q-1"
    assert output.key == record.key


def test_a_value_is_carried_with_the_white_space_around_it() -> None:
    """Even the white space around an inquiry is carried, so that not one byte is lost."""
    output = through_both(ARecord(SPACED))
    assert output.value is not None
    assert output.value.startswith(b'{"inquiry":' + SPACED + b',"classification":')


def test_headers_of_the_sender_travel_on_unchanged_and_in_order() -> None:
    """A header that is not the event's own arrives as it was sent, repeated ones too."""
    sent = (("trace", b"1"), ("tenant", b"leeds"), ("trace", b"2"), ("ce_traceparent", b"00-ab"))
    headers = through_both(ARecord(an_inquiry(), (*BINARY, *sent))).headers
    assert tuple(header for header in headers if header in sent) == sent


@pytest.mark.parametrize(
    "header",
    [
        ("dd-pathway-ctx", b"\xff\xfe\x00"),
        ("__value_schema_id", b"\x01\x80\x00"),
        ("offset", (2**63).to_bytes(8, "big")),
        ("author", "José".encode("latin-1")),
        ("received-ce_id", b"\xff"),
    ],
)
def test_headers_that_are_not_the_events_are_bytes(header: tuple[str, bytes]) -> None:
    """A binary header of a tracer, a serializer or a client costs nothing and arrives as sent."""
    assert header in through_both(ARecord(an_inquiry(), (*BINARY, header))).headers


@pytest.mark.parametrize(
    "media_type",
    [b"Application/CloudEvents+JSON", b" application/cloudevents+json;charset=UTF-8"],
)
def test_media_types_are_read_in_any_case(media_type: bytes) -> None:
    """A structured event is one, however its media type is written."""
    sent = ARecord(an_envelope(an_inquiry()), (("content-type", media_type),))
    assert inquiries.read(sent).data == an_inquiry()


@pytest.mark.parametrize(
    "record",
    [
        ARecord(b"\xef\xbb\xbf" + SPACED),
        ARecord(b"\xef\xbb\xbf" + SPACED, BINARY),
        ARecord(b"\xef\xbb\xbf" + an_envelope(SPACED), STRUCTURED),
    ],
    ids=["plain", "binary", "structured"],
)
def test_a_byte_order_mark_before_json_is_read_over(record: ARecord) -> None:
    """A mark that Windows puts before JSON is no part of it, and does not travel on."""
    output = through_both(record)
    assert output.value is not None
    assert SPACED.strip() in output.value
    assert msgspec.json.decode(output.value, type=Routed).inquiry.id == "q-1"


def test_attributes_of_the_received_event_are_kept_under_another_name() -> None:
    """The routed event has attributes of its own, and those of the received one beside them."""
    headers = through_both(ARecord(an_inquiry(), BINARY)).headers
    names = [name for name, _ in headers]
    assert len(names) == len(set(names))
    named = dict(headers)
    assert named["received-ce_id"] == b"e-1"
    assert named["received-ce_source"] == b"/crm"
    assert named["ce_type"] == ROUTED.encode()
    assert named["ce_id"] == b"inquiries.classified/3/4711"
    assert named["ce_source"] == b"/r"


def test_structured_and_binary_mode_give_the_same_headers() -> None:
    """A department cannot tell from its message which mode the sender used."""
    binary = dict(through_both(ARecord(an_inquiry(), BINARY)).headers)
    structured = ARecord(an_envelope(an_inquiry()), STRUCTURED)
    from_structured = dict(through_both(structured).headers)
    del binary["received-content-type"], from_structured["received-content-type"]
    assert from_structured == binary


def test_base64_data_of_a_structured_event_is_read() -> None:
    """A structured event may carry its data as base64."""
    value = b'{"specversion":"1.0","type":"inquiry.received.v1","id":"1","source":"/crm",'
    value += b'"data_base64":"eyJpZCI6ImEiLCJ0ZXh0IjoiYiJ9"}'
    assert inquiries.read(ARecord(value, STRUCTURED)).data == b'{"id":"a","text":"b"}'


V2 = tuple((n, b"inquiry.received.v2" if n == "ce_type" else v) for n, v in BINARY)
OTHER = tuple((n, b"parcel.sent.v1" if n == "ce_type" else v) for n, v in BINARY)
CE2 = tuple((n, b"2.0" if n == "ce_specversion" else v) for n, v in BINARY)
UNTYPED = tuple((n, v) for n, v in BINARY if n != "ce_type")
UNVERSIONED = tuple((n, v) for n, v in BINARY if n != "ce_specversion")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (ARecord(None), Rejection.EMPTY_VALUE),
        (ARecord(b""), Rejection.EMPTY_VALUE),
        (ARecord(b"hello"), Rejection.NOT_JSON),
        (ARecord(an_inquiry()[:-1]), Rejection.NOT_JSON),
        (ARecord(an_inquiry() + b"x"), Rejection.NOT_JSON),
        (ARecord(b'{"id":"1","text":"a","x":NaN}'), Rejection.NOT_JSON),
        (ARecord(b'{"id":"1","text":"\xff"}'), Rejection.NOT_JSON),
        (ARecord(b'{"id":"1","text":"a","unknown":"\xff"}'), Rejection.NOT_JSON),
        (ARecord(b'{"id":"1","text":"\\ud800"}'), Rejection.NOT_JSON),
        (ARecord(b'{"id":"1","text":"a","x":' + b"[" * 99_999 + b"]" * 99_999 + b"}"), "not-json"),
        (ARecord(b"[]"), Rejection.WRONG_TYPE),
        (ARecord(b"null"), Rejection.WRONG_TYPE),
        (ARecord(an_inquiry(text=5)), Rejection.WRONG_TYPE),
        (ARecord(an_inquiry(id="")), Rejection.WRONG_TYPE),
        (ARecord(an_inquiry(id="x" * 201)), Rejection.WRONG_TYPE),
        (ARecord(b'{"text":"a"}'), Rejection.MISSING_FIELD),
        (ARecord(b'{"id":"a"}'), Rejection.MISSING_FIELD),
        (ARecord(an_inquiry(text="")), Rejection.EMPTY_TEXT),
        (ARecord(an_inquiry(text="x" * 20_001)), Rejection.TEXT_TOO_LONG),
        (ARecord(an_inquiry(), V2), Rejection.UNSUPPORTED_VERSION),
        (ARecord(an_inquiry(), CE2), Rejection.UNSUPPORTED_VERSION),
        (ARecord(an_inquiry(), OTHER), Rejection.WRONG_EVENT),
        (ARecord(an_inquiry(), UNTYPED), Rejection.WRONG_EVENT),
        (ARecord(an_inquiry(), UNVERSIONED), Rejection.WRONG_EVENT),
        (ARecord(an_inquiry(), (*BINARY[:3], ("ce_type", b"\xff"))), Rejection.HEADER_NOT_UTF8),
        (ARecord(an_inquiry(), (("ce_type", b"\xff"), ("ce_x", b"a"))), Rejection.HEADER_NOT_UTF8),
        (ARecord(an_inquiry(), (("content-type", b"\xff"),)), Rejection.HEADER_NOT_UTF8),
        (ARecord(b"nope", STRUCTURED), Rejection.NOT_JSON),
        (ARecord(an_inquiry(), STRUCTURED), Rejection.WRONG_EVENT),
        (ARecord(an_envelope(b"1", type="inquiry.received.v9"), STRUCTURED), "unsupported-version"),
        (ARecord(an_envelope(b'{"id":"1"}'), STRUCTURED), Rejection.MISSING_FIELD),
        (ARecord(an_envelope(b"{}").replace(b'"data"', b'"date"'), STRUCTURED), "wrong-event"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_reason(record: ARecord, reason: str) -> None:
    """Each kind of bad input has its own reason from the closed list."""
    with pytest.raises(RejectedError) as caught:
        inquiries.read(record)
    assert caught.value.reason == reason


def test_longest_text_and_longest_id_are_accepted() -> None:
    """The limits themselves are allowed: 20,000 characters of text, 200 of an id."""
    body = inquiries.read(ARecord(an_inquiry(text="ŵ" * 20_000, id="i" * 200))).body
    assert len(body.text) == 20_000


TEXT = "my neighbour is called Blodwen"


@pytest.mark.parametrize(
    "value",
    [
        an_inquiry(text=TEXT * 999),
        an_inquiry(text=TEXT, id=[TEXT]),
        an_inquiry(text=[TEXT], attributes={TEXT: 1}, received_at=TEXT, channel=[TEXT]),
        an_inquiry(text=TEXT)[:-1],
        an_inquiry(text=TEXT).decode().encode("utf-16"),
        json.dumps(an_inquiry(text=TEXT).decode()).encode(),
        an_envelope(an_inquiry(text=TEXT)),
        b"id=1&text=" + TEXT.encode().replace(b" ", b"+"),
        TEXT.encode(),
    ],
)
def test_a_rejection_never_quotes_what_was_written(value: bytes) -> None:
    """Neither the exception nor the dead letter's own headers hold any of a citizen's words."""
    record = ARecord(value)
    with pytest.raises(RejectedError) as caught:
        inquiries.read(record)
    letter = write_rejected(record, caught.value, topic="dead", by="/c", at=NOW)
    shown = f"{caught.value!r} {caught.value} {letter.headers} {letter!r}"
    assert "Blodwen" not in shown
    assert "neighbour" not in shown


def test_text_does_not_show_in_a_repr() -> None:
    """Printing an inquiry, or anything that holds one, shows its id and no text."""
    received = inquiries.read(ARecord(an_inquiry(text=TEXT, subject=TEXT)))
    routed = msgspec.convert(example_of(Routed), Routed)
    assert "Blodwen" not in repr(received.body)
    assert "q-1" in repr(received.body)
    assert "My state pension" not in repr(routed)


def test_a_dead_letter_is_the_record_itself_with_the_reason_beside_it() -> None:
    """A dead letter has the original key, headers and value, and then says why and whence."""
    record = ARecord(b"\x00\xff not json", (("a", b"\xff"), ("a", b"1")), key=b"\x80")
    error = RejectedError(Rejection.NOT_JSON, "byte 0")
    letter = write_rejected(record, error, topic="inquiries.rejected", by="/c", at=NOW)
    assert (letter.key, letter.value) == (record.key, record.value)
    assert tuple(letter.headers[:2]) == record.headers
    own = {name: (value or b"").decode() for name, value in letter.headers[2:]}
    assert msgspec.convert(own, DeadLetter, strict=False) == DeadLetter(
        rejected_reason=Rejection.NOT_JSON,
        rejected_detail="byte 0",
        rejected_topic="inquiries",
        rejected_partition=3,
        rejected_offset=4711,
        rejected_by="/c",
        rejected_at=NOW,
    )


def test_a_router_reads_what_the_classifier_writes() -> None:
    """A classified event names itself, and reads back as what was written."""
    record = ARecord(an_inquiry())
    output = write_classified(
        record, inquiries.read(record), a_classification(), topic="t", by="/c"
    )
    back = classified.read(ARecord(output.value, tuple(output.headers)))
    assert back.body.classification == a_classification()
    assert ("ce_type", CLASSIFIED.encode()) in output.headers


def test_a_header_without_a_value_travels_on_without_one() -> None:
    """A null header is not an empty one: it arrives as it was sent, whichever way it goes."""
    record = ARecord(an_inquiry(), (("trace", None), ("ce_id", None)))
    assert ("trace", None) in through_both(record).headers
    error = RejectedError(Rejection.NOT_JSON, "x")
    letter = write_rejected(record, error, topic="dead", by="/c", at=NOW)
    assert letter.headers[:2] == [("trace", None), ("ce_id", None)]


SENT = st.lists(
    st.tuples(
        st.sampled_from(["trace", "received-ce_id", "ce_traceparent", "ce_time", "ce_subject"]),
        st.none() | st.binary(max_size=9),
    ),
    max_size=6,
)


def context_of(event_type: str, record: ARecord, by: str, at: datetime) -> list[Header]:
    return [
        ("ce_id", f"{record.topic}/{record.partition}/{record.offset}".encode()),
        ("ce_specversion", b"1.0"),
        ("ce_type", event_type.encode()),
        ("ce_source", by.encode()),
        ("ce_time", at.isoformat().encode()),
        ("content-type", b"application/json"),
    ]


@given(SENT, st.text(min_size=1, max_size=50), st.integers(0, 2**40))
def test_every_byte_that_is_written_is_said_here(
    sent: list[Header], text: str, offset: int
) -> None:
    """Values are the sender's bytes with what was decided behind; headers have their order."""
    data = an_inquiry(text=text, reference="r")
    record = ARecord(data, (*BINARY, *sent), offset=offset)
    made = a_classification()
    output = write_classified(record, inquiries.read(record), made, topic="t", by="/c")
    classification = msgspec.json.encode(made)
    assert output.value == b'{"inquiry":%b,"classification":%b}' % (data, classification)
    kept = [(f"received-{n}" if n in CONTEXT_HEADERS else n, v) for n, v in record.headers]
    assert output.headers == [*kept, *context_of(CLASSIFIED, record, "/c", made.classified_at)]

    middle = ARecord(output.value, tuple(output.headers), topic="m", offset=offset)
    route = a_route()
    routed = write_routed(middle, classified.read(middle), route, by="/r")
    assert routed.value == b'%b,"route":%b}' % (output.value[:-1], msgspec.json.encode(route))
    assert routed.headers == [*kept, *context_of(ROUTED, middle, "/r", route.routed_at)]
