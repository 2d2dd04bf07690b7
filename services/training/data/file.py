"""One file of inquiries, as it was read: its rows, checked, and all that is wrong in it."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from services.errors import ConfigurationError
from services.model.patterns import word_set
from services.training.data.cells import (
    CellError,
    date_of,
    far_from_others,
    flags_of,
    names_of,
    text_of,
    weight_of,
)
from services.training.data.columns import Columns
from services.training.data.csv_rows import parse_csv
from services.training.data.encoding import read_text
from services.training.data.faults import Fault, Place
from services.training.data.json_rows import looks_like_json, parse_json
from services.training.data.spelling import key_of
from services.training.data.table import Record, Table

T = TypeVar("T")

JSON_NAMES = frozenset({".json", ".jsonl", ".ndjson"})
# Headers that may be shown: of a file without one, the first row is what a citizen wrote.
COMMON = word_set(
    "text body message description content subject enquiry inquiry question comment comments",
    "details query summary title label labels department dept team category service directorate",
    "topic queue date day time received created opened timestamp id reference ref case channel",
    "flags flag language type status",
)

MOST_WORDS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be used: a text with all that is known of it."""

    line: int
    text: str = field(repr=False)
    labels: frozenset[str] = field(repr=False)
    date: date | None
    flags: frozenset[str] | None = field(repr=False)
    groups: tuple[str, ...] = field(repr=False)
    weight: float | None = None


@dataclass(frozen=True)
class File:
    """A file, how it is written, its rows, and what is wrong with those that cannot be used."""

    path: Path
    encoding: str
    table: Table
    rows: Sequence[Row]
    faults: Sequence[Fault]

    @property
    def summary(self) -> str:
        """One sentence: how many rows were read, as what, and how many were left out."""
        wrong = len(self.table.records) - len(self.rows) + len(self.table.wrong)
        counts = ((self.table.empty, "empty"), (wrong, "wrong"))
        left_out = "".join(f"; left out {count:,} {what}" for count, what in counts if count)
        form = f"{self.table.form}, in {self.encoding}"
        return f"{self.path}: {len(self.rows):,} rows read ({form}){left_out}."


def read_file(path: Path, columns: Columns, today: date) -> File:
    """Read a file and check its rows.

    Args:
        path: CSV, CSV.gz, JSON Lines or a JSON array.
        columns: Which columns to read.
        today: No row may have a later date.

    Raises:
        ConfigurationError: It cannot be read, or it is not certain how it is encoded.
    """
    decoded = read_text(path)
    text = decoded.text
    if not text.strip():
        raise ConfigurationError(f"{path} is empty: give a file with labelled texts.")
    is_json = bool(JSON_NAMES & {*path.suffixes}) or looks_like_json(text)
    table = (parse_json if is_json else parse_csv)(text, columns)
    faults = [Fault(Place(path, line), sentence) for line, sentence in table.wrong]
    if missing := [*_column_faults(table, columns, is_json=is_json)]:
        faults = [*(Fault(Place(path, 0), sentence) for sentence in missing), *faults]
        return File(path, decoded.encoding, replace(table, records=(), wrong=()), (), faults)
    rows = []
    for record in table.records:
        wrong = list[str]()
        if (row := _row(record, columns, today, wrong)) is not None:
            rows.append(row)
        faults += [Fault(Place(path, record.line), sentence) for sentence in wrong]
    faults += _far_dates(path, rows)
    return File(path, decoded.encoding, table, rows, sorted(faults))


def _column_faults(table: Table, columns: Columns, *, is_json: bool) -> Iterator[str]:
    """Say which columns are missing, and which of those that are asked for stand there twice."""
    if is_json and not table.records:
        return
    if is_json and len(table.records) == 1 and any(map(_has_rows, table.records[0].cells.values())):
        yield "has its rows in a list within an object: give that list alone."
        return
    for name in (columns.text, columns.label):
        if name not in table.columns:
            yield f"has no column {name}{_instead(name, table.columns)}."
    for name in columns.asked:
        if table.columns.count(name) > 1:
            yield f"has more than one column {name}: rename all of them but one."


def _has_rows(cell: object) -> bool:
    return isinstance(cell, list) and any(isinstance(each, dict) for each in cell)


def _instead(name: str, columns: Sequence[str]) -> str:
    if alike := [each for each in columns if key_of(each) == key_of(name)]:
        return f", but {alike[0]}: name that one"
    if usual := dict.fromkeys(each for each in columns if _is_usual(each)):
        return (
            f", but {len(columns):,} others, such as {', '.join(usual)}: name the one that is meant"
        )
    return (
        f": see that its first line names the columns ({len(columns):,} were found), and name "
        "the one that is meant"
    )


def _is_usual(column: str) -> bool:
    """Say whether a column's name is made of one to three words that name columns."""
    words = re.split(r"[ _-]", column.casefold())
    return len(words) <= MOST_WORDS and COMMON.issuperset(words)


def _row(record: Record, columns: Columns, today: date, wrong: list[str]) -> Row | None:
    """Check a record's cells; say what is wrong with each, and return no row if any is."""
    get, before = record.cells.get, len(wrong)
    if columns.label not in record.cells:
        wrong.append(
            f"has no {columns.label}: give each row one, empty where no department should get it."
        )
    text = _tried(lambda: text_of(get(columns.text), columns.text), wrong)
    labels = _tried(lambda: names_of(get(columns.label), columns.label), wrong)
    day, name = None, columns.date
    if name is not None and name in record.cells:
        day = _tried(lambda: date_of(get(name), name, today), wrong)
    flags, flag = None, columns.flags
    if flag is not None and get(flag) is not None:
        flags = _tried(lambda: flags_of(get(flag), flag), wrong)
    weight, heavy = None, columns.weight
    if heavy is not None and heavy in record.cells:
        weight = _tried(lambda: weight_of(get(heavy), heavy), wrong)
    if len(wrong) > before or text is None or labels is None:
        return None
    groups = tuple(str(get(each) or "") for each in columns.groups)
    return Row(record.line, text, labels, day, flags, groups, weight)


def _tried(check: Callable[[], T], wrong: list[str]) -> T | None:
    try:
        return check()
    except CellError as error:
        wrong.append(str(error))
        return None


def _far_dates(path: Path, rows: Sequence[Row]) -> list[Fault]:
    dated = [(row.line, row.date) for row in rows if row.date]
    return [
        Fault(
            Place(path, dated[number][0]),
            "has a date more than three years from nearly all others: correct it, or remove it.",
        )
        for number in far_from_others([day for _, day in dated])
    ]
