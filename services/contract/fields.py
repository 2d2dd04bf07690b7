"""What a JSON Schema says of an object's fields, as rows of a table."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

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


class Field(NamedTuple):
    """A field by its path; in type and meaning, what stands between backticks is code."""

    name: str
    required: bool
    type: str
    meaning: str


def fields(schema: Json, path: str = "") -> Iterator[Field]:
    """Yield each field of an object, and those of what is in it.

    Args:
        schema: The object's, without references.
        path: What stands before the names of its fields.
    """
    patterns = schema.get("patternProperties", {}).items()
    named = {f"{pattern.removeprefix('^')}…": field for pattern, field in patterns}
    for name, field in {**schema.get("properties", {}), **named}.items():
        required = name in schema.get("required", ())
        yield Field(path + name, required, _type(field), _meaning(field))
        for one in (field, *field.get("anyOf", ())):  # an object that may be there, or not
            yield from fields(one, f"{path}{name}.")
        yield from fields(field.get("items", {}), f"{path}{name}[].")


def _meaning(field: Json) -> str:
    descriptions = [each.get("description", "") for each in (field, *field.get("anyOf", ()))]
    return next(filter(None, descriptions), "")


def _type(schema: Json) -> str:
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if values := schema.get("enum", [schema["const"]] if "const" in schema else []):
        return ", ".join(f"`{value}`" for value in values)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    within = schema.get("items", schema.get("additionalProperties"))
    of = f" of {_type(within)}" if within else ""
    limits = [f", {form.format(schema[key])}" for key, form in LIMITS.items() if key in schema]
    return f"{' or '.join(kinds)}{of}{''.join(limits)}"
