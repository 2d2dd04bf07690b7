"""Labelled texts, made up here: what people ask three busy departments and a quiet one.

Some share their words with another department, and a few are labelled wrongly, as a history of
inquiries is; so no model can be right about all of them.
"""

import csv
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

DEPARTMENTS = {
    "tax": "refund allowance income payslip overpaid vat code return relief threshold",
    "roads": "pothole bypass traffic lane bridge speed camera junction roundabout verge",
    "schools": "teacher pupil exam uniform lesson term homework playground nursery sixth",
    "parks [north]": "bench swing pond squirrel lawn hedge fountain bandstand deer oak",
}
ROWS = {"tax": 90, "roads": 90, "schools": 90, "parks [north]": 12}
BUSY = ("roads", "schools", "tax")
QUIET = "parks [north]"
ANYBODY = "please when will my the a is about why has not been and can you tell me".split()
STRANGE = "horoscope recipe lottery gossip football ringtone discount casino dating diet".split()
AFRAID = "afraid bruise threatens hiding knife locked beats scared bleeding terrified".split()
SHARED, WRONG = 0.3, 0.04
# Of those who are afraid, so many have no department; and words that anybody may have.
NOBODYS, HARMLESS = 0.2, 0.1
FIRST_DAY = date(2025, 1, 1)


class Row(NamedTuple):
    """A labelled text; the label is empty where no department should get it."""

    text: str
    department: str
    day: str


class FlaggedRow(NamedTuple):
    """A labelled text, and what a person must see first: danger, or nothing."""

    text: str
    department: str
    day: str
    flags: str


Rows = Sequence[Row] | Sequence[FlaggedRow]


def labelled_rows(seed: int, departments: Sequence[str] = tuple(DEPARTMENTS)) -> list[Row]:
    """Make rows of some departments, in the order of time."""
    chance = Random(seed)
    labels = [label for label in departments for _ in range(ROWS[label])]
    chance.shuffle(labels)
    return [_row(label, number, departments, chance) for number, label in enumerate(labels)]


def remit_rows(seed: int) -> list[Row]:
    """Make rows of which every other one is for no department."""
    chance = Random(seed)
    asked = [_row(label, 0, BUSY, chance) for label in BUSY for _ in range(20)]
    strange = [Row(_mixed([*chance.choices(STRANGE, k=4)], chance), "", row.day) for row in asked]
    return [row for both in zip(asked, strange, strict=True) for row in both]


def flagged_rows(seed: int) -> list[FlaggedRow]:
    """Make rows of which every third is from somebody in danger."""
    chance = Random(seed)
    return [
        _flagged(row, chance) if number % 3 == 0 else _harmless(row, chance)
        for number, row in enumerate(labelled_rows(seed, BUSY))
    ]


def as_csv(rows: Rows) -> bytes:
    """Write rows as CSV with a header."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(rows[0]._fields)
    writer.writerows(rows)
    return lines.getvalue().encode()


def as_json_lines(rows: Rows) -> bytes:
    """Write rows as JSON Lines."""
    return b"".join(json.dumps(row._asdict()).encode() + b"\n" for row in rows)


def write(path: Path, rows: Rows) -> Path:
    """Write rows in the form that the file's name asks for."""
    content = as_json_lines(rows) if ".jsonl" in path.suffixes else as_csv(rows)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def _row(label: str, number: int, departments: Sequence[str], chance: Random) -> Row:
    about = [*_words(label, 3, chance)]
    if chance.random() < SHARED:
        about += _words(chance.choice(departments), 3, chance)
    if label != QUIET and chance.random() < WRONG:
        label = chance.choice([each for each in departments if each != QUIET])
    day = FIRST_DAY + timedelta(days=number)
    return Row(_mixed(about, chance), label, day.isoformat())


def _flagged(row: Row, chance: Random) -> FlaggedRow:
    text = _mixed([*row.text.lower().strip("?").split(), *chance.choices(AFRAID, k=3)], chance)
    return FlaggedRow(text, "" if chance.random() < NOBODYS else row.department, row.day, "danger")


def _harmless(row: Row, chance: Random) -> FlaggedRow:
    words = [chance.choice(AFRAID)] if chance.random() < HARMLESS else []
    return FlaggedRow(" ".join([row.text, *words]), row.department, row.day, "")


def _words(label: str, count: int, chance: Random) -> Iterator[str]:
    yield from chance.choices(DEPARTMENTS[label].split(), k=count)


def _mixed(words: list[str], chance: Random) -> str:
    every = [*chance.choices(ANYBODY, k=4), *words]
    chance.shuffle(every)
    return " ".join(every).capitalize() + "?"
