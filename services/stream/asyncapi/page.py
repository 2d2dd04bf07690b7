"""An AsyncAPI document as a page for people, which needs nothing else: no script, no other file."""

import json
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from services.stream.asyncapi.fields import Json, rows
from services.stream.asyncapi.prose import prose

PAGE = Path(__file__).with_name("page.html")
ACTIONS = {"receive": "Reads", "send": "Writes"}
HEAD = "".join(f"<th scope='col'>{name}</th>" for name in ("Name", "Type", "Meaning"))


def render(document: Json) -> str:
    """Write the page of the document of a service."""
    whole = _resolved(document, document)
    info = whole["info"]
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        title=escape(info["title"]),
        version=escape(info["version"]),
        description=prose(info["description"]),
        servers="".join(map(_server, whole["servers"].values())),
        topics="".join(_topics(whole["operations"].values())),
        messages="".join(map(_message, whole["components"]["messages"].values())),
    )


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


def _server(server: Json) -> str:
    ways = " or ".join(scheme["type"] for scheme in server["security"]) or "no user"
    return (
        f"<tr><th scope='row'><code>{escape(server['host'])}</code></th>"
        f"<td>{escape(server['protocol'])}</td><td>{escape(ways)}</td></tr>"
    )


def _topics(operations: Iterable[Json]) -> Iterator[str]:
    """Write a section for all topics that are used in the same way for the same messages."""
    groups: dict[tuple[str, str], list[Json]] = {}
    for operation in operations:
        channel = operation["channel"]
        groups.setdefault((operation["action"], channel["summary"]), []).append(channel)
    for (action, summary), channels in groups.items():
        names = "".join(f"<li><code>{escape(each['address'])}</code></li>" for each in channels)
        messages = map(escape, channels[0]["messages"])
        links = ", ".join(f"<a href='#{each}'>{each}</a>" for each in messages)
        yield (
            f"<section><h3><span>{ACTIONS[action]}</span> {escape(summary)}</h3>"
            f"<ul class='topics'>{names}</ul>{prose(channels[0]['description'])}"
            f"<p>Messages: {links}</p></section>"
        )


def _message(message: Json) -> str:
    name = escape(message["name"])
    return (
        f"<section id='{name}'><h3>{name}</h3><p>{escape(message['summary'])}</p>"
        f"{prose(message.get('description', ''))}"
        f"{_table('Headers', message['headers'])}{_table('Value', message['payload'])}"
        f"<h4>Example</h4><pre tabindex='0'>{escape(_example(message['examples'][0]))}</pre>"
        "</section>"
    )


def _table(title: str, schema: Json) -> str:
    body = "".join(rows(schema))
    said = prose(schema.get("description", "" if body else "None."))
    table = f"<table><thead><tr>{HEAD}</tr></thead><tbody>{body}</tbody></table>" if body else ""
    return f"<h4>{title}</h4>{said}{table}"


def _example(example: Json) -> str:
    headers = [f"{name}: {value}" for name, value in example.get("headers", {}).items()]
    value = json.dumps(example["payload"], indent=2, ensure_ascii=False)
    return "\n".join([*headers, "", value]).strip()
