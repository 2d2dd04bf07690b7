"""What a model is made from: the texts that were given, checked, and their labels as numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.errors import ConfigurationError
from services.training.data.dataset import Columns, Dataset, read_dataset
from services.training.data.folds import FOLDS

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

MIN_ROWS = 10


@dataclass(frozen=True, kw_only=True)
class Request:
    """What `triage train` was asked for; `half_life` is in days, `precision` a share."""

    data: Sequence[Path]
    columns: Columns
    out: Path
    valid: Path | None = None
    remit: Path | None = None
    remit_label: str | None = None
    precision: float = 0.95
    half_life: float = 365.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Texts and their labels' numbers, of shape (texts,)."""

    texts: Sequence[str]
    labels: Ints


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """All that a model is made from; a label's number is its place in `names`.

    `row_weights` say how much each training text counts, 1 on average. `by_time` says whether the
    validation texts stand in the order of time. `remit` has the label 1 for a text in remit.
    """

    names: tuple[str, ...]
    train: Labelled
    row_weights: Floats
    valid: Labelled | None
    by_time: bool
    remit: Labelled | None


def read_training_set(request: Request) -> TrainingSet:
    """Read and check all that was given.

    Raises:
        ConfigurationError: A file or a label is wrong, or there is too little to learn from.
    """
    data = read_dataset(request.data, request.columns)
    names = _names(data)
    return TrainingSet(
        names=names,
        train=_labelled(data, names),
        row_weights=_recent(data, request.half_life),
        valid=_valid(request, names) if request.valid else None,
        by_time=request.valid is not None and request.columns.date is not None,
        remit=_remit(request) if request.remit else None,
    )


def _names(data: Dataset) -> tuple[str, ...]:
    if unclear := sum(len(labels) != 1 for labels in data.labels):
        raise ConfigurationError(
            f"{unclear} of the rows to train on have no label or several: give each exactly one, "
            "and those that no department should get with --remit."
        )
    rows = Counter(name for labels in data.labels for name in labels)
    if len(rows) == 1:
        raise ConfigurationError(f"All rows have the label {next(iter(rows))}: give at least two.")
    if rare := sorted(name for name, count in rows.items() if count < MIN_ROWS):
        raise ConfigurationError(
            f"Fewer than {MIN_ROWS} rows have the label {', '.join(rare)}: give more of them, or "
            "leave the label out."
        )
    return tuple(sorted(rows))


def _labelled(data: Dataset, names: Sequence[str]) -> Labelled:
    numbers = {name: number for number, name in enumerate(names)}
    given = [min(labels, default="") for labels in data.labels]
    if unknown := sorted({name for name in given if name not in numbers}):
        raise ConfigurationError(
            f"The validation texts have labels that no training text has: {unknown}; give rows to "
            "train on for each, or leave them out."
        )
    return Labelled(texts=data.texts, labels=np.array([numbers[name] for name in given]))


def _valid(request: Request, names: Sequence[str]) -> Labelled:
    assert request.valid is not None  # noqa: S101 - the caller saw to it
    valid = _labelled(read_dataset([request.valid], request.columns), names)
    if np.bincount(valid.labels).max() < FOLDS:
        raise ConfigurationError(
            f"{request.valid} has fewer than {FOLDS} rows of every label: give more, or leave "
            "--valid out."
        )
    return valid


def _recent(data: Dataset, half_life: float) -> Floats:
    """Let recent texts count more: departments change what they do, and ministers change."""
    if data.dates is None:
        return np.ones(len(data))
    days = np.array([day.toordinal() for day in data.dates])
    weights: Floats = 0.5 ** ((days.max() - days) / half_life)
    weights /= weights.mean()
    return weights


def _remit(request: Request) -> Labelled:
    assert request.remit is not None  # noqa: S101 - the caller saw to it
    label = request.remit_label or request.columns.label
    data = read_dataset([request.remit], replace(request.columns, label=label, date=None))
    inside = np.array([bool(labels) for labels in data.labels], np.intp)
    if min(inside.sum(), len(inside) - inside.sum()) < MIN_ROWS:
        raise ConfigurationError(
            f"{request.remit} has fewer than {MIN_ROWS} rows in remit or out of it: give at least "
            f"that many with {label} filled in, and as many where it is empty."
        )
    return Labelled(texts=data.texts, labels=inside)
