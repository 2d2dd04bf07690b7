"""A file's rows as they stand in it: cells by column, each row with its line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Wrong(NamedTuple):
    """What is wrong in a line of the file: the rest of a sentence that begins with the place."""

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Record:
    """A row: the line that it begins in, and its cells by column."""

    line: int
    cells: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True)
class Table:
    """All rows of a file that could be parsed, and what is wrong with the others.

    `form` says how they are written, such as "CSV, parted by commas"; `columns` are the names of
    all columns (they may be a citizen's words, where a file has no header); `empty` counts the rows
    that were left out because nothing stands in them.
    """

    form: str
    columns: Sequence[str] = field(repr=False)
    records: Sequence[Record] = field(repr=False)
    wrong: Sequence[Wrong]
    empty: int = 0
