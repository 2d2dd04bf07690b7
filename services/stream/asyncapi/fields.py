"""What a JSON Schema says of an object's fields, as rows of a table."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from services.stream.asyncapi.prose import inline

Json = Mapping[str, Any]

LIMITS = {
    "format": "{}",
    "contentEncoding": "{}",
    "minLength": "length ≥ {:,}",
    "maxLength": "length ≤ {:,}",
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "pattern": "matches `{}`",
}


def rows(schema: Json, path: str = "") -> Iterator[str]:
    """Write a row of HTML for each field, and for those of what is in it.

    Args:
        schema: The object's, without references.
        path: What stands before the names of its fields.
    """
    patterns = schema.get("patternProperties", {}).items()
    named = {f"{pattern.removeprefix('^')}…": field for pattern, field in patterns}
    for name, field in {**schema.get("properties", {}), **named}.items():
        required = " <small>required</small>" if name in schema.get("required", ()) else ""
        yield (
            f"<tr><th scope='row'><code>{escape(path + name)}</code>{required}</th>"
            f"<td>{_type(field)}</td><td>{inline(_meaning(field))}</td></tr>"
        )
        yield from rows(field, f"{path}{name}.")
        yield from rows(field.get("items", {}), f"{path}{name}[].")


def _meaning(field: Json) -> str:
    said = [each.get("description", "") for each in (field, *field.get("anyOf", ()))]
    return next(filter(None, said), "")


def _type(schema: Json) -> str:
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return ", ".join(f"<code>{escape(value)}</code>" for value in values)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    within = schema.get("items", schema.get("additionalProperties"))
    of = f" of {_type(within)}" if within else ""
    limits = [f", {said.format(schema[each])}" for each, said in LIMITS.items() if each in schema]
    return f"{escape(' or '.join(kinds))}{of}{inline(''.join(limits))}"
