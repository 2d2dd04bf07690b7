import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

import services

MARK = "Blodwen"
# The fields whose values may be what a citizen wrote, or name one.
WORDS = {
    *("text", "texts", "subject", "reference", "attributes", "value", "values", "data", "example"),
    *("data_base64", "key", "headers", "fragment", "fragments", "lines", "content"),
}
# What such a field is annotated as, where it holds words and no number, path or name.
TYPES = ("str", "bytes", "Raw", "Header", "Record", "Values")
NAMES = {("Columns", "text")}


class Anything:
    """Stands for what has no words."""

    def __getattr__(self, name: str) -> "Anything":
        return self

    def __repr__(self) -> str:
        return "0"


def fields_of(kind: type) -> tuple[str, ...]:
    if dataclasses.is_dataclass(kind):
        return tuple(each.name for each in dataclasses.fields(kind) if each.init)
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    return getattr(kind, "_fields", ()) if issubclass(kind, tuple) else ()


def kinds_of_value() -> Iterator[type]:
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if not module.name.endswith("__main__"):
            for kind in vars(importlib.import_module(module.name)).values():
                if isinstance(kind, type) and kind.__module__ == module.name:
                    yield kind


def words_in(kind: type) -> set[str]:
    return {
        name
        for name in WORDS.intersection(fields_of(kind))
        if any(each in str(kind.__annotations__[name]) for each in TYPES)
        and (kind.__name__, name) not in NAMES
    }


HOLDING = sorted({kind for kind in kinds_of_value() if words_in(kind)}, key=lambda k: k.__name__)


def test_there_are_values_that_hold_words() -> None:
    """The messages, what is read of them and what is learnt from are among those that are held."""
    found = {kind.__name__ for kind in HOLDING}
    assert {
        "Inquiry",
        "Reading",
        "Received",
        "Event",
        "Output",
        "Dataset",
        "Texts",
        "Line",
    } <= found


@pytest.mark.parametrize("kind", HOLDING, ids=lambda kind: kind.__name__)
def test_no_repr_shows_what_a_citizen_wrote(kind: Any) -> None:
    """Whatever value holds words of an inquiry, its repr has none of them."""
    words = words_in(kind)
    made = kind(**{name: MARK if name in words else Anything() for name in fields_of(kind)})
    assert MARK not in repr(made)
    assert MARK not in f"{[made]}"
