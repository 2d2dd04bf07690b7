"""Reads labelled texts: CSV, CSV.gz and JSON Lines, of one file or several."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from services.errors import ConfigurationError

csv.field_size_limit(2**31 - 1)

MOST_NAMES, LONGEST_NAME = 20, 60


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read.

    Of several files, some may lack the columns of the date and of the flags: their rows have none.
    """

    text: str
    label: str
    date: str | None = None
    flags: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Dataset:
    """Texts with their labels, all of the same length.

    A text may have several labels that count as right; one that has none is out of remit. With
    dates, the rows stand in the order of time, those without one first. `flags` are what a person
    must see first; they are None where no file says anything of flags. `groups` has the values of
    other columns, by their names.
    """

    texts: Sequence[str]
    labels: Sequence[frozenset[str]]
    dates: Sequence[date | None] | None
    flags: Sequence[frozenset[str]] | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)


def read_dataset(paths: Sequence[Path], columns: Columns) -> Dataset:
    """Read files into one data set.

    Several labels or flags of a row are separated by `|`.

    Raises:
        ConfigurationError: A file cannot be read, lacks a column, is not UTF-8, or has an empty
            text or a wrong date; the sentence names the file and the row.
    """
    rows = [row for path in paths for row in _rows_of(path, columns)]
    if not rows:
        raise ConfigurationError(f"{_names(paths)} has no rows: give a file with labelled texts.")
    rows.sort(key=lambda row: row[2] or date.min)
    texts, labels, dates, flags, groups = zip(*rows, strict=True)
    return Dataset(
        texts,
        labels,
        dates if any(dates) else None,
        tuple(each or frozenset() for each in flags) if any(f is not None for f in flags) else None,
        {name: [each[n] for each in groups] for n, name in enumerate(columns.groups)},
    )


def check_columns(paths: Sequence[Path], data: Sequence[Dataset], columns: Columns) -> None:
    """See that the columns of date and flags, where they are named, are in one of the files.

    Raises:
        ConfigurationError: One is in none of them.
    """
    if columns.date and all(each.dates is None for each in data):
        raise ConfigurationError(f"{_names(paths)} has no column {columns.date}: leave --date out.")
    if columns.flags and all(each.flags is None for each in data):
        raise ConfigurationError(
            f"{_names(paths)} has no column {columns.flags}: leave --flags out."
        )


Row = tuple[str, frozenset[str], date | None, frozenset[str] | None, tuple[str, ...]]


def _rows_of(path: Path, columns: Columns) -> Iterator[Row]:
    try:
        lines = io.StringIO(_decoded(path), newline="")
        for number, row in enumerate(_parsed(path, lines, columns), start=1):
            yield _row(path, number, row, columns)
    except csv.Error as error:
        raise ConfigurationError(f"{path} is not CSV ({error}): save it again as CSV.") from None


def _decoded(path: Path) -> str:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8 at byte {error.start}: save it as UTF-8."
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "not a complete gzip file"
        raise ConfigurationError(
            f"{path} cannot be read ({reason}): name a CSV, CSV.gz or JSON Lines file."
        ) from None


def _parsed(path: Path, lines: io.StringIO, columns: Columns) -> Iterable[Mapping[str, Any]]:
    if ".jsonl" in path.suffixes or ".ndjson" in path.suffixes:
        return _json_lines(path, lines)
    reader = csv.DictReader(lines)
    for name in (columns.text, columns.label):
        if name not in (reader.fieldnames or ()):
            raise ConfigurationError(
                f"{path} has no column {name}: it has {', '.join(reader.fieldnames or ())}."
            )
    return reader


def _json_lines(path: Path, lines: io.StringIO) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError:
                raise ConfigurationError(
                    f"{path} line {number} is not a JSON object: write one a line."
                ) from None


def _row(path: Path, number: int, row: Mapping[str, Any], columns: Columns) -> Row:
    text, label = row.get(columns.text), row.get(columns.label)
    if not isinstance(text, str) or not text.strip():
        raise ConfigurationError(
            f"{path} row {number} has no text in {columns.text}: remove the row or fill it in."
        )
    if label is None and columns.label not in row:
        raise ConfigurationError(
            f"{path} row {number} has no {columns.label}: give each row one, empty where no "
            "department should get it."
        )
    flags = row.get(columns.flags) if columns.flags else None
    return (
        text,
        _names_in(path, number, label),
        _date(path, number, row, columns.date),
        None if flags is None else _names_in(path, number, flags),
        tuple(str(row.get(name) or "") for name in columns.groups),
    )


def _names_in(path: Path, number: int, cell: object) -> frozenset[str]:
    if isinstance(cell, int) and not isinstance(cell, bool):
        cell = str(cell)  # JSON's numbers are names, too
    names = (cell or "").split("|") if isinstance(cell, str | None) else cell
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigurationError(
            f"{path} row {number} has a label or flag that is no text: write names, several with | "
            "between."
        )
    return frozenset(filter(None, (name.strip() for name in names)))


def named(names: Sequence[str]) -> str:
    """List names for a sentence; where they are many or long, they are a citizen's words: count."""
    if len(names) > MOST_NAMES or any(len(name) > LONGEST_NAME for name in names):
        return f"({len(names):,} different ones; is that the right column?)"
    return ", ".join(names)


def _date(path: Path, number: int, row: Mapping[str, Any], column: str | None) -> date | None:
    if column is None or column not in row:
        return None
    try:
        return date.fromisoformat(str(row.get(column))[:10])
    except ValueError:
        raise ConfigurationError(
            f"{path} row {number} has no date such as 2026-11-24 in {column}: correct it, or "
            "leave --date out."
        ) from None


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in paths)
