"""Why a value is not what was asked for: what systems send instead, each by a name people know.

Only looked at once a value could not be read. No sentence quotes any of it.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw

BOM = b"\xef\xbb\xbf"


class Cause(NamedTuple):
    """What is sent instead of an inquiry's JSON: how it is recognised, and what to say of it."""

    found: Callable[[bytes], object]
    meaning: str


def _begins(pattern: bytes) -> Callable[[bytes], object]:
    return re.compile(pattern, re.DOTALL).match


def _has_members(*names: str) -> Callable[[bytes], object]:
    def found(value: bytes) -> bool:
        try:
            return members_of(value).keys() >= set(names)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False

    return found


# The first that is found counts: UTF-16 without a mark begins as Confluent's frame does.
NOT_JSON: Sequence[Cause] = (
    Cause(
        _begins(rb'\xff\xfe|\xfe\xff|[\s{\["]\x00|(?:\x00|\x00\x00\x00)[{\["]\x00'),
        "the value is UTF-16 or UTF-32: send UTF-8",
    ),
    Cause(
        _begins(rb"\x00.{4}"),
        "the value begins with Confluent's frame, 0x00 and four bytes: send the JSON alone, "
        "without a schema registry's serializer",
    ),
    Cause(
        _begins(rb"\x03[\x00\x05].{16}"),
        "the value begins with the frame of AWS Glue, 0x03 and 17 bytes: send the JSON alone, "
        "without a schema registry's serializer",
    ),
    Cause(_begins(rb"Obj\x01"), "the value is a file of Avro: send JSON"),
    Cause(
        _begins(rb"(?:\xef\xbb\xbf)+\s*[{\[\"]"),
        "the value begins with several byte order marks: send one, or none",
    ),
    Cause(
        _begins(
            rb"\x1f\x8b|\x28\xb5\x2f\xfd|PK\x03\x04|\x04\x22\x4d\x18|BZh\d|\xfd7zXZ|\x82SNAPPY"
        ),
        "the value is compressed: let the client compress (compression.type), or nobody",
    ),
    Cause(_begins(rb"\xac\xed\x00\x05"), "the value is a serialized Java object: send JSON"),
    Cause(_begins(rb"\s*<"), "the value is XML or HTML: send JSON"),
    Cause(_begins(rb"eyJ[\w+/-]*=*\s*\Z"), "the value is JSON in base64: send the JSON itself"),
    Cause(
        _begins(rb"[\w.%+\[\]-]+=(?:[^\s&]*&[\w.%+\[\]-]+=|\S*\s*\Z)"),
        "the value is a form (a=1&b=2): send JSON",
    ),
    Cause(_begins(rb"\s*\{\s*'"), "names and texts stand in single quotes: JSON has double ones"),
    Cause(
        _begins(rb"\s*[A-Za-z]+[\s,;:.]"), "the value is text or CSV: send JSON with id and text"
    ),
    Cause(
        _begins(rb'\s*(?:"(?:[^"]|"")*"|[\w.+-]+)[,;\t]'),
        "the value is text or CSV: send JSON with id and text",
    ),
    Cause(
        _begins(rb"[^\0]*\0"),
        "the value has a NUL byte, which JSON has nowhere: send none, at its end neither",
    ),
    Cause(
        re.compile(
            rb"(?<!\\)(?:\\\\)*\\u[dD](?:[89abAB]..(?!\\u[dD][c-fC-F])|"
            rb"(?<!\\u[dD][89abAB]..\\u[dD])[c-fC-F])"
        ).search,
        "a text has half a surrogate pair, such as \\ud83d alone: send both halves, or UTF-8",
    ),
)
# Of JSON that does not follow the schema.
NOT_AN_INQUIRY: Sequence[Cause] = (
    Cause(_begins(rb'\s*"\s*[{\[]'), "the JSON is a text with JSON in it: encode it once"),
    Cause(_begins(rb"\s*\["), "the value is a list: send one inquiry a record"),
    Cause(
        _has_members("schema", "payload"),
        "the value is Kafka Connect's envelope: set value.converter.schemas.enable=false",
    ),
    Cause(
        _has_members("before", "after", "op"),
        "the value is Debezium's envelope: send what is in `after` alone, as its transform "
        "ExtractNewRecordState does",
    ),
)
BATCH = "the value is a batch of events (application/cloudevents-batch+json): send one a record"
ENVELOPE = Cause(
    _has_members("specversion", "type"),
    "the value is a CloudEvents envelope and no header says so: send content-type "
    "application/cloudevents+json",
)
HTTP_HEADERS = "its headers begin with ce- as over HTTP: over Kafka they begin with ce_"
CAPITALS = "its headers of CloudEvents have capitals: over Kafka they are ce_type and the like"

_members = msgspec.json.Decoder(dict[str, Raw])


def members_of(value: bytes) -> dict[str, Raw]:
    """Return the members of a JSON object, each as it was written.

    Raises:
        msgspec.DecodeError: It is no JSON object.
    """
    return _members.decode(value)


def cause_of(value: bytes, causes: Sequence[Cause]) -> str | None:
    """Say what a value is instead, or None where that is not known."""
    return next((cause.meaning for cause in causes if cause.found(value)), None)
