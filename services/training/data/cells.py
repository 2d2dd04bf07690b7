"""What stands in a cell: a text, names, or a date; or else why it is none."""

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta

from services.model.patterns import word_set
from services.model.placeholders import PLACEHOLDERS, says_nothing

LONGEST_NAME = 100
# What stands for more rows than this was not drawn at random, or is a number of something else.
HEAVIEST = 1_000_000
# What people write in the place of a name. A text may be so poor.
NO_NAMES = PLACEHOLDERS | word_set("unknown tbc tbd t.b.c. n.v.t. n.v.t nvt k.a. unassigned")
ANSWERS = word_set("yes no y n true false t f 0 1 x")
_half_letter = re.compile(r"[\ud800-\udfff]").search
_no_letter = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]").search
_as_written_by_code = re.compile(r"\[.*\]|\{.*\}|\(['\"].*\)", re.DOTALL).fullmatch
_quoted = re.compile(r"'[^']*'|\"[^\"]*\"|\u2018[^\u2019]*\u2019|\u201c[^\u201d]*\u201d").fullmatch
_other_order = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b").match
_serial = re.compile(r"[34]\d{4}(?:\.\d+)?").fullmatch  # Excel's days since 1900


class CellError(Exception):
    """Raised when a cell is not what its column should have; the text is the sentence's rest."""


def text_of(cell: object, column: str) -> str:
    """Return the text of a cell.

    Raises:
        CellError: It is empty, no text, what a program writes for none, or has half of a letter.
    """
    if not isinstance(cell, str) or says_nothing(cell):
        raise CellError(f"has no text in {column}: remove the row or fill it in.")
    if _half_letter(cell):
        raise CellError(f"has half of a letter (a lone surrogate) in {column}: export it anew.")
    return cell


def names_of(cell: object, column: str) -> frozenset[str]:
    r"""Return the labels or flags of a cell, without the blanks around each.

    Several stand with `|` between, or in a JSON list.

    Raises:
        CellError: One is a placeholder such as `NULL`, or no name.
    """
    if isinstance(cell, int) and not isinstance(cell, bool):
        cell = str(cell)  # JSON's numbers are names, too
    names = (cell or "").split("|") if isinstance(cell, str | None) else cell
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CellError(
            f"has no text in {column}: write a name, several with | between, or leave it empty."
        )
    found = frozenset(filter(None, (name.strip() for name in names)))
    for name in found:
        _check_name(name, column)
    return found


def flags_of(cell: object, column: str) -> frozenset[str]:
    """Return the flags of a cell, as `names_of` does.

    Raises:
        CellError: One is a placeholder, no name, or answers whether there is a flag.
    """
    flags = names_of(cell, column)
    if any(flag.casefold() in ANSWERS for flag in flags):
        raise CellError(
            f"has a yes or no in {column}: write what the flag is called, such as danger, or leave "
            "it empty."
        )
    return flags


def _check_name(name: str, column: str) -> None:
    if name.casefold() in NO_NAMES:
        raise CellError(
            f"has a placeholder ({name.upper()}) in {column}: leave it empty where there is none, "
            "write the name, or remove the row."
        )
    if _quoted(name):
        raise CellError(f"has a name in quotes in {column}: write it without.")
    if _as_written_by_code(name):
        raise CellError(
            f"has a list or an object in {column}, as code writes it: write names, several with | "
            "between."
        )
    if len(name) > LONGEST_NAME or _no_letter(name) or _half_letter(name):
        raise CellError(
            f"has more than a name in {column} (over {LONGEST_NAME} letters, or a line break): is "
            "that the right column?"
        )


def date_of(cell: object, column: str, today: date) -> date:
    """Return the date of a cell; of a time, its day.

    Raises:
        CellError: It is none as ISO 8601 has it, or one in the future.
    """
    written = "" if cell is None else str(cell).strip()
    try:
        found = date.fromisoformat(_day(written))
    except ValueError:
        raise CellError(
            f"has no date such as 2026-11-24 in {column}{_instead(written)}: write it so (in Excel "
            "by the cells' format yyyy-mm-dd), or leave --date out."
        ) from None
    # Somewhere it is already tomorrow.
    if found > today + timedelta(days=1):
        raise CellError(f"has a date in the future in {column}: correct it.")
    return found


def _day(written: str) -> str:
    """Return the day of a time, or nothing where a digit follows, which Python would read over."""
    length = 10 if "-" in written[:8] else 8
    return "" if written[length : length + 1].isdigit() else written[:length]


def _instead(written: str) -> str:
    if not written:
        return " but an empty cell"
    if _other_order(written):
        return " but one with the year last"
    return " but Excel's number of a day" if _serial(written) else ""


def weight_of(cell: object, column: str) -> float:
    """Return how much a row counts.

    Raises:
        CellError: It is no number above 0.
    """
    number = math.nan
    if isinstance(cell, str | int | float) and not isinstance(cell, bool):
        with suppress(ValueError, OverflowError):
            number = float(cell)
    if not 0 < number <= HEAVIEST:
        raise CellError(
            f"has no number above 0 in {column}, or one above {HEAVIEST:,}: correct it."
        )
    return number


def far_from_others(dates: Sequence[date]) -> list[int]:
    """Return which dates (from 0) stand more than three years before or after nearly all others.

    Nearly all are 99 in 100, and at least all but one; of fewer than ten dates none is far.
    """
    if len(dates) < 10:  # noqa: PLR2004 - see above
        return []
    order = sorted(range(len(dates)), key=dates.__getitem__)
    few = max(1, len(order) // 100)
    gaps = [
        n for n in range(1, len(order)) if dates[order[n]] - dates[order[n - 1]] > timedelta(1096)
    ]
    early = max((n for n in gaps if n <= few), default=0)
    late = min((n for n in gaps if n >= len(order) - few), default=len(order))
    return sorted([*order[:early], *order[late:]])
