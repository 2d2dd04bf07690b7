"""Labelled texts of one file or several, checked as a whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import compress
from pathlib import Path
from typing import TypeVar

from services.clock import utc_now
from services.errors import ConfigurationError
from services.training.data.cells import LONGEST_NAME
from services.training.data.columns import Columns
from services.training.data.faults import Fault, FaultyDataError, Place
from services.training.data.file import File, read_file
from services.training.data.names import CERTAIN, Names, names_of_rows
from services.training.data.spelling import spelling_faults

__all__ = ["CERTAIN", "Columns", "Dataset", "check_columns", "read_dataset", "read_files"]

T = TypeVar("T")

MOST_GROUPS = 100


@dataclass(frozen=True, repr=False)
class Dataset:
    """Texts with their labels, all of the same length.

    A text may have several labels that count as right; one that has none is out of remit. With
    dates, the rows stand in the order of time, those without one first. `flags` are what a person
    must see first; they are None where no file says anything of flags. `groups` has the values of
    other columns, by their names; `weights` say how much a row counts, and are None where no file
    does. `places` say where the rows stand.
    """

    texts: Sequence[str]
    labels: Sequence[frozenset[str]]
    dates: Sequence[date | None] | None
    flags: Sequence[frozenset[str]] | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    places: Sequence[Place] = ()
    weights: Sequence[float] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def of(self, rows: Sequence[bool]) -> "Dataset":
        """Return some of the rows."""

        def kept(values: Sequence[T]) -> list[T]:
            return [*compress(values, rows)]

        return Dataset(
            texts=kept(self.texts),
            labels=kept(self.labels),
            dates=kept(self.dates) if self.dates and any(kept(self.dates)) else None,
            flags=None if self.flags is None else kept(self.flags),
            groups={name: kept(values) for name, values in self.groups.items()},
            places=kept(self.places),
            weights=None if self.weights is None else kept(self.weights),
        )

    def before(self, until: date | None) -> "Dataset":
        """Return the rows of before a date, and those that have no date; all if it is None."""
        if until is None or self.dates is None:
            return self
        return self.of([day is None or day < until for day in self.dates])

    @property
    def label_places(self) -> Names:
        """Where each label stands."""
        return names_of_rows(zip(self.places, self.texts, self.labels, strict=bool(self.places)))

    @property
    def flag_places(self) -> Names:
        """Where each flag stands."""
        rows = zip(self.places, self.texts, self.flags or (), strict=self.flags is not None)
        return names_of_rows(rows)


def read_dataset(paths: Sequence[Path], columns: Columns, today: date | None = None) -> Dataset:
    """Read files into one data set.

    Several labels or flags of a row are separated by `|`. No row may be later than `today`, which
    is today's date if not given.

    Raises:
        ConfigurationError: A file cannot be read, lacks a column, or has rows that are wrong; the
            text names each file and line, and nothing that stands in it.
    """
    files = read_files(paths, columns, today)
    check_files(files, columns)
    return dataset_of(files, columns)


def read_files(
    paths: Sequence[Path], columns: Columns, today: date | None = None
) -> Sequence[File]:
    """Read files, and keep what is wrong with their rows beside those that are right.

    Raises:
        ConfigurationError: One cannot be read, or a column is asked for as two.
    """
    if columns.clash:
        raise ConfigurationError(
            f"The column {columns.clash} is named for two things: name one for each."
        )
    latest = today or utc_now().date()
    return [read_file(path, columns, latest) for path in paths]


def faults_of(files: Sequence[File], columns: Columns) -> Sequence[Fault]:
    """Return all that is wrong in files, those of names that are written in several ways too."""
    faults = [fault for file in files for fault in file.faults]
    faults += spelling_faults(labels_in(files), columns.label)
    if columns.flags:
        faults += spelling_faults(flags_in(files), columns.flags)
    return faults


def check_files(files: Sequence[File], columns: Columns) -> None:
    """See that nothing is wrong in files.

    Raises:
        FaultyDataError: Something is; it names the first twenty faults.
    """
    if faults := faults_of(files, columns):
        raise FaultyDataError(faults)


def dataset_of(files: Sequence[File], columns: Columns) -> Dataset:
    """Put the rows of files together, in the order of time where they have dates.

    Raises:
        ConfigurationError: There are none.
    """
    rows = [(row, Place(file.path, row.line)) for file in files for row in file.rows]
    if not rows:
        names = ", ".join(str(file.path) for file in files)
        raise ConfigurationError(f"{names} has no rows: give a file with labelled texts.")
    rows.sort(key=lambda each: each[0].date or date.min)
    flags = [row.flags for row, _ in rows]
    weights = [row.weight for row, _ in rows]
    return Dataset(
        texts=tuple(row.text for row, _ in rows),
        labels=tuple(row.labels for row, _ in rows),
        dates=tuple(row.date for row, _ in rows) if any(row.date for row, _ in rows) else None,
        flags=tuple(each or frozenset() for each in flags)
        if any(f is not None for f in flags)
        else None,
        groups={name: [row.groups[n] for row, _ in rows] for n, name in enumerate(columns.groups)},
        places=tuple(place for _, place in rows),
        weights=tuple(1.0 if each is None else each for each in weights)
        if any(each is not None for each in weights)
        else None,
    )


def labels_in(files: Iterable[File]) -> Names:
    """Return where each label stands."""
    rows = ((Place(file.path, row.line), row) for file in files for row in file.rows)
    return names_of_rows((place, row.text, row.labels) for place, row in rows)


def flags_in(files: Iterable[File]) -> Names:
    """Return where each flag stands."""
    rows = ((Place(file.path, row.line), row) for file in files for row in file.rows)
    return names_of_rows((place, row.text, row.flags or ()) for place, row in rows)


def check_columns(paths: Sequence[Path], data: Sequence[Dataset], columns: Columns) -> None:
    """See that the columns of date, flags and weight are in one of the files, and groups group.

    Raises:
        ConfigurationError: One is in none of them, or has as many values as only texts have.
    """
    names = ", ".join(str(path) for path in paths)
    if columns.date and all(each.dates is None for each in data):
        raise ConfigurationError(f"{names} has no column {columns.date}: leave --date out.")
    if columns.flags and all(each.flags is None for each in data):
        raise ConfigurationError(f"{names} has no column {columns.flags}: leave --flags out.")
    if columns.weight and all(each.weights is None for each in data):
        raise ConfigurationError(
            f"{names} has no column {columns.weight}: leave --weight-column out."
        )
    for name in columns.groups:
        values = {value for each in data for value in each.groups[name]}
        if len(values) > MOST_GROUPS or any(len(value) > LONGEST_NAME for value in values):
            raise ConfigurationError(
                f"The column {name} has {len(values):,} different values, or long ones: part the "
                "figures by a column of few names."
            )
