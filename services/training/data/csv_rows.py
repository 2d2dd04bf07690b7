"""The text of a CSV file to rows: strictly, since what is damaged is cut without a word."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.training.data.columns import Columns
from services.training.data.table import Record, Table, Wrong

csv.field_size_limit(2**31 - 1)

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# What Excel reads as the delimiter, and writes nowhere.
_told = re.compile(r'"?sep=([,;\t|])"?\s*', re.IGNORECASE).fullmatch
_escaped = re.compile(r'\\"').search


class _Header(NamedTuple):
    names: list[str]
    delimiter: str


class _Parsed(NamedTuple):
    """A row: the lines that it begins and ends in, and its cells; none where nothing stands."""

    line: int
    last: int
    cells: list[str]


def parse_csv(text: str, columns: Columns) -> Table:
    """Parse CSV, parted by whichever delimiter gives the columns that are asked for.

    Rows in which nothing stands are left out and counted. A row that has not as many cells as the
    header is wrong, and so is a quote that is never closed, or takes in whole rows.
    """
    lines = io.StringIO(text, newline="").readlines()
    start = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    delimiters: Sequence[str] = [*DELIMITERS]
    if start < len(lines) and (told := _told(lines[start])):
        delimiters, start = [told[1]], start + 1
    header = _header(lines[start:], delimiters, columns.asked)
    wrong = list[Wrong]()
    parsed = [*_rows(lines, start, header, wrong)][1:]
    rows = [row for row in parsed if row.cells]
    swallowing = _swallowing(rows, lines, header, columns)
    records = []
    for row in rows:
        if _stripped(row.cells) == header.names:
            wrong.append(Wrong(row.line, "is the header again: remove it where files were joined."))
        elif row.line in swallowing:
            wrong.append(Wrong(row.line, _never_closed(row.last - row.line)))
        else:
            records.append(Record(row.line, dict(zip(header.names, row.cells, strict=True))))
    form = f"CSV, parted by {DELIMITERS[header.delimiter]}"
    return Table(form, header.names, records, sorted(wrong), len(parsed) - len(rows))


def _swallowing(
    rows: Sequence[_Parsed], lines: Sequence[str], header: _Header, columns: Columns
) -> set[int]:
    """Return the lines of rows whose quotes seem to take in whole rows.

    A quote that is never closed ends where another one happens to stand at the end of a cell. What
    tells is a line that is a row by itself, with a label that others have. The line in which the
    text begins is like that by itself if the label stands before it, and so is the one in which it
    ends if the label stands after it: those do not tell.
    """
    names = header.names
    if not {columns.text, columns.label} <= {*names}:
        return set()
    place = names.index(columns.label)
    label_is_first = place < names.index(columns.text)
    known = {row.cells[place].strip() for row in rows if row.line == row.last} - {""}
    found = set()
    for row in rows:
        within = lines[row.line - 1 : row.last]
        for line in within[1:] if label_is_first else within[:-1]:
            cells = line.split(header.delimiter)
            if len(cells) == len(names) and cells[place].strip().strip('"') in known:
                found.add(row.line)
    return found


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
) -> Iterator[_Parsed]:
    """Return each row, the header first; say of the others what is wrong with them."""
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
            filled = cells if any(map(str.strip, cells)) else []
            yield _Parsed(line, start + reader.line_num, filled)
        elif not any(map(str.strip, cells)):
            yield _Parsed(line, line, [])
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
    return _never_closed(len(row) - 1)


def _never_closed(lines: int) -> str:
    swallowed = f", so it takes in the {lines:,} lines after it" if lines else ""
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
