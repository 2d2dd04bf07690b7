"""An optional field that is wrong does not cost the inquiry."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from services.classifier.classify import classify_records
from services.engine.job import Result
from services.messages.codec import LEFT_OUT_HEADER, classified, inquiries
from services.messages.record import Output
from services.messages.rejection import RejectedError
from services.model.text_model import load_model
from services.resources import shipped
from services.router.app import create_decider
from services.router.route import route_records
from services.router.settings import RouterSettings
from tests.records import BINARY, STRUCTURED, ARecord, an_envelope, an_inquiry

NOW = datetime(2026, 11, 24, tzinfo=UTC)
WRONG: list[tuple[str, Any]] = [
    ("received_at", "2026-11-02T09:30:00"),
    ("received_at", "2026-11-02"),
    ("received_at", ""),
    ("received_at", 1_764_000_000.5),
    ("received_at", {"$date": "2026-11-02T09:30:00Z"}),
    ("subject", 7),
    ("channel", ["email"]),
    ("language", {"code": "cy"}),
    ("reference", 88213),
    ("attributes", [["a", "b"]]),
    ("attributes", {"a": 1}),
]


def an_output(result: Result) -> Output:
    assert isinstance(result, Output)
    return result


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_optional_field_is_left_out(field: str, value: Any) -> None:
    """The inquiry is read without the field, and the bytes that travel on have it as it was."""
    data = an_inquiry(**{field: value})
    for record in (ARecord(data), ARecord(data, BINARY), ARecord(an_envelope(data), STRUCTURED)):
        received = inquiries.read(record)
        assert not getattr(received.body, field)
        assert received.data == data
        assert received.left_out == (field,)


def test_attributes_that_are_texts_are_read() -> None:
    """A number among the attributes is left out alone: what mail systems say beside it counts."""
    sent = {"size": 5, "Auto-Submitted": "auto-replied", "seen": None}
    received = inquiries.read(ARecord(an_inquiry(attributes=sent)))
    assert received.body.attributes == {"Auto-Submitted": "auto-replied"}
    assert received.left_out == ("attributes",)


def test_what_was_left_out_is_said_to_the_department() -> None:
    """Both services decide without the field, and a header of the result names it once."""
    data = an_inquiry(language={"code": "cy"}, received_at="", attributes={"n": 1})
    model = load_model(shipped("models", "uk-departments"), threads=1)
    [result] = classify_records([ARecord(data)], model, topic="c", now=NOW)
    between = an_output(result)
    assert between.left_out == ("language", "received_at", "attributes")
    record = ARecord(between.value, tuple(between.headers))
    [routed] = route_records([record], create_decider(RouterSettings()), NOW)
    headers = an_output(routed).headers
    said = [value for name, value in headers if name == LEFT_OUT_HEADER]
    assert said == [b"language,received_at,attributes"]
    assert b'"inquiry":' + data in (an_output(routed).value or b"")


def test_what_is_right_says_nothing() -> None:
    """An inquiry that keeps to the schema has no header of what was left out."""
    received = inquiries.read(ARecord(an_inquiry(subject=None, attributes={"a": "b"})))
    assert received.left_out == ()
    assert received.body.attributes == {"a": "b"}


@pytest.mark.parametrize("wrong", [{"id": 1}, {"text": None}, {"text": ""}])
def test_what_is_required_is_not_left_out(wrong: dict[str, Any]) -> None:
    """A required field that is wrong costs the inquiry, whatever else is wrong."""
    result = inquiries.read_or_reject(ARecord(an_inquiry(received_at="", **wrong)))
    assert isinstance(result, RejectedError)


def test_only_the_inquiry_is_read_so() -> None:
    """What the machine itself wrote beside the inquiry has to be right."""
    routed = msgspec.json.encode({"inquiry": {"id": "1", "text": "a"}, "classification": {}})
    assert isinstance(classified.read_or_reject(ARecord(routed)), RejectedError)
