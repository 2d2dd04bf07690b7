"""CloudEvents 1.0 over Kafka: binary and structured mode, and plain JSON without either.

Source: CloudEvents 1.0.2, "Kafka Protocol Binding", sections 3.1 to 3.3.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from services.messages.causes import BATCH, BOM, NOT_JSON, cause_of
from services.messages.record import Header, Headers, Record
from services.messages.rejection import RejectedError, Rejection

STRUCTURED = b"application/cloudevents"
BATCHED = b"application/cloudevents-batch"
SPEC_VERSION = b"1.0"

# What describes one event and would be wrong on the next one that is made from it.
CONTEXT_HEADERS = frozenset(
    [
        "content-type",
        "ce_id",
        "ce_source",
        "ce_specversion",
        "ce_type",
        "ce_datacontenttype",
        "ce_dataschema",
        "ce_subject",
        "ce_time",
    ]
)
# Of which the others are not read, and travel on as bytes.
READ_HEADERS = frozenset(["content-type", "ce_type", "ce_specversion"])
RECEIVED_AS = {name: f"received-{name}" for name in CONTEXT_HEADERS}


class Event(Struct, frozen=True, gc=False):
    """What a record says of its event: type (None for plain JSON), data, headers.

    `data` is byte for byte what the sender wrote. `headers` are the record's own; those of a
    structured-mode event have its attributes beside them, as binary mode would have sent them.
    """

    type: str | None
    data: bytes
    headers: Headers

    def __repr__(self) -> str:
        """Show of which type it is and how large, never what it says."""
        return f"Event(type={self.type!r}, data=<{len(self.data)} bytes>)"


class Envelope(Struct, frozen=True):
    """The members of a structured-mode event that decide how its data are read."""

    specversion: str
    type: str
    data: Raw = Raw()
    data_base64: bytes | UnsetType = UNSET

    def __repr__(self) -> str:
        """Show of which type the event is, never what it says."""
        return f"Envelope(type={self.type!r})"


_envelope = msgspec.json.Decoder(Envelope)
_members = msgspec.json.Decoder(dict[str, Raw])


def read(record: Record) -> Event:
    """Read a record in whichever of the three modes it was sent.

    Raises:
        RejectedError: The value is empty, a header that is read is not UTF-8, or the event's
            attributes are incomplete or of a version that we do not read.
    """
    value = (record.value or b"").removeprefix(BOM)  # which is no part of JSON
    if not value:
        raise RejectedError(Rejection.EMPTY_VALUE, "the record has no value")
    headers = record.headers
    named = dict(headers)
    content_type = named.get("content-type") or b""
    event_type, version = named.get("ce_type"), named.get("ce_specversion")
    said = content_type + (event_type or b"") + (version or b"")
    if len(named) < len(headers) or not said.isascii():
        _check_utf8(headers)
    media_type = content_type.lstrip().lower()
    if media_type.startswith(STRUCTURED):
        if media_type.startswith(BATCHED):
            raise RejectedError(Rejection.WRONG_EVENT, BATCH)
        return _read_structured(value, headers)
    if event_type is None and version is None:
        return Event(None, value, headers)
    _check_version(version or b"")
    if event_type is None:
        raise RejectedError(Rejection.WRONG_EVENT, "the header ce_type is missing")
    return Event(event_type.decode(), value, headers)


@lru_cache(maxsize=16)  # the same for a whole batch
def context(event_type: str, source: str, time: datetime) -> tuple[tuple[str, bytes], ...]:
    """Return the headers, all but `ce_id`, that make a record a binary-mode event."""
    return (
        ("ce_specversion", SPEC_VERSION),
        ("ce_type", event_type.encode()),
        ("ce_source", source.encode()),
        ("ce_time", time.isoformat().encode()),
        ("content-type", b"application/json"),
    )


def as_received(headers: Headers) -> list[Header]:
    """Return every header, those of the received event's own context under `received-…`."""
    return [(RECEIVED_AS.get(name, name), value) for name, value in headers]


def without_context(headers: Headers) -> list[Header]:
    """Return the headers that travel on from one of our own events to the next."""
    return [header for header in headers if header[0] not in CONTEXT_HEADERS]


def _check_utf8(headers: Headers) -> None:
    """See that the headers that are read are text; all others are bytes, and nobody's business."""
    for name, value in headers:
        if value and name in READ_HEADERS:
            try:
                value.decode()
            except UnicodeDecodeError as error:
                detail = f"the value of a header of the event is not UTF-8 at byte {error.start}"
                raise RejectedError(Rejection.HEADER_NOT_UTF8, detail) from None


def _check_version(version: bytes) -> None:
    if not version:
        raise RejectedError(Rejection.WRONG_EVENT, "the attribute specversion is missing")
    if version != SPEC_VERSION:
        detail = "the CloudEvents version is not 1.0"
        raise RejectedError(Rejection.UNSUPPORTED_VERSION, detail)


def _read_structured(value: bytes, headers: Headers) -> Event:
    try:
        envelope = _envelope.decode(value)
        attributes = [*_attributes(value)]
    except msgspec.ValidationError as error:
        raise RejectedError(Rejection.WRONG_EVENT, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        detail = cause_of(value, NOT_JSON) or "the structured-mode envelope is not JSON"
        raise RejectedError(Rejection.NOT_JSON, detail) from None
    _check_version(envelope.specversion.encode())
    data = bytes(envelope.data) or envelope.data_base64
    if not isinstance(data, bytes):
        raise RejectedError(Rejection.WRONG_EVENT, "the envelope has no member data")
    return Event(envelope.type, data, [*headers, *attributes])


def _attributes(value: bytes) -> Iterator[tuple[str, bytes]]:
    for name, raw in _members.decode(value).items():
        if name not in {"data", "data_base64"}:
            attribute = msgspec.json.decode(raw)
            text = attribute.encode() if isinstance(attribute, str) else bytes(raw)
            yield f"ce_{name}", text
