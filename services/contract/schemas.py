"""The JSON Schema of every message, made from its type; `make schemas` writes them out."""

import sys
from collections.abc import Iterable
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from services.messages.dead_letter import REJECTED, REPLAYED, DeadLetter, Replayed
from services.messages.events import EVENTS
from services.messages.examples import example_of
from services.messages.returned import RETURNED, Return

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MESSAGES: dict[str, type[Struct]] = {
    **EVENTS,
    RETURNED: Return,
    REJECTED: DeadLetter,
    REPLAYED: Replayed,
}


def schema_of(name: str) -> dict[str, Any]:
    """Return the schema of one message, with its example.

    Args:
        name: A key of `MESSAGES`, such as `inquiry.received.v1`.
    """
    message = MESSAGES[name]
    schema = msgspec.json.schema(message)
    _tidy(schema["$defs"])
    return {"$schema": DIALECT, "$id": name, "examples": [example_of(message)], **schema}


def definitions_of(names: Iterable[str], place: str) -> dict[str, Any]:
    """Return the schemas of some messages, and of all that is in them, by the names of their types.

    Args:
        names: Keys of `MESSAGES`.
        place: Where the document that they are for keeps them, such as `#/components/schemas`.
    """
    messages = [MESSAGES[name] for name in names]
    _, schemas = msgspec.json.schema_components(messages, ref_template=f"{place}/{{name}}")
    _tidy(schemas)
    return schemas


def _tidy(definitions: dict[str, Any]) -> None:
    for definition in definitions.values():
        definition["description"] = cleandoc(definition["description"])


def write_schemas(folder: Path) -> None:
    """Write each schema to `folder` as NAME.json, replacing what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MESSAGES:
        text = msgspec.json.format(msgspec.json.encode(schema_of(name)), indent=2).decode()
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
