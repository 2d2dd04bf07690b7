"""What is wrong in a file, by its line, and never in its words: they may be a citizen's."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from services.errors import ConfigurationError

MOST = 20


class Place(NamedTuple):
    """A line of a file, from 1 as editors count them; 0 stands for the whole file."""

    path: Path
    line: int

    def __str__(self) -> str:
        """Name file and line, as the subject of a sentence."""
        return f"{self.path} line {self.line:,}" if self.line else f"{self.path}"


class Fault(NamedTuple):
    """What is wrong at a place: the rest of a sentence that begins with the place."""

    place: Place
    sentence: str

    def __str__(self) -> str:
        """Return the whole sentence."""
        return f"{self.place} {self.sentence}"


class FaultyDataError(ConfigurationError):
    """Raised when rows of one or several files are wrong; it names the first twenty."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n  ".join(sentences(faults)))
        self.faults = tuple(faults)


def sentences(faults: Sequence[Fault]) -> list[str]:
    """Return what to print of faults: the one, or else their number and the first twenty."""
    if len(faults) == 1:
        return [str(faults[0])]
    more = [f"and {len(faults) - MOST:,} more."] if len(faults) > MOST else []
    return [f"{len(faults):,} faults were found:", *map(str, faults[:MOST]), *more]


def lines_named(lines: Sequence[int]) -> str:
    """Name lines in a sentence: the first three, and how many more there are."""
    first = ", ".join(f"{line:,}" for line in lines[:3])
    more = f" and {len(lines) - 3:,} more" if len(lines) > 3 else ""  # noqa: PLR2004 - see above
    return f"line{'s' if len(lines) > 1 else ''} {first}{more}"
