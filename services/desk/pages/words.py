"""A citizen's text made fit for a page: as it was written, and no character of it an order."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.desk.interface import Marked
from services.visible import visible

_line_ends = re.compile("\r\n?")
_tag = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,8}").fullmatch


class Stretch(NamedTuple):
    """A stretch of a text to show.

    Args:
        text: Its characters.
        rule: The rule whose phrase it is, if one.
        order: Whether it stands for characters that are orders to whoever displays them.
    """

    text: str
    rule: str | None = None
    order: bool = False

    def __repr__(self) -> str:
        """Show of which kind it is, never a word."""
        return f"Stretch(rule={self.rule!r}, order={self.order})"


def stretches(text: Sequence[Marked]) -> Iterator[Stretch]:
    """Yield a text's stretches, with orders parted from what was written."""
    for marked in text:
        for characters, order in _parted(_line_ends.sub("\n", marked.text)):
            yield Stretch(characters, marked.rule, order)


def _parted(text: str) -> Iterator[tuple[str, bool]]:
    shown = visible(text, lines=True)
    if shown == text:
        yield text, False
        return
    run, orders = [], False
    for each in text:
        escaped = visible(each, lines=True)
        if run and (escaped != each) is not orders:
            yield "".join(run), orders
            run = []
        orders = escaped != each
        run.append(escaped)
    yield "".join(run), orders


def language_attribute(tag: str | None) -> str | None:
    """Return a language's tag if it has the form of one, so that a page may carry it."""
    return tag if tag and _tag(tag) else None
