"""Measures a model on labelled texts: how good it is, how well it knows, and where it is not."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.errors import ConfigurationError
from services.model.manifest import Limits
from services.model.scorer import DIGITS, Scorer
from services.training.data.dataset import Dataset
from services.training.evaluate.evaluation import Department, Evaluation, Flagged
from services.training.evaluate.figures import (
    RESAMPLES,
    curve,
    headline,
    macro_f1,
    reliability,
    remit_auroc,
    with_interval,
)
from services.training.evaluate.predictions import Predictions, predict
from services.training.evaluate.slices import slices_of

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Truths = NDArray[np.bool_]


class Files(NamedTuple):
    """The names of the files that texts come from, and those of them the model was made from.

    `left_out` counts the texts that are not measured on, as the model has learnt them.
    """

    names: tuple[str, ...]
    fitted_to: tuple[str, ...] = ()
    left_out: int = 0


def evaluate(
    model: Scorer,
    limits: Limits,
    data: Dataset,
    files: Files,
    resamples: int = RESAMPLES,
) -> Evaluation:
    """Measure a model.

    What is flagged goes to a person, so it is not among those that are routed.

    Args:
        model: The model.
        limits: The thresholds that would send a text to a department without a person.
        data: Texts; one without a label is out of remit.
        files: Where the texts come from.
        resamples: How many for each interval.

    Raises:
        ConfigurationError: The model knows none of the labels.
    """
    _check_labels(model.labels, data)
    inside = np.array([bool(labels) for labels in data.labels])
    strange = [labels for labels in data.labels if labels.isdisjoint(model.labels) and labels]
    predicted = predict(model, data.texts, data.labels)
    of_remit = predicted.of(inside)
    raised = raised_of(predicted, model.flags, limits)
    routed = routed_of(predicted, model.labels, limits) & ~raised.any(axis=1)
    measures = {
        **_remit_measures(predicted, inside, limits),
        **_routing_measures(predicted, routed),
        **_flag_measures(model.flags, raised, data),
    }
    figures = headline(of_remit.choices, resamples)
    figures["macro_f1"] = with_interval(
        len(of_remit.truths),
        lambda rows: macro_f1(of_remit.truths[rows], of_remit.chosen[rows]),
        resamples=resamples,
    )
    for name, measure in measures.items():
        figures[name] = with_interval(len(inside), measure, resamples=resamples)
    return Evaluation(
        model=model.name,
        version=model.version,
        files=files.names,
        fitted_to=files.fitted_to,
        left_out=files.left_out,
        texts=len(data),
        unknown=len(strange),
        unknown_labels=data.label_places.listed(sorted(frozenset[str]().union(*strange))),
        out_of_remit=int((~inside).sum()),
        figures=figures,
        reliability=reliability(of_remit.choices),
        curve=curve(of_remit.choices),
        departments=_departments(model.labels, predicted, inside, routed, limits),
        confusion=_confusion(len(model.labels), of_remit),
        slices=[*slices_of(model, data, inside, predicted, resamples)],
        flagged=[*_flagged(model.flags, raised, data)],
    )


def _check_labels(known: Sequence[str], data: Dataset) -> None:
    given = {label for labels in data.labels for label in labels}
    if not given & set(known):
        none = "" if given else " (no row has one)"
        raise ConfigurationError(
            f"The model knows none of the labels{none}: evaluate it on texts of its own "
            "departments, and name their column with --label."
        )


def routed_of(predicted: Predictions, labels: Sequence[str], limits: Limits) -> Truths:
    """Return which texts pass the model's limits (margins and rules are the routing table's)."""
    each = [limits.thresholds.get(label) for label in labels]
    thresholds = np.array([np.inf if one is None else one for one in each])
    passed = as_decided(predicted.choices.sure) >= thresholds[predicted.chosen]
    return passed & (as_decided(predicted.in_remit) >= limits.in_remit)


def raised_of(predicted: Predictions, flags: Sequence[str], limits: Limits) -> Truths:
    """Return which flags are raised, of shape (texts, flags)."""
    thresholds = np.array([limits.flags.get(name, np.inf) for name in flags])
    raised: Truths = as_decided(predicted.flags) >= thresholds
    return raised


def as_decided(probabilities: Floats) -> Floats:
    """Return what a decision has of probabilities, and what is held against a threshold."""
    return np.round(probabilities, DIGITS)


def _flag_measures(
    flags: Sequence[str], raised: Truths, data: Dataset
) -> dict[str, Callable[[Ints], float]]:
    measures: dict[str, Callable[[Ints], float]] = {}
    if data.flags is None:
        return measures
    for number, name in enumerate(flags):
        has: Truths = np.array([name in each for each in data.flags], np.bool_)
        says: Truths = raised[:, number]
        measures[f"{name}_recall"] = partial(_share_of, says, has)
        measures[f"{name}_false_alarms"] = partial(_share_of, says, ~has)
    none: Truths = np.array([not each for each in data.flags], np.bool_)
    any_of_them: Truths = np.asarray(raised.any(axis=1))
    measures["false_alarms"] = partial(_share_of, any_of_them, none)
    return measures


def _share_of(what: Truths, among: Truths, rows: Ints) -> float:
    return _share(what[rows], among[rows])


def _flagged(flags: Sequence[str], raised: Truths, data: Dataset) -> Iterator[Flagged]:
    for number, name in enumerate(flags):
        has = np.array([name in each for each in data.flags or ()], np.bool_)
        if has.any():
            found = raised[:, number] & has
            yield Flagged(
                flag=name, column="", group="", texts=int(has.sum()), found=int(found.sum())
            )
            for column, values in data.groups.items():
                groups = np.array(values)
                for group in np.unique(groups[has]):
                    rows = has & (groups == group)
                    yield Flagged(
                        flag=name,
                        column=column,
                        group=str(group),
                        texts=int(rows.sum()),
                        found=int((found & rows).sum()),
                    )


def _remit_measures(
    predicted: Predictions, inside: Truths, limits: Limits
) -> dict[str, Callable[[Ints], float]]:
    held_back = predicted.in_remit < limits.in_remit
    measures: dict[str, Callable[[Ints], float]] = {
        "held_back_in_remit": lambda rows: _share(held_back[rows], inside[rows]),
    }
    if not inside.all():
        measures["held_back_out_of_remit"] = lambda rows: _share(held_back[rows], ~inside[rows])
        measures["remit_auroc"] = lambda rows: remit_auroc(predicted.in_remit[rows], inside[rows])
    return measures


def _routing_measures(predicted: Predictions, routed: Truths) -> dict[str, Callable[[Ints], float]]:
    right = predicted.choices.right
    return {
        "routed": lambda rows: float(routed[rows].mean()),
        "routed_right": lambda rows: _share(right[rows], routed[rows]),
    }


def _share(what: Truths, among: Truths) -> float:
    return float(what[among].mean()) if among.any() else 0.0


def _departments(
    labels: Sequence[str], predicted: Predictions, inside: Truths, routed: Truths, limits: Limits
) -> list[Department]:
    right = predicted.choices.right
    found = []
    for number, label in enumerate(labels):
        its, chosen = (predicted.truths == number) & inside, (predicted.chosen == number) & inside
        sent = (predicted.chosen == number) & routed
        found.append(
            Department(
                label=label,
                texts=int(its.sum()),
                chosen=int(chosen.sum()),
                precision=_share(right, chosen) if chosen.any() else None,
                recall=_share(right, its) if its.any() else None,
                threshold=limits.thresholds.get(label),
                routed=int(sent.sum()),
                routed_right=int((sent & right).sum()),
            )
        )
    return found


def _confusion(size: int, predicted: Predictions) -> list[list[int]]:
    counted = np.zeros((size, size), np.intp)
    known = predicted.truths >= 0
    np.add.at(counted, (predicted.truths[known], predicted.chosen[known]), 1)
    matrix: list[list[int]] = counted.tolist()
    return matrix
