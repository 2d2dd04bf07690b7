"""`triage train`: labelled texts in, a folder with a model out."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from services.manifest import Expected, Source, Thresholds
from services.training.calibrate import Calibration, choose_penalty, fit_calibration
from services.training.counts import count
from services.training.figures import Choices, headline, remit_auroc, with_interval
from services.training.folds import stratified, stretches
from services.training.graph import Parts
from services.training.material import Labelled, Material, Request, read_material
from services.training.recipe import Cooked, best_recipe, cook
from services.training.remit import Remit, energy, fit_familiar, fit_learnt, pick_threshold
from services.training.save import Trained, save
from services.training.thresholds import pick_each

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
        """Give those that are in remit, each kind of text by itself."""
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
    material = read_material(request)
    recipe = best_recipe(material, request.seed, on_step)
    on_step(f"Fitting {len(material.train.texts):,} texts")
    cooked = cook(material, recipe, request.seed)
    on_step("Calibrating")
    calibration, judged = _calibrate(material, cooked, request.seed)
    on_step("Learning what is out of remit")
    remit, in_remit = _remit(cooked, calibration, material.remit, request.seed)
    on_step("Measuring")
    return Trained(
        name=request.out.resolve().name,
        features=cooked.recipe.features,
        hashes=cooked.hashes,
        parts=Parts(material.names, cooked.linear, calibration, remit),
        thresholds=_thresholds(material, cooked, judged, in_remit, request.precision),
        expected=_expected(material, judged),
        sources=tuple(_sources(request)),
        training={
            "seed": request.seed,
            "half_life_days": request.half_life if request.columns.date else None,
            "emphasis": cooked.recipe.emphasis,
        },
        figures=_figures(judged, in_remit),
    )


def _calibrate(material: Material, cooked: Cooked, seed: int) -> tuple[Calibration, Judged]:
    scores, labels = cooked.scores, cooked.labels
    folds = stretches(len(labels)) if material.by_time else stratified(labels, seed)
    penalty, probabilities = choose_penalty(scores, labels, folds)
    right = probabilities.argmax(axis=1) == labels
    judged = Judged(probabilities, Choices(probabilities.max(axis=1), right))
    return fit_calibration(scores, labels, penalty), judged


def _remit(
    cooked: Cooked, calibration: Calibration, given: Labelled | None, seed: int
) -> tuple[Remit, InRemit]:
    """Give the remit's score, and what it says of texts that it was not fitted to."""
    seen = calibration.mixing.logits(cooked.scores)
    familiar = Remit(fit_familiar(energy(seen)))
    if given is None:
        return familiar, InRemit(familiar.probabilities(seen, cooked.counts))
    counts = count(given.texts, cooked.vocabulary)
    linear, sigmoid, learnt = fit_learnt(counts, given.labels, cooked.recipe.emphasis, seed)
    remit = Remit(familiar.familiar, linear, sigmoid)
    logits = calibration.mixing.logits(cooked.linear.scores(counts))
    lower = np.minimum(learnt, familiar.probabilities(logits, counts))
    return remit, InRemit(remit.probabilities(seen, cooked.counts), lower, given.labels == 1)


def _thresholds(
    material: Material, cooked: Cooked, judged: Judged, in_remit: InRemit, precision: float
) -> Thresholds:
    overall, departments = pick_each(judged.probabilities, cooked.labels, material.names, precision)
    return Thresholds(
        precision=precision,
        overall=overall,
        departments=departments,
        in_remit=min(map(pick_threshold, in_remit.known())),
    )


def _expected(material: Material, judged: Judged) -> Expected:
    first = judged.probabilities.argmax(axis=1)
    shares = np.bincount(first, minlength=len(material.names)) / len(first)
    return Expected(
        share=dict(zip(material.names, np.round(shares, 4).tolist(), strict=True)),
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
