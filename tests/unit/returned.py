"""What departments return, as tests make it: a department's event with headers of its own."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec

from services.messages.codec import (
    Judged,
    classified,
    write_classified,
    write_decided,
    write_routed,
)
from services.messages.codec import inquiries as received_inquiries
from services.messages.decision import Classification, Route
from services.messages.events import CLASSIFIED, Classified
from services.messages.examples import example_of
from services.messages.judgement import Decision
from services.messages.record import Header, Output
from services.settler.returns import Rules
from tests.records import ARecord

NOW = datetime(2026, 11, 2, 10, 4, tzinfo=UTC)
PARTITIONS = 4
PARTITION = 3
RULES = Rules(
    departments={"tax": "d.tax", "department-for-work-pensions": "d.pensions"},
    not_ours="not-ours",
    review="review",
    table="t-1",
    event_topics=frozenset({"classified", "review", "audit"}),
)
# Spaces and escapes as no encoder of ours would write them, within the JSON and around it.
INQUIRY = b' {"id" :\t"q-1", "text": "\\u0057here is my pension?", "route": 1}\n'
SAID: dict[str, bytes | None] = {"returned-why": b"not-ours", "returned-by": b"desk-4"}
DECISION = Decision(
    outcome="department", judgement="j-1", mode="blind", by="p-1", at=NOW, department="tax"
)


def partition_of(key: bytes | None, number: int) -> int:
    """Leave everything on one partition, but what has another key."""
    return PARTITION if key == b"case-1" else number % PARTITIONS


def a_routed(
    inquiry: bytes = INQUIRY, offset: int = 1, topic: str = "d.pensions", **route: Any
) -> Output:
    """Return an inquiry as a department gets it of the router."""
    headers: tuple[Header, ...] = (("trace", b"\xff\x00"), ("ce_id", b"e-1"))
    headers += (("ce_source", b"/crm"), ("ce_specversion", b"1.0"))
    headers += (("ce_type", b"inquiry.received.v1"),)
    came = ARecord(inquiry, headers, partition=PARTITION, offset=offset)
    example = example_of(Classified)["classification"]
    classification = msgspec.convert(example, Classification)
    written = write_classified(
        came, received_inquiries.read(came), classification, topic="classified", by="/c"
    )
    record = as_record(written, offset, "classified")
    assert dict(record.headers)["ce_type"] == CLASSIFIED.encode()
    said = {"reason": "confident", "priority": "normal", "table": "t-0", **route}
    routed = msgspec.convert(said | {"topic": topic, "routed_at": NOW}, Route)
    return write_routed(record, classified.read(record), routed, by="/r")


def a_decided(judged: Judged, decision: Decision = DECISION, topic: str = "d.tax") -> Output:
    """Return an inquiry as a department gets it of a person."""
    return write_decided(judged, decision, topic=topic, by="/s", at=NOW)


def as_record(output: Output, offset: int, topic: str | None = None) -> ARecord:
    """Return what was written as it is read."""
    return ARecord(
        output.value,
        tuple(output.headers),
        output.key,
        topic or output.topic,
        PARTITION,
        offset,
    )


def a_return(
    event: Output | None = None,
    offset: int = 0,
    said: Mapping[str, bytes | None] = SAID,
    also: Mapping[str, bytes | None] = MappingProxyType({}),
    **headers: bytes | None,
) -> ARecord:
    """Return what a department sends back of its event."""
    own = {**said, **{name.replace("_", "-"): value for name, value in headers.items()}, **also}
    record = as_record(event or a_routed(), offset, "returned")
    return record._replace(headers=(*record.headers, *own.items()))


def body_of(output: Output) -> dict[str, Any]:
    """Return what is in an event."""
    body: dict[str, Any] = json.loads(output.value or b"")
    return body
