"""The text of a JSON file to rows: objects one after the other, and arrays of them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from json import JSONDecoder
from typing import Any

from services.training.data.columns import Columns
from services.training.data.table import Record, Table, Wrong

_array = re.compile(r"\s*\[\s*[{\]]").match
_object = re.compile(r'\s*\{\s*["}]').match
_value = re.compile(r"[^ \t\r\n,]").search
_next_object = re.compile(r"\n[ \t]*(?=\{)").search


class _Object(dict[str, Any]):
    """A JSON object that knows which of its keys stand in it more than once."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        keys = Counter(key for key, _ in pairs) if len(pairs) > len(self) else Counter[str]()
        self.doubled = {key for key, count in keys.items() if count > 1}


def looks_like_json(text: str) -> bool:
    """Say whether a text begins as an object, or as an array of objects."""
    return bool(_object(text) or _array(text))


def parse_json(text: str, columns: Columns) -> Table:
    """Parse objects: one a line, over several lines, or in arrays, of which each is read.

    What is no object is wrong, and so is one that has a key twice that is asked for, and an array
    that is not closed. Objects in which nothing stands are left out and counted.
    """
    records, wrong = list[Record](), list[Wrong]()
    keys = dict[str, None]()
    empty = 0
    for line, value in _values(text):
        if isinstance(value, Wrong):
            wrong.append(value)
        elif doubled := [name for name in columns.asked if name in value.doubled]:
            wrong.append(Wrong(line, f"has {doubled[0]} twice: write it once."))
        elif all(cell is None or cell == "" for cell in value.values()):
            empty += 1
        else:
            keys.update(dict.fromkeys(value))
            records.append(Record(line, value))
    form = "a JSON array" if _array(text) else "JSON Lines"
    return Table(form, [*keys], records, wrong, empty)


def _values(text: str) -> Iterator[tuple[int, _Object | Wrong]]:
    """Return each object with its line; after what is none, go on at the next line with one."""
    decode = JSONDecoder(object_pairs_hook=_Object).raw_decode
    in_array = False
    place, line, counted = 0, 1, 0
    while found := _value(text, place):
        place = found.start()
        line += text.count("\n", counted, place)
        counted = place
        if text[place] == "]" if in_array else _array(text, place):
            in_array = not in_array
            place = text.index("[", place) + 1 if in_array else place + 1
            continue
        try:
            value, place = decode(text, place)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, _Object):
            yield line, value
            continue
        yield line, Wrong(line, "is not a JSON object: write one a line, or an array of them.")
        found = _next_object(text, place)
        if found is None:
            return
        place = found.end()
    if in_array:
        line += text.count("\n", counted)
        yield line, Wrong(line, "ends an array that is not closed: the file is cut off, export it.")
