"""Records as tests make them: everything has a default, and a test names what it is about."""

import json
from typing import Any, NamedTuple

from services.messages.record import Header

BINARY = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-1"),
    ("ce_source", b"/crm"),
    ("ce_type", b"inquiry.received.v1"),
    ("content-type", b"application/json"),
)
STRUCTURED = (("content-type", b"application/cloudevents+json; charset=utf-8"),)


class ARecord(NamedTuple):
    """A consumed record."""

    value: bytes | None
    headers: tuple[Header, ...] = ()
    key: bytes | None = b"case-1"
    topic: str = "inquiries"
    partition: int = 3
    offset: int = 4711
    timestamp: int = 1_764_000_000_000


def an_inquiry(**fields: Any) -> bytes:
    """Return the bytes of an inquiry, with some fields set otherwise."""
    return json.dumps({"id": "q-1", "text": "Where is my pension?", **fields}).encode()


def an_envelope(data: bytes, **attributes: Any) -> bytes:
    """Return a structured-mode event around `data`, which stays as it is."""
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/crm",
        "type": "inquiry.received.v1",
        **attributes,
    }
    return json.dumps(event).encode()[:-1] + b', "data": ' + data + b"}"
