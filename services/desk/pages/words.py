"""A citizen's text made fit for a page: as it was written, and no character of it an order."""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from services.visible import visible

_line_ends = re.compile("\r\n?")
_tag = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,8}").fullmatch


class Piece(NamedTuple):
    """A piece of a text to show.

    Args:
        text: Its characters.
        order: Whether it stands for characters that are orders to whoever displays them.
    """

    text: str
    order: bool

    def __repr__(self) -> str:
        """Show of which kind it is, never a word."""
        return f"Piece(order={self.order})"


def pieces(text: str) -> Iterator[Piece]:
    """Yield a text in pieces, with orders parted from what was written."""
    text = _line_ends.sub("\n", text)
    if visible(text, lines=True) == text:
        yield Piece(text, order=False)
        return
    for order, run in groupby(text, key=_is_order):
        yield Piece("".join(visible(each, lines=True) for each in run), order)


def _is_order(character: str) -> bool:
    return visible(character, lines=True) != character


def language_attribute(tag: str | None) -> str | None:
    """Return a language's tag if it has the form of one, so that a page may carry it."""
    return tag if tag and _tag(tag) else None
