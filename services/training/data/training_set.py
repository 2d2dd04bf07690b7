"""What a model is made from: the texts that were given, checked, and their labels as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.clock import utc_now
from services.errors import ConfigurationError
from services.model.reading import read
from services.training.data.dataset import (
    CERTAIN,
    Columns,
    Dataset,
    check_columns,
    check_files,
    dataset_of,
    read_files,
)
from services.training.data.doubles import groups_of
from services.training.data.file import File
from services.training.data.folds import FOLDS
from services.training.data.names import joined
from services.training.data.overlap import nearly_among, same_texts
from services.training.data.spelling import key_of

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Truths = NDArray[np.bool_]

# Fewer texts can promise nothing: no threshold rests on so few.
MIN_JUDGING = 50
MIN_ROWS = CERTAIN


@dataclass(frozen=True, kw_only=True)
class Request:
    """What `triage train` was asked for.

    `weights` has one for each file of `data`, or none: then they are chosen. `half_life` is in
    days; with `words_only` no letter n-grams are tried; `precision`, `recall` and `false_alarms`
    are shares. Rows of `until` or later are left out; none may be later than `today`.
    """

    data: Sequence[Path]
    columns: Columns
    out: Path
    weights: Sequence[float] = ()
    valid: Path | None = None
    remit: Path | None = None
    remit_label: str | None = None
    precision: float = 0.95
    recall: float = 0.95
    false_alarms: float = 0.04
    half_life: float = 365.0
    words_only: bool = False
    seed: int = 0
    until: date | None = None
    today: date = field(default_factory=lambda: utc_now().date())


@dataclass(frozen=True, kw_only=True, repr=False)
class Texts:
    """Texts of one or several kinds, one kind a file.

    Of shape (texts,): `labels` has the number of the department, or -1 for none; `in_remit` is
    true for those that any department should get; `kinds` counts the files from 0; `weights` say
    how much a text counts, 1 on average over a kind. `flags` is of shape (texts, flags).
    `knows_remit` and `knows_flags` tell the texts of those files that say something of either.
    `judges` is true for those that have one label: of several no first choice can be all.
    `groups` has one number for texts that are equal or nearly equal.
    """

    texts: Sequence[str]
    labels: Ints
    in_remit: Truths
    flags: Truths
    kinds: Ints
    weights: Floats
    knows_remit: Truths
    knows_flags: Truths
    judges: Truths
    groups: Ints

    def of(self, rows: Truths) -> "Texts":
        """Return some of the texts."""
        return Texts(
            texts=[text for text, row in zip(self.texts, rows, strict=True) if row],
            labels=self.labels[rows],
            in_remit=self.in_remit[rows],
            flags=self.flags[rows],
            kinds=self.kinds[rows],
            weights=self.weights[rows],
            knows_remit=self.knows_remit[rows],
            knows_flags=self.knows_flags[rows],
            judges=self.judges[rows],
            groups=self.groups[rows],
        )


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """All that a model is made from.

    A label's number is its index in `names`, a flag's that in `flag_names`. `by_time` says whether
    the validation texts stand in the order of time. `left_out` counts the validation texts that
    stand among the training texts, exactly or nearly, and so judge nothing; `not_later` those that
    do judge and have no later date than all training texts. `read` says of each file what was read.
    """

    names: tuple[str, ...]
    flag_names: tuple[str, ...]
    train: Texts
    valid: Texts | None
    by_time: bool
    left_out: int
    not_later: int
    read: tuple[str, ...]


def read_training_set(request: Request) -> TrainingSet:
    """Read and check all that was given.

    Raises:
        ConfigurationError: A file, a label or a weight is wrong, or there is too little to learn
            from.
    """
    _check_weights(request)
    if request.until and not request.columns.date:
        raise ConfigurationError("--until needs a date: name its column with --date.")
    files = read_files(request.data, request.columns, request.today)
    data, names, flag_names = check_trainable(files, request.columns, request.until)
    parts = [
        _texts(each, names, flag_names, kind, request.half_life) for kind, each in enumerate(data)
    ]
    if request.remit:
        remit = _read_one(request.remit, _remit_columns(request), request)
        parts.append(_remit(remit, request, len(flag_names), kind=len(data)))
        files = [*files, remit]
    train = _grouped(_joined(parts))
    _check_texts(train, names, flag_names)
    valid, left_out, not_later = None, 0, 0
    if request.valid:
        later = _read_one(request.valid, request.columns, request)
        last = max((day for each in data for day in each.dates or () if day), default=None)
        valid, left_out, not_later = _valid(later, request, names, flag_names, train, last)
        files = [*files, later]
    return TrainingSet(
        names=names,
        flag_names=flag_names,
        train=train,
        valid=valid,
        by_time=request.valid is not None and request.columns.date is not None,
        left_out=left_out,
        not_later=not_later,
        read=tuple(file.summary for file in files),
    )


def check_trainable(
    files: Sequence[File], columns: Columns, until: date | None = None
) -> tuple[list[Dataset], tuple[str, ...], tuple[str, ...]]:
    """Return a data set for each file, and the names of all labels and flags.

    Rows of a date or later are left out, if one is given.

    Raises:
        ConfigurationError: Something is wrong in the files, or there is too little to learn from.
    """
    check_files(files, columns)
    data = [dataset_of([file], columns) for file in files]
    check_columns([file.path for file in files], data, columns)
    data = [_before(each, until, file.path) for each, file in zip(data, files, strict=True)]
    return data, _names(data), _flag_names(data)


def _before(data: Dataset, until: date | None, path: Path) -> Dataset:
    earlier = data.before(until)
    if not len(earlier):
        raise ConfigurationError(
            f"{path} has no rows of before {until}: give a later --until, or leave the file out."
        )
    return earlier


def _read_one(path: Path, columns: Columns, request: Request) -> File:
    files = read_files([path], columns, request.today)
    check_files(files, columns)
    return files[0]


def _check_weights(request: Request) -> None:
    if request.weights and len(request.weights) != len(request.data):
        raise ConfigurationError(
            f"{len(request.weights)} weights were given for {len(request.data)} files: give each "
            "--data a --weight, in the same order, or none."
        )
    if not all(0 < weight < float("inf") for weight in request.weights):
        raise ConfigurationError("A --weight is a number above 0: give such, or leave them out.")


def _names(data: Sequence[Dataset]) -> tuple[str, ...]:
    places = joined([each.label_places for each in data])
    if not places:
        raise ConfigurationError("No row has a label: name their column with --label.")
    if len(places) == 1:
        raise ConfigurationError(
            f"All rows have one label, {places.listed([*places])}: give at least two."
        )
    if rare := sorted(name for name in places if len(places[name]) < MIN_ROWS):
        raise ConfigurationError(
            f"Fewer than {MIN_ROWS} rows each have these labels: {places.listed(rare)}; give more "
            "of them, or leave them out."
        )
    return tuple(sorted(places))


def _flag_names(data: Sequence[Dataset]) -> tuple[str, ...]:
    places = joined([each.flag_places for each in data])
    if rare := sorted(name for name in places if len(places[name]) < MIN_ROWS):
        raise ConfigurationError(
            f"Fewer than {MIN_ROWS} rows each have these flags: {places.listed(rare)}; give more "
            "of them, or leave them out."
        )
    known = sum(len(each) for each in data if each.flags is not None)
    if common := sorted(name for name in places if known - len(places[name]) < MIN_ROWS):
        raise ConfigurationError(
            f"Fewer than {MIN_ROWS} rows lack the flag {places.listed(common)}: give more of them, "
            "empty in that column, or leave the flag out."
        )
    return tuple(sorted(places))


def _check_texts(train: Texts, names: Sequence[str], flag_names: Sequence[str]) -> None:
    """See that texts enough differ, of each kind that is learnt: one text cannot judge itself."""
    unclear = ~train.in_remit & train.flags.any(axis=1)
    of_remit, of_flags = train.knows_remit & ~unclear, train.knows_flags
    learnt = {f"the label {name}": train.labels == n for n, name in enumerate(names)}
    for n, name in enumerate(flag_names):
        learnt[f"the flag {name}"] = of_flags & train.flags[:, n]
        learnt[f"no flag {name}"] = of_flags & ~train.flags[:, n]
    if (of_remit & ~train.in_remit).any():
        learnt["no label"] = of_remit & ~train.in_remit
        learnt["a label, where others have none"] = of_remit & train.in_remit
    same = same_texts(train.texts)
    if few := [what for what, rows in learnt.items() if len(np.unique(same[rows])) < MIN_ROWS]:
        raise ConfigurationError(
            f"Fewer than {MIN_ROWS} texts that differ have {', '.join(few)}: give more of them, or "
            "leave them out."
        )


def _texts(
    data: Dataset, names: Sequence[str], flag_names: Sequence[str], kind: int, half_life: float
) -> Texts:
    """Make rows of one file; a text with several labels is a row for each, of less weight."""
    read_texts = [read(text).text for text in data.texts]  # as the model is shown them
    numbers = {name: number for number, name in enumerate(names)}
    known = [[numbers[name] for name in sorted(labels)] or [-1] for labels in data.labels]
    rows = np.array([row for row, labels in enumerate(known) for _ in labels])
    shares = np.array([1 / len(labels) for labels in known for _ in labels])
    in_remit = np.array([bool(labels) for labels in data.labels])
    flags = [
        [name in each for name in flag_names] for each in data.flags or [frozenset()] * len(data)
    ]
    return Texts(
        texts=[read_texts[row] for row in rows],
        labels=np.array([label for labels in known for label in labels]),
        in_remit=in_remit[rows],
        flags=np.array(flags, np.bool_).reshape(len(data), len(flag_names))[rows],
        kinds=np.full(len(rows), kind),
        weights=_row_weights(data, half_life)[rows] * shares,
        knows_remit=np.full(len(rows), not in_remit.all()),
        knows_flags=np.full(len(rows), data.flags is not None),
        judges=shares == 1,
        groups=rows,
    )


def _grouped(texts: Texts) -> Texts:
    return replace(texts, groups=groups_of(texts.texts))


def _joined(parts: Sequence[Texts]) -> Texts:
    return Texts(
        texts=[text for part in parts for text in part.texts],
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in Texts.__dataclass_fields__
            if name != "texts"
        },
    )


def _valid(  # noqa: PLR0913, PLR0917 - what is known of the training texts
    file: File,
    request: Request,
    names: Sequence[str],
    flag_names: Sequence[str],
    train: Texts,
    last: date | None,
) -> tuple[Texts, int, int]:
    data = _before(dataset_of([file], request.columns), request.until, file.path)
    unknown = sorted(data.label_places.keys() - {*names})
    known = {*map(key_of, names)}
    if alike := [name for name in unknown if key_of(name) in known]:
        raise ConfigurationError(
            "The validation texts have labels that differ from those of --data by case or blanks "
            f"alone: {data.label_places.listed(alike)}; write both in one way."
        )
    if unknown:
        raise ConfigurationError(
            "The validation texts have labels that no training text has: "
            f"{data.label_places.listed(unknown)}; give rows to train on for each, or leave them "
            "out."
        )
    if unknown := sorted(data.flag_places.keys() - {*flag_names}):
        raise ConfigurationError(
            "The validation texts have flags that no training text has: "
            f"{data.flag_places.listed(unknown)}; write them as in --data."
        )
    valid = _texts(data, names, flag_names, kind=0, half_life=np.inf)
    # Of a text with several labels, one row is enough here: as many as there are rows in the file.
    valid = valid.of(_first_rows(valid.texts))
    new = ~nearly_among(valid.texts, train.texts)
    unseen = valid.of(new)
    left_out = len(valid.texts) - len(unseen.texts)
    labels = unseen.labels[unseen.judges & (unseen.labels >= 0)]
    if len(labels) < MIN_JUDGING or np.bincount(labels).max() < FOLDS:
        raise ConfigurationError(
            f"{request.valid} has {len(labels):,} rows with one label that do not stand in --data, "
            f"exactly or nearly ({left_out:,} do), and fewer than {MIN_JUDGING} promise nothing: "
            "give more, or leave --valid out."
        )
    days = [day for day, one in zip(data.dates or (), new, strict=False) if day and one]
    not_later = sum(last is not None and day <= last for day in days)
    return _grouped(unseen), left_out, not_later


def _first_rows(texts: Sequence[str]) -> Truths:
    """Tell which rows are not of the same text as the one before."""
    same = [text is before for before, text in pairwise(texts)]
    return ~np.array([False, *same])


def _row_weights(data: Dataset, half_life: float) -> Floats:
    """Return how much each row counts, 1 on average: by its file, and the more the later it is.

    Departments change what they do, and ministers change.
    """
    weights = np.ones(len(data))
    if data.weights is not None:
        weights *= data.weights
    if data.dates is not None and not np.isinf(half_life):
        last = max(day for day in data.dates if day).toordinal()
        days = np.array([day.toordinal() if day else last for day in data.dates])
        weights *= 0.5 ** ((last - days) / half_life)
    weights /= weights.mean()
    return weights


def _remit_columns(request: Request) -> Columns:
    label = request.remit_label or request.columns.label
    return replace(request.columns, label=label, date=None, flags=None, weight=None)


def _remit(file: File, request: Request, flags: int, kind: int) -> Texts:
    columns = _remit_columns(request)
    data = dataset_of([file], columns)
    inside = np.array([bool(labels) for labels in data.labels])
    if min(inside.sum(), len(inside) - inside.sum()) < MIN_ROWS:
        raise ConfigurationError(
            f"{file.path} has fewer than {MIN_ROWS} rows in remit or out of it: give at least "
            f"that many with {columns.label} filled in, and as many where it is empty."
        )
    size = len(data)
    return Texts(
        texts=[read(text).text for text in data.texts],
        labels=np.full(size, -1),
        in_remit=inside,
        flags=np.zeros((size, flags), np.bool_),
        kinds=np.full(size, kind),
        weights=np.ones(size),
        knows_remit=np.ones(size, np.bool_),
        knows_flags=np.zeros(size, np.bool_),
        judges=np.zeros(size, np.bool_),
        groups=np.arange(size),
    )
