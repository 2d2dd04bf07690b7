"""What is wrong in a file, by its line, and never in its words: they may be a citizen's."""

from collections import defaultdict
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
    """Return what to print of faults: the one kind, or else their number and the first twenty.

    Those of one file that are wrong in the same way are of one kind, and share a sentence.
    """
    kinds = defaultdict[tuple[Path, str], list[int]](list)
    for fault in faults:
        kinds[fault.place.path, fault.sentence].append(fault.place.line)
    every = [_kind(path, sentence, lines) for (path, sentence), lines in kinds.items()]
    if len(every) == 1:
        return every
    more = [f"and {len(every) - MOST:,} more."] if len(every) > MOST else []
    return [f"{len(faults):,} faults were found:", *every[:MOST], *more]


def _kind(path: Path, sentence: str, lines: Sequence[int]) -> str:
    first = str(Fault(Place(path, lines[0]), sentence))
    return f"{first} The same in {lines_named(lines[1:], MOST - 1)}." if lines[1:] else first


def lines_named(lines: Sequence[int], most: int) -> str:
    """Name lines in a sentence: the first ones, and how many more there are."""
    first = ", ".join(f"{line:,}" for line in lines[:most])
    more = f" and {len(lines) - most:,} more" if len(lines) > most else ""
    return f"line{'s' if len(lines) > 1 else ''} {first}{more}"
