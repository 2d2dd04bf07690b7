"""An AsyncAPI document as a page for people, which needs nothing else: no script, no other file."""

import json
from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.contract.fields import Json, fields
from services.contract.prose import inline, prose
from services.palette import css

ACTIONS = {"receive": "Reads", "send": "Writes"}


def render(document: Json) -> str:
    """Return the page of a service's document."""
    whole = _resolved(document, document)
    topics = _topics(whole["operations"].values())
    return (
        _environment()
        .get_template("page.html.jinja")
        .render({**whole, "topics": topics, "palette": css()})
    )


def _environment() -> Environment:
    # Only what `inline` and `prose` have escaped themselves is taken for HTML.
    environment = Environment(
        loader=PackageLoader("services.contract", ""), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {"fields": fields, "inline": inline, "prose": prose, "example": _example}
    return environment


def _resolved(node: Any, document: Json) -> Any:  # noqa: ANN401 - any JSON value
    """Put what is referred to in the place of each reference."""
    if isinstance(node, list):
        return [_resolved(each, document) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {name: _resolved(each, document) for name, each in node.items()}
    found: Any = document
    for name in node["$ref"].split("/")[1:]:
        found = found[name]
    return _resolved(found, document)


def _topics(operations: Iterable[Json]) -> list[tuple[tuple[str, str], list[Json]]]:
    """Group the topics that are used in the same way for the same messages."""
    groups: dict[tuple[str, str], list[Json]] = {}
    for operation in operations:
        channel = operation["channel"]
        groups.setdefault((ACTIONS[operation["action"]], channel["summary"]), []).append(channel)
    return [*groups.items()]


def _example(example: Json) -> str:
    headers = [f"{name}: {value}" for name, value in example.get("headers", {}).items()]
    value = json.dumps(example["payload"], indent=2, ensure_ascii=False)
    return "\n".join([*headers, "", value]).strip()
