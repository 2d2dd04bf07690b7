"""Where a model is better or worse: by length, by month, in capitals, with typing errors."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from services.model.scorer import Scorer
from services.training.data.dataset import Dataset
from services.training.evaluate.evaluation import Slice
from services.training.evaluate.figures import Choices, accuracy, coverage, of_choices
from services.training.evaluate.predictions import Predictions, predict
from services.training.evaluate.typing_errors import mistype

Truths = NDArray[np.bool_]

# Letters; each slice holds the texts from one on to below the next.
LENGTHS = (0, 60, 120, 240, 480, 960)
SEED = 0


def slices_of(
    model: Scorer, data: Dataset, inside: Truths, predicted: Predictions, resamples: int
) -> Iterator[Slice]:
    """Measure slices of the texts in remit.

    Args:
        model: The model, to ask once more of texts written otherwise.
        data: All texts.
        inside: Which of them are in remit.
        predicted: What the model said of all.
        resamples: How many for each interval.
    """
    one = partial(_slice, resamples=resamples)
    for name, rows in by_length(data.texts):
        yield from one("length", name, predicted.choices.of(rows & inside))
    for name, rows in _by_month(data):
        yield from one("month", name, predicted.choices.of(rows & inside))
    for column, values in data.groups.items():
        for name in sorted(set(values)):
            rows = np.array([value == name for value in values])
            yield from one(column, name or "none", predicted.choices.of(rows & inside))
    texts = [text for text, counts in zip(data.texts, inside, strict=True) if counts]
    labels = [each for each, counts in zip(data.labels, inside, strict=True) if counts]
    for name, written in (
        ("as they are", texts),
        ("in capitals", [text.upper() for text in texts]),
        ("one word in five mistyped", [mistype(text, SEED) for text in texts]),
    ):
        yield from one("writing", name, predict(model, written, labels).choices)


def _slice(kind: str, name: str, choices: Choices, resamples: int) -> Iterator[Slice]:
    if len(choices.sure):
        yield Slice(
            kind=kind,
            name=name,
            texts=len(choices.sure),
            accuracy=of_choices(choices, accuracy, resamples),
            coverage_at_95=of_choices(choices, partial(coverage, precision=0.95), resamples),
        )


def by_length(texts: Sequence[str]) -> Iterator[tuple[str, Truths]]:
    """Return the slices of texts by their letters: a name for each, and which texts are in it."""
    lengths = np.array([len(text) for text in texts])
    for low, high in zip(LENGTHS, (*LENGTHS[1:], None), strict=True):
        name = f"{low} to {high - 1} letters" if high else f"{low} letters or more"
        yield name, (lengths >= low) & (lengths < (high or np.inf))


def _by_month(data: Dataset) -> Iterator[tuple[str, Truths]]:
    if data.dates is not None:
        months = np.array([f"{day:%Y-%m}" if day else "no date" for day in data.dates])
        for month in np.unique(months):
            yield str(month), months == month
