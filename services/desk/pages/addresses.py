"""Where the pages are, and what an address says."""

import re
from collections.abc import Mapping

from services.desk.interface import Item, Position
from services.messages.judgement import Source

SOURCES: tuple[Source, ...] = ("review", "audit")
_PAIR = r"[0-9]{1,9}:[0-9]{1,18}"
_position = re.compile(rf"{_PAIR}(,{_PAIR}){{0,999}}").fullmatch
_number = re.compile(r"[0-9]{1,18}").fullmatch


def address_of(item: Item) -> str:
    """Return the path of an inquiry's page."""
    return f"/inquiries/{item.source}/{item.partition}/{item.offset}"


def after(path: str, position: Position) -> str:
    """Return an address that shows what has been done up to a position of the log."""
    if not position:
        return path
    written = ",".join(f"{partition}:{offset}" for partition, offset in sorted(position.items()))
    return f"{path}?after={written}"


def position_of(written: str) -> Position:
    """Read what `after` wrote; what it cannot have written is no position at all."""
    if not _position(written):
        return {}
    pairs = (each.split(":") for each in written.split(","))
    return {int(partition): int(offset) for partition, offset in pairs}


def item_of(parts: Mapping[str, str]) -> Item | None:
    """Return the inquiry that a path names, or None where there can be none."""
    source, partition, offset = parts["source"], parts["partition"], parts["offset"]
    if source not in SOURCES or not _number(partition) or not _number(offset):
        return None
    return Item(source, int(partition), int(offset))


def both(one: Position, other: Position) -> Position:
    """Return the position that is behind neither of two."""
    return {each: max(one.get(each, 0), other.get(each, 0)) for each in {*one, *other}}
