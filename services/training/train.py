"""`triage train`: labelled texts in, a folder with a model out."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from services.model.manifest import Expected, Source, Thresholds
from services.training.data.folds import stratified, time_blocks
from services.training.data.training_set import Labelled, Request, TrainingSet, read_training_set
from services.training.evaluate.figures import Choices, headline, remit_auroc, with_interval
from services.training.export.model_folder import Trained, save
from services.training.export.onnx_graph import Parts
from services.training.fit.calibration import Calibration, choose_penalty, fit_calibration
from services.training.fit.feature_counts import count
from services.training.fit.recipe import FittedRecipe, best_recipe, fit_recipe
from services.training.fit.remit import Remit, energy, fit_energy_score, fit_learnt, pick_threshold
from services.training.fit.thresholds import pick_each

Floats = NDArray[np.float64]


class Judged(NamedTuple):
    """The held-out texts, each judged by a calibration that had not seen it."""

    probabilities: Floats
    choices: Choices


class InRemit(NamedTuple):
    """How likely texts are in remit, as models that had not seen them say.

    `held_out` are the texts that departments were judged on, all of them in remit; `given` are
    those with which the remit was learnt, if any were, and `truths` tells which are in remit.
    """

    held_out: Floats
    given: Floats | None = None
    truths: NDArray[np.bool_] | None = None

    def known(self) -> Iterator[Floats]:
        """Return those that are in remit, each kind of text by itself."""
        yield self.held_out
        if self.given is not None:
            yield self.given[self.truths]


def train(request: Request, on_step: Callable[[str], None]) -> Trained:
    """Train a model and write it to the folder that was asked for.

    Args:
        request: What to train from, and where to.
        on_step: Told what is being done, in a few words.

    Raises:
        ConfigurationError: The data or the request are wrong; nothing has been written.
    """
    # Sums that several threads share out come out otherwise by how many there are; and on matrices
    # as narrow as these, threads cost more than they save.
    with threadpool_limits(limits=1):
        trained = _train(request, on_step)
    on_step("Writing the model")
    save(request.out, trained)
    return trained


def _train(request: Request, on_step: Callable[[str], None]) -> Trained:
    on_step("Reading the texts")
    training_set = read_training_set(request)
    recipe = best_recipe(training_set, request.seed, on_step)
    on_step(f"Fitting {len(training_set.train.texts):,} texts")
    fitted = fit_recipe(training_set, recipe, request.seed)
    on_step("Calibrating")
    calibration, judged = _calibrate(training_set, fitted, request.seed)
    on_step("Learning what is out of remit")
    remit, in_remit = _remit(fitted, calibration, training_set.remit, request.seed)
    on_step("Measuring")
    return Trained(
        name=request.out.resolve().name,
        features=fitted.recipe.features,
        hashes=fitted.hashes,
        parts=Parts(training_set.names, fitted.linear, calibration, remit),
        thresholds=_thresholds(training_set, fitted, judged, in_remit, request.precision),
        expected=_expected(training_set, judged),
        sources=tuple(_sources(request)),
        training={
            "seed": request.seed,
            "half_life_days": request.half_life if request.columns.date else None,
            "label_power": fitted.recipe.label_power,
        },
        figures=_figures(judged, in_remit),
    )


def _calibrate(
    training_set: TrainingSet, fitted: FittedRecipe, seed: int
) -> tuple[Calibration, Judged]:
    scores, labels = fitted.scores, fitted.labels
    folds = time_blocks(len(labels)) if training_set.by_time else stratified(labels, seed)
    penalty, probabilities = choose_penalty(scores, labels, folds)
    right = probabilities.argmax(axis=1) == labels
    judged = Judged(probabilities, Choices(probabilities.max(axis=1), right))
    return fit_calibration(scores, labels, penalty), judged


def _remit(
    fitted: FittedRecipe, calibration: Calibration, given: Labelled | None, seed: int
) -> tuple[Remit, InRemit]:
    """Return the remit's score, and what it says of texts that it was not fitted to."""
    seen = calibration.mixing.logits(fitted.scores)
    by_energy = Remit(fit_energy_score(energy(seen)))
    if given is None:
        return by_energy, InRemit(by_energy.probabilities(seen, fitted.counts))
    counts = count(given.texts, fitted.vocabulary)
    linear, sigmoid, learnt = fit_learnt(counts, given.labels, fitted.recipe.label_power, seed)
    remit = Remit(by_energy.energy_score, linear, sigmoid)
    logits = calibration.mixing.logits(fitted.linear.scores(counts))
    lower = np.minimum(learnt, by_energy.probabilities(logits, counts))
    return remit, InRemit(remit.probabilities(seen, fitted.counts), lower, given.labels == 1)


def _thresholds(
    training_set: TrainingSet,
    fitted: FittedRecipe,
    judged: Judged,
    in_remit: InRemit,
    precision: float,
) -> Thresholds:
    overall, departments = pick_each(
        judged.probabilities, fitted.labels, training_set.names, precision
    )
    return Thresholds(
        precision=precision,
        overall=overall,
        departments=departments,
        in_remit=min(map(pick_threshold, in_remit.known())),
    )


def _expected(training_set: TrainingSet, judged: Judged) -> Expected:
    first = judged.probabilities.argmax(axis=1)
    shares = np.bincount(first, minlength=len(training_set.names)) / len(first)
    return Expected(
        share=dict(zip(training_set.names, np.round(shares, 4).tolist(), strict=True)),
        mean_probability=round(float(judged.choices.sure.mean()), 4),
    )


def _figures(judged: Judged, in_remit: InRemit) -> dict[str, Any]:
    figures = headline(judged.choices)
    given, truths = in_remit.given, in_remit.truths
    if given is not None and truths is not None:
        figures["remit_auroc"] = with_interval(
            len(truths), lambda rows: remit_auroc(given[rows], truths[rows])
        )
    rounded = {name: [round(each, 4) for each in figure] for name, figure in figures.items()}
    return {"texts": len(judged.choices.sure), **rounded}


def _sources(request: Request) -> Iterator[Source]:
    used = [(path, "training") for path in request.data]
    used += [(path, "calibration and thresholds") for path in [request.valid] if path]
    used += [(path, "remit") for path in [request.remit] if path]
    for path, purpose in used:
        content = path.read_bytes()
        yield Source(file=path.name, sha256=hashlib.sha256(content).hexdigest(), used_for=purpose)
