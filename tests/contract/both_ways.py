"""Whether two releases read each other's messages: what either shows is valid where the other is.

A test holds each schema against the type that a release reads by.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from jsonschema import Draft202012Validator


def shared(one: Path, other: Path) -> list[str]:
    """Return the messages of which both folders have the schema, by name."""
    names = [{path.stem for path in each.glob("*.v?.json")} for each in (one, other)]
    return sorted(set.intersection(*names))


def unread(one: Path, other: Path) -> list[str]:
    """Return those of which either has an example that is not valid by the other's schema."""
    return [
        name
        for name in shared(one, other)
        if not (_reads(one, other, name) and _reads(other, one, name))
    ]


def _reads(reader: Path, writer: Path, name: str) -> bool:
    schema = Draft202012Validator(json.loads(_text(reader, name)))
    return all(schema.is_valid(example) for example in _examples(writer, name))


def _examples(folder: Path, name: str) -> Iterator[object]:
    yield from json.loads(_text(folder, name))["examples"]


def _text(folder: Path, name: str) -> str:
    return (folder / f"{name}.json").read_text(encoding="utf-8")
