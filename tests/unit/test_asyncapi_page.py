import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import httpx
import pytest

from services.clock import utc_now
from services.contract.asyncapi import document
from services.contract.page import render
from services.kafka.settings import KafkaSettings
from services.messages.dead_letter import REJECTED
from services.messages.events import CLASSIFIED, RECEIVED, ROUTED
from services.router.app import create_app
from services.router.settings import RouterSettings
from tests.asyncapi import Json

ALL = {"received": RECEIVED, "classified": CLASSIFIED, "routed": ROUTED, "rejected": REJECTED}


def a_document(title: str = "a service") -> Json:
    return document(
        title=title, version="1.0", kafka=KafkaSettings(), group="group", reads={}, writes=ALL
    )


class Page(HTMLParser):
    """The elements of a page, in order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def fields(schemas: Json) -> Iterator[str]:
    for schema in schemas.values():
        yield from schema.get("properties", {})


def test_the_page_shows_all_of_the_document() -> None:
    """Each topic, message, header and field stands on the page, with type, limits and meaning."""
    shown, written = Page(render(a_document())), a_document()
    names = {*ALL, *written["components"]["messages"], *fields(written["components"]["schemas"])}
    assert [name for name in names if name not in shown.text] == []
    text = " ".join(shown.text.split())
    assert "inquiry.text requiredstring, length ≥ 1, length ≤ 20,000What the citizen wrote." in text
    assert "route.priority requiredhigh, normal" in text
    assert "classification.alternatives[].probability requirednumber, ≥ 0, ≤ 1" in text
    assert "received_atstring, date-time or nullRFC 3339" in text


def replaced(node: Any, text: str) -> Any:
    """Return a document in which every sentence is another."""
    if isinstance(node, list):
        return [replaced(each, text) for each in node]
    if not isinstance(node, dict):
        return node
    prose = {"summary", "description", "const", "host", "protocol", "id", "text", "address"}
    return {
        name: text if name in prose and isinstance(value, str) else replaced(value, text)
        for name, value in node.items()
    }


@pytest.mark.parametrize("text", ["<u>", "&lt;", '"><u>', "'><u>"])
def test_whatever_a_document_says_is_text(text: str) -> None:
    """Nothing in a document becomes an element of the page."""
    plain, odd = Page(render(a_document())), Page(render(replaced(a_document(text), text)))
    assert text in odd.text
    tags = {tag for tag, _ in odd.elements}
    assert tags <= {tag for tag, _ in plain.elements}


def test_the_page_needs_nothing_else() -> None:
    """The page loads no script, style, font or picture, and leads only to the document."""
    page = render(a_document())
    shown = Page(page)
    assert not re.search(r"url\(|@import|https?:|\bsrc=|\bon[a-z]+=", page)
    assert {"script", "link", "img", "iframe"}.isdisjoint(tag for tag, _ in shown.elements)
    ids = {f"#{attributes['id']}" for _, attributes in shown.elements if "id" in attributes}
    assert {link["href"] for link in shown.all("a")} <= ids | {"asyncapi.json"}


def test_the_page_can_be_read_aloud() -> None:
    """Headings leave out no level, every head of a table says what it heads, and all is closed."""
    shown = Page(render(a_document()))
    levels = [int(tag[1]) for tag, _ in shown.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert {head["scope"] for head in shown.all("th")} == {"col", "row"}
    assert shown.all("html") == [{"lang": "en"}]
    assert shown.open == []


async def test_a_service_serves_its_page() -> None:
    """`/asyncapi` is HTML that may load nothing, and shows the topics of the routing table."""
    app = create_app(RouterSettings(), KafkaSettings(), utc_now)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://router") as client:
        page, machine = await client.get("/asyncapi"), await client.get("/asyncapi.json")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert machine.headers["content-type"] == "application/json"
    assert [topic for topic in machine.json()["channels"] if topic not in page.text] == []
