"""The text of a CSV file to rows: strictly, since what is damaged is cut without a word."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.training.data.table import Record, Table, Wrong

csv.field_size_limit(2**31 - 1)

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# What Excel reads as the delimiter, and writes nowhere.
_told = re.compile(r'"?sep=([,;\t|])"?\s*', re.IGNORECASE).fullmatch
_escaped = re.compile(r'\\"').search


class _Header(NamedTuple):
    names: list[str]
    delimiter: str


def parse_csv(text: str, asked: Sequence[str]) -> Table:
    """Parse CSV, parted by whichever delimiter gives the columns that are asked for.

    Rows in which nothing stands are left out and counted. A row that has not as many cells as the
    header is wrong, and so is a quote that is never closed.
    """
    lines = io.StringIO(text, newline="").readlines()
    start = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    delimiters: Sequence[str] = [*DELIMITERS]
    if start < len(lines) and (told := _told(lines[start])):
        delimiters, start = [told[1]], start + 1
    header = _header(lines[start:], delimiters, asked)
    records, wrong = list[Record](), list[Wrong]()
    empty = 0
    for line, cells in _rows(lines, start, header, wrong):
        if line == start + 1:
            continue
        if _stripped(cells) == header.names:
            wrong.append(Wrong(line, "is the header again: remove it where files were joined."))
        elif any(map(str.strip, cells)):
            records.append(Record(line, dict(zip(header.names, cells, strict=True))))
        else:
            empty += 1
    form = f"CSV, parted by {DELIMITERS[header.delimiter]}"
    return Table(form, header.names, records, sorted(wrong), empty)


def _header(lines: Sequence[str], delimiters: Sequence[str], asked: Sequence[str]) -> _Header:
    """Read the first row by each delimiter, and take the one by which most columns are found."""
    headers = [_Header(_first_row(lines, each), each) for each in delimiters]
    return max(headers, key=lambda each: (len({*asked} & {*each.names}), len(each.names)))


def _first_row(lines: Sequence[str], delimiter: str) -> list[str]:
    try:
        first = next(csv.reader(lines, delimiter=delimiter, strict=True), [])
    except csv.Error:
        first = []
    return _stripped(first)


def _stripped(cells: Sequence[str]) -> list[str]:
    return [cell.strip("\ufeff").strip() for cell in cells]


def _rows(
    lines: Sequence[str], start: int, header: _Header, wrong: list[Wrong]
) -> Iterator[tuple[int, list[str]]]:
    """Return each row with its line; say of the others what is wrong with them."""
    reader = csv.reader(lines[start:], delimiter=header.delimiter, strict=True)
    lost = False  # after a wrong quote, until a row is whole again
    while True:
        line = start + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reached = start + reader.line_num
            at_end = "end of data" in str(error)
            wrong.append(Wrong(line, _quotes(lines[line - 1 : reached], line, at_end=at_end)))
            lost = True
            continue
        if len(cells) == len(header.names):
            lost = False
            yield line, cells
        elif not any(map(str.strip, cells)):
            yield line, []
        elif not lost:
            wrong.append(Wrong(line, _cells(len(cells), header)))


def _quotes(row: Sequence[str], line: int, *, at_end: bool) -> str:
    """Say what is wrong with the quotes of what was taken for one row, from a line on."""
    if any(map(_escaped, row)):
        return (
            r"has \" within quotes, as MySQL writes it: export with quotes doubled "
            "(FIELDS ESCAPED BY '\"')."
        )
    if not at_end:
        where = f", in line {line + len(row) - 1:,}" if len(row) > 1 else ""
        return (
            f"has a quote that closes before its cell ends{where}: close the one before it, or "
            "double each quote that is part of the text."
        )
    swallowed = f", so it takes in the {len(row) - 1:,} lines after it" if len(row) > 1 else ""
    return (
        f"opens a quote that is never closed{swallowed}: close it, or double a quote that is part "
        "of the text."
    )


def _cells(found: int, header: _Header) -> str:
    expected, delimiter = len(header.names), DELIMITERS[header.delimiter]
    counts = f"has {found:,} cell{'s' * (found > 1)}, and the header {expected:,}"
    if found > expected:
        return f"{counts}: put quotes around a text that has {delimiter} in it."
    return f"{counts}: put quotes around a text that has line breaks in it, or add what is missing."
