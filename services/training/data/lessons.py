"""Lessons, read to judge by: what people decided, and none of what a model has learnt."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from services.errors import ConfigurationError
from services.messages.lesson import Kind, Mode
from services.model.manifest import Manifest
from services.model.reading import read
from services.training.data.columns import Columns
from services.training.data.dataset import Dataset, check_columns, read_dataset
from services.training.data.faults import Fault, FaultyDataError
from services.training.data.overlap import nearly_among

Floats = NDArray[np.float64]

# A returned inquiry is known because the model was wrong: it teaches, and judges nobody.
RETURNED = "returned"
SLICED = ("channel", "language")
COLUMNS = Columns("text", "department", "at", "flags", ("kind", "mode", *SLICED), "weight")
NAMED = {"kind": ("", *get_args(Kind)), "mode": get_args(Mode)}


@dataclass(frozen=True, repr=False)
class Lessons:
    """Lessons that judge, in the order of time, and how many were left out.

    `returned` were left out as departments had returned them, `older` as they are not among the
    newest that were asked for, `learnt` as a model has learnt from their texts.
    """

    file: str
    data: Dataset
    returned: int
    older: int = 0
    learnt: int = 0

    @property
    def weights(self) -> Floats:
        """How much each counts, of shape (lessons,)."""
        given = self.data.weights
        return np.ones(len(self.data)) if given is None else np.array(given, np.float64)

    @property
    def effective(self) -> float:
        """How many of equal weight say as much."""
        return effective_size(self.weights)

    @property
    def days(self) -> tuple[date, date]:
        """The first day and the last."""
        days = [day for day in self.data.dates or () if day]
        return days[0], days[-1]

    @property
    def kinds(self) -> dict[str, int]:
        """How many were decided where."""
        return self._count("kind")

    @property
    def modes(self) -> dict[str, int]:
        """How many were decided with how much of a model's choice shown."""
        return self._count("mode")

    def _count(self, column: str) -> dict[str, int]:
        return dict(sorted(Counter(self.data.groups[column]).items()))


def effective_size(weights: Floats) -> float:
    """Return how many of equal weight say as much (L. Kish, "Survey Sampling", 1965)."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def doubts(kinds: Mapping[str, int], modes: Mapping[str, int]) -> Iterator[str]:
    """Say what speaks against believing lessons, by how many were decided where and how."""
    if kinds.get("review") and not kinds.get("audit"):
        yield (
            "None of the lessons is an audit copy, so they say nothing of what goes to a "
            "department without a person."
        )
    if shown := modes.get("shown", 0):
        yield (
            f"Of the lessons {shown:,} were decided with a model's choice shown, which draws "
            "people to it."
        )


def read_lessons(path: Path, today: date | None = None) -> Lessons:
    """Read a file of lessons, without those that departments returned.

    Raises:
        ConfigurationError: It cannot be read, a lesson is wrong, or none of them judges.
    """
    data = read_dataset([path], COLUMNS, today)
    check_columns([path], [data], Columns(COLUMNS.text, COLUMNS.label, groups=COLUMNS.groups))
    if faults := [*_faults(data)]:
        raise FaultyDataError(sorted(faults))
    judging = data.of([kind != RETURNED for kind in data.groups["kind"]])
    if not len(judging):
        raise ConfigurationError(
            f"{path} has only lessons that departments returned, which judge no model: give such "
            "as were decided in review or judged as audit copies."
        )
    return Lessons(path.name, judging, returned=len(data) - len(judging))


def _faults(data: Dataset) -> Iterator[Fault]:
    for column, known in NAMED.items():
        for place, name in zip(data.places, data.groups[column], strict=True):
            if name not in known:
                listed = ", ".join(filter(None, known))
                yield Fault(place, f"has another {column} than {listed}: write one of these.")
    for number, place in enumerate(data.places):
        if data.dates is None or data.dates[number] is None:
            yield Fault(place, f"has no {COLUMNS.date}: give each lesson its date.")


def newest(lessons: Lessons, share: float) -> tuple[Lessons, Dataset]:
    """Part lessons by time: the newest share, from the beginning of a day on, and the others."""
    days = [day for day in lessons.data.dates or () if day]
    first = days[min(int((1 - share) * len(days)), len(days) - 1)]
    late = [day >= first for day in days]
    older = lessons.data.of([not each for each in late])
    newer = lessons.data.of(late)
    return replace(lessons, data=newer, older=len(older)), older


def until_day(lessons: Lessons, until: date | None) -> Lessons:
    """Leave out lessons of a day or later, if one is given.

    Raises:
        ConfigurationError: All of them are.
    """
    earlier = lessons.data.before(until)
    if not len(earlier):
        raise ConfigurationError(
            f"{lessons.file} has no lessons of before {until}: give a later --until."
        )
    return replace(lessons, data=earlier)


def not_made_from(
    path: Path, lessons: Lessons, manifests: Sequence[Manifest]
) -> tuple[Lessons, Dataset]:
    """Part lessons into those that no model was made from, and those that one was.

    A model may be made from a file's rows of before a day, and be judged by the others.

    Raises:
        ConfigurationError: One was made from all of them.
    """
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    first, last = lessons.days
    since = date.min
    for manifest in manifests:
        for source in manifest.sources:
            if source.sha256 != content:
                continue
            if source.until is None or source.until > last:
                raise ConfigurationError(
                    f"{manifest.name} {manifest.version} was made from all lessons of {path} that "
                    f"would judge it ({source.used_for}): make it anew with --until {first}, or "
                    "give later lessons."
                )
            since = max(since, source.until)
    late = [day is not None and day >= since for day in lessons.data.dates or ()]
    others = lessons.data.of([not each for each in late])
    return replace(lessons, data=lessons.data.of(late), learnt=len(others)), others


def without_learnt(lessons: Lessons, learnt: Sequence[Dataset]) -> Lessons:
    """Leave out lessons whose texts stand in what was learnt, exactly or nearly.

    Raises:
        ConfigurationError: All of them do.
    """
    known = [read(text).text for data in learnt for text in data.texts]
    seen = nearly_among([read(text).text for text in lessons.data.texts], known)
    if seen.all():
        raise ConfigurationError(
            f"All {len(seen):,} lessons stand in what was learnt before, exactly or nearly, so "
            "they tell nothing: give others."
        )
    left = lessons.data.of((~seen).tolist())
    return replace(lessons, data=left, learnt=lessons.learnt + int(seen.sum()))
