"""The text of a CSV file to rows: strictly, since what is damaged is cut without a word."""

import csv
import io
import re
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from services.training.data.columns import Columns
from services.training.data.table import Record, Table, Wrong

csv.field_size_limit(2**31 - 1)

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# What Excel reads as the delimiter, and writes nowhere.
_told = re.compile(r'"?sep=([,;\t|])"?\s*', re.IGNORECASE).fullmatch
_escaped = re.compile(r'\\"').search
_letters = re.compile(r"[^\W\d_]+")
_digits = re.compile(r"\d+")

# How many lines within quotes have to be rows by themselves, before the quote is wrong for certain.
# With labels that others have: of two cells, a text can have such a line.
ENOUGH_OF_TWO, ENOUGH_OF_MORE = 2, 1
# Without a label: lines of a letter end in a comma, and none begins with one.
ENOUGH_AT_END, ENOUGH_BEFORE = 8, 2
MOSTLY = 0.75
# A column whose cells look like more than so many things is words, and tells nothing.
MOST_SHAPES = 10


class _Header(NamedTuple):
    names: list[str]
    delimiter: str


class _Place(NamedTuple):
    """Where in a row the label stands, whether before the text, and what may stand beside both."""

    label: int
    label_is_first: bool
    others: Sequence[tuple[int, Container[str]]]


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
    tells is lines that are rows by themselves, with a label that others have, or with none. The
    line in which the text begins is like that by itself if the label stands before it, and so is
    the one in which it ends if the label stands after it: those do not tell.
    """
    names = header.names
    if not {columns.text, columns.label} <= {*names}:
        return set()
    text, label = names.index(columns.text), names.index(columns.label)
    single = [row.cells for row in rows if row.line == row.last]
    known = {cells[label] for cells in single if cells[label].strip()}
    beside = [at for at in range(len(names)) if at not in {text, label}]
    shapes = [(at, {_shape(cells[at]) for cells in single}) for at in beside]
    place = _Place(label, label < text, [each for each in shapes if len(each[1]) <= MOST_SHAPES])
    return {
        row.line
        for row in rows
        if row.line < row.last
        and _takes_in_rows(lines[row.line - 1 : row.last], header, place, known)
    }


def _takes_in_rows(
    row: Sequence[str], header: _Header, place: _Place, known: Container[str]
) -> bool:
    within = row[1:] if place.label_is_first else row[:-1]
    found = [_label_of(line, header, place) for line in within if line.strip()]
    labelled = sum(label in known for label in found if label)
    if labelled >= (ENOUGH_OF_MORE if place.others else ENOUGH_OF_TWO):
        return True
    told = labelled + found.count("")
    at_end = place.label == len(header.names) - 1
    return told >= (ENOUGH_AT_END if at_end else ENOUGH_BEFORE) and told >= MOSTLY * len(found)


def _label_of(line: str, header: _Header, place: _Place) -> str | None:
    """Return the label of a line if it is a row by itself: nothing if that is empty."""
    cells = [cell.strip('"') for cell in line.rstrip("\r\n").split(header.delimiter)]
    if len(cells) != len(header.names):
        return None
    if not all(_shape(cells[at]) in shapes for at, shapes in place.others):
        return None
    return cells[place.label]


def _shape(cell: str) -> str:
    """Return what a cell looks like: a date is like another one, and a number like a number."""
    return _digits.sub("0", _letters.sub("a", cell.strip()))


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
            row = lines[line - 1 : start + reader.line_num]
            wrong.append(Wrong(line, _escaped_quotes(row) or _cells(len(cells), header)))


def _quotes(row: Sequence[str], line: int, *, at_end: bool) -> str:
    """Say what is wrong with the quotes of what was taken for one row, from a line on."""
    if escaped := _escaped_quotes(row):
        return escaped
    if not at_end:
        where = f", in line {line + len(row) - 1:,}" if len(row) > 1 else ""
        return (
            f"has a quote that closes before its cell ends{where}: close the one before it, or "
            "double each quote that is part of the text."
        )
    return _never_closed(len(row) - 1)


def _escaped_quotes(row: Sequence[str]) -> str:
    if not any(map(_escaped, row)):
        return ""
    return (
        r"has \" within quotes, as MySQL writes it: export with quotes doubled "
        "(FIELDS ESCAPED BY '\"')."
    )


def _never_closed(lines: int) -> str:
    after = f"{lines:,} lines" if lines > 1 else "line"
    swallowed = f", so it takes in the {after} after it" if lines else ""
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
