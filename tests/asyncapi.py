"""Holds records against an AsyncAPI document."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

from services.messages.record import Record

Json = dict[str, Any]


def is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


FORMATS = FormatChecker(formats=())
FORMATS.checks("date-time", raises=ValueError)(is_time)


def names_of(document: Json, record: Record) -> list[str]:
    """Name the messages of the record's topic that the record is valid against."""
    messages = document["channels"][record.topic]["messages"].values()
    names = [message["$ref"].rpartition("/")[2] for message in messages]
    return [name for name in names if not [*faults(document, name, record)]]


def faults(document: Json, name: str, record: Record) -> Iterator[str]:
    """Say where a record is not what the document says of a message, quoting none of it."""
    message = document["components"]["messages"][name]
    content_type = message.get("contentType", document["defaultContentType"])
    try:
        headers = {key: None if value is None else value.decode() for key, value in record.headers}
        value = read_as(content_type, record.value)
    except ValueError:
        yield f"its headers are not UTF-8, or its value is not {content_type}"
        return
    for part, schema, found in (
        ("headers", message["headers"], headers),
        ("value", message["payload"], value),
    ):
        for error in validator(document, schema).iter_errors(found):
            yield f"{part}: {error.json_path} against {error.validator}"


def read_as(content_type: str, value: bytes | None) -> Any:
    if value is None or not content_type.endswith("json"):
        return value
    return json.loads(value)


def validator(document: Json, schema: Json) -> Draft7Validator:
    """Return what checks values against a schema of the document, which may refer to others."""
    whole = {**schema, "components": document["components"]}
    return Draft7Validator(whole, format_checker=FORMATS)
