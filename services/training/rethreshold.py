"""`triage thresholds`: what a model promises, picked anew from what people decided."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.errors import ConfigurationError
from services.model.manifest import FlagThreshold, Thresholds
from services.model.reading import read
from services.model.scorer import Scorer
from services.training.data.lessons import Lessons, effective_size
from services.training.data.training_set import MIN_JUDGING, MIN_ROWS
from services.training.fit.flags import pick_flag_threshold
from services.training.fit.remit import pick_threshold
from services.training.fit.thresholds import pick_each

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What is asked of the thresholds, as shares; None for what the model promises now."""

    precision: float | None = None
    recall: float | None = None
    false_alarms: float | None = None

    def of_flag(self, before: FlagThreshold) -> tuple[float, float]:
        """Return the recall to reach, and the false alarms that are allowed."""
        return (
            before.recall if self.recall is None else self.recall,
            before.false_alarms if self.false_alarms is None else self.false_alarms,
        )


class PickedAnew(NamedTuple):
    """Thresholds, and the flags that keep theirs as too few lessons have them, or lack them."""

    thresholds: Thresholds
    kept_flags: tuple[str, ...]


def pick_anew(model: Scorer, before: Thresholds, lessons: Lessons, promise: Promise) -> PickedAnew:
    """Pick thresholds by the rules of training, each lesson counted by its weight.

    A department that the model does not know makes each of its lessons wrong. Of several
    departments no first choice can be all, so such lessons say nothing of thresholds.

    Args:
        model: The model.
        before: What it promises now.
        lessons: Those that it has not learnt from.
        promise: What to pick thresholds for.

    Raises:
        ConfigurationError: Lessons for departments of the model's own are too few to promise
            anything.
    """
    precision = before.precision if promise.precision is None else promise.precision
    scores = model.score([read(text).text for text in lessons.data.texts])
    truths, weights = _truths(model, lessons), lessons.weights
    one = np.array([len(labels) == 1 for labels in lessons.data.labels])
    size = effective_size(weights[one & (truths >= 0)])
    if size < MIN_JUDGING:
        raise ConfigurationError(
            f"{lessons.file} has lessons for one of the model's departments that are worth "
            f"{size:,.0f} of equal weight, and fewer than {MIN_JUDGING} promise nothing: give more."
        )
    overall, departments = pick_each(
        scores.probabilities[one].astype(np.float64),
        truths[one],
        model.labels,
        precision,
        weights[one],
    )
    inside = np.array([bool(labels) for labels in lessons.data.labels])
    flags = _flags(before, lessons, scores.flags.astype(np.float64), promise)
    thresholds = Thresholds(
        precision=precision,
        overall=overall,
        departments=departments,
        in_remit=pick_threshold(scores.in_remit[inside].astype(np.float64), weights[inside]),
        flags={name: flags.get(name) or before.flags[name] for name in model.flags},
    )
    return PickedAnew(thresholds, tuple(name for name in model.flags if name not in flags))


def _truths(model: Scorer, lessons: Lessons) -> Ints:
    numbers = {name: number for number, name in enumerate(model.labels)}
    return np.array(
        [numbers.get(min(labels, default=""), -1) for labels in lessons.data.labels], np.intp
    )


def _flags(
    before: Thresholds, lessons: Lessons, probabilities: Floats, promise: Promise
) -> dict[str, FlagThreshold]:
    """Return a threshold for each flag that lessons enough have, and lack."""
    picked = {}
    for number, (name, now) in enumerate(before.flags.items()):
        has = np.array([name in each for each in lessons.data.flags or ()], np.bool_)
        if len(has) and min(has.sum(), (~has).sum()) >= MIN_ROWS:
            picked[name] = pick_flag_threshold(
                probabilities[:, number], has, *promise.of_flag(now), lessons.weights
            )
    return picked
