"""The JSON Schema of every message, made from its type; `make schemas` writes them out."""

import sys
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from services.messages.dead_letter import REJECTED, REPLAYED, DeadLetter, Replayed
from services.messages.events import EVENTS
from services.messages.examples import example_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MESSAGES: dict[str, type[Struct]] = {**EVENTS, REJECTED: DeadLetter, REPLAYED: Replayed}


def schema_of(name: str) -> dict[str, Any]:
    """Give the schema of one message, with its example.

    Args:
        name: A key of `MESSAGES`, such as `inquiry.received.v1`.
    """
    message = MESSAGES[name]
    schema = msgspec.json.schema(message)
    for definition in schema["$defs"].values():
        definition["description"] = cleandoc(definition["description"])
    return {"$schema": DIALECT, "$id": name, "examples": [example_of(message)], **schema}


def inlined_schema_of(name: str) -> dict[str, Any]:
    """Give the schema of one message with its definitions in their places, for other documents."""
    schema = schema_of(name)
    whole: dict[str, Any] = _inline(schema, schema.pop("$defs"))
    return whole


def _inline(node: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(node, list):
        return [_inline(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    named = definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else {}
    merged = {**named, **{key: value for key, value in node.items() if key != "$ref"}}
    return {key: _inline(value, definitions) for key, value in merged.items()}


def write_schemas(folder: Path) -> None:
    """Write each schema to `folder` as NAME.json, replacing what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MESSAGES:
        text = msgspec.json.format(msgspec.json.encode(schema_of(name)), indent=2).decode()
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
