"""`triage train`: labelled texts in, a folder with a model out."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from services.model.manifest import Expected, Source, Thresholds
from services.training.data.folds import stratified, time_blocks
from services.training.data.training_set import Request, TrainingSet, read_training_set
from services.training.evaluate.figures import Choices, Figure, headline, remit_auroc, with_interval
from services.training.export.model_folder import Trained, save
from services.training.export.onnx_graph import Parts
from services.training.fit.binary import Binary, fit_binary, fit_platt
from services.training.fit.calibration import Calibration, choose_penalty, fit_calibration
from services.training.fit.flags import pick_flag_threshold
from services.training.fit.linear import fit_close, term_weights
from services.training.fit.recipe import (
    FEATURES,
    Counted,
    Features,
    HeldOut,
    Recipe,
    best_recipe,
    fit_departments,
    row_weights,
)
from services.training.fit.remit import Remit, energy, fit_energy_score, pick_threshold
from services.training.fit.side_by_side import side_by_side
from services.training.fit.thresholds import pick_each

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Truths = NDArray[np.bool_]


class Judged(NamedTuple):
    """Held-out texts, each judged by a calibration that had not seen it."""

    probabilities: Floats
    choices: Choices


class Answered(NamedTuple):
    """A yes-or-no question, fitted; and what it says of texts that it was not fitted to.

    `probabilities` and `truths` are of shape (texts,).
    """

    binary: Binary
    probabilities: Floats
    truths: Truths


def _tell_nobody(_: str) -> None: ...


def train(
    request: Request,
    on_step: Callable[[str], None],
    on_read: Callable[[str], None] = _tell_nobody,
) -> Trained:
    """Train a model and write it to the folder that was asked for.

    Args:
        request: What to train from, and where to.
        on_step: Told what is being done, in a few words.
        on_read: Told of each file what was read and left out, a sentence each.

    Raises:
        ConfigurationError: The data or the request are wrong; nothing has been written.
    """
    # Sums that several threads share out come out otherwise by how many there are; and on matrices
    # as narrow as these, threads cost more than they save.
    with threadpool_limits(limits=1):
        trained = _train(request, on_step, on_read)
    on_step("Writing the model")
    save(request.out, trained)
    return trained


def _train(
    request: Request, on_step: Callable[[str], None], on_read: Callable[[str], None]
) -> Trained:
    seed = request.seed
    on_step("Reading the texts")
    training_set = read_training_set(request)
    for sentence in training_set.read:
        on_read(sentence)
    tried = FEATURES[:1] if request.words_only else FEATURES
    recipe, features = best_recipe(training_set, tuple(request.weights), tried, seed, on_step)
    on_step(f"Fitting {len(training_set.train.texts):,} texts")
    linear, held_out = fit_departments(features, recipe, seed)
    on_step("Calibrating")
    calibration, judged = _calibrate(training_set, held_out, seed)
    on_step("Learning what is out of remit, and what a person must see first")
    in_remit = _answer_remit(features, recipe, seed)
    flags = [_answer_flag(features, recipe, n, seed) for n in range(len(training_set.flag_names))]
    seen = calibration.mixing.logits(held_out.scores)
    remit = Remit(fit_energy_score(energy(seen)), in_remit.binary if in_remit else None)
    on_step("Measuring")
    return Trained(
        name=request.out.resolve().name,
        features=recipe.features,
        hashes=features.hashes,
        parts=Parts(
            labels=training_set.names,
            flags=training_set.flag_names,
            linear=linear,
            calibration=calibration,
            remit=remit,
            binaries=tuple(each.binary for each in flags),
        ),
        thresholds=_thresholds(
            training_set, held_out, judged, seen, remit, in_remit, flags, request
        ),
        expected=_expected(training_set, judged),
        sources=tuple(_sources(request)),
        training={
            "seed": seed,
            "half_life_days": request.half_life if request.columns.date else None,
            "label_power": recipe.label_power,
            "file_weights": recipe.kind_weights,
            "left_out_of_valid": training_set.left_out,
            "not_later_in_valid": training_set.not_later,
            "rows_of_valid": len(training_set.valid.texts) if training_set.valid else 0,
        },
        figures=_figures(judged, in_remit, dict(zip(training_set.flag_names, flags, strict=True))),
    )


def _calibrate(
    training_set: TrainingSet, held_out: HeldOut, seed: int
) -> tuple[Calibration, Judged]:
    scores, labels = held_out.scores, held_out.labels
    if training_set.by_time:
        folds = time_blocks(len(labels))
    else:
        folds = stratified(labels, seed, held_out.groups)
    penalty, probabilities = choose_penalty(scores, labels, folds)
    right = probabilities.argmax(axis=1) == labels
    judged = Judged(probabilities, Choices(probabilities.max(axis=1), right))
    return fit_calibration(scores, labels, penalty), judged


def _answer_remit(features: Features, recipe: Recipe, seed: int) -> Answered | None:
    """Learn what is in remit; None where no text is out of it."""
    # What is flagged and has no department is not for nobody: a person decides.
    train = features.train.of(_knows_remit(features.train))
    valid = features.valid and features.valid.of(_knows_remit(features.valid))
    truths = train.texts.in_remit
    if truths.all() or not truths.any():
        return None
    judged_by_valid = valid is not None and _both(valid.texts.in_remit)
    return _answer(
        features,
        recipe,
        train,
        truths,
        (valid, valid.texts.in_remit) if judged_by_valid and valid else None,
        seed,
    )


def _knows_remit(counted: Counted) -> Truths:
    texts = counted.texts
    unclear = ~texts.in_remit & texts.flags.any(axis=1)
    knows: Truths = texts.knows_remit & ~unclear
    return knows


def _answer_flag(features: Features, recipe: Recipe, flag: int, seed: int) -> Answered:
    train = features.train.of(features.train.texts.knows_flags)
    valid = features.valid and features.valid.of(features.valid.texts.knows_flags)
    judged_by_valid = valid is not None and _both(valid.texts.flags[:, flag])
    return _answer(
        features,
        recipe,
        train,
        train.texts.flags[:, flag],
        (valid, valid.texts.flags[:, flag]) if judged_by_valid and valid else None,
        seed,
    )


def _both(truths: Truths) -> bool:
    return bool(truths.any() and not truths.all())


def _answer(  # noqa: PLR0913, PLR0917 - what a fit takes
    features: Features,
    recipe: Recipe,
    train: Counted,
    truths: Truths,
    valid: tuple[Counted, Truths] | None,
    seed: int,
) -> Answered:
    """Fit a yes-or-no question; validation texts judge it, or else each fold the others."""
    weights, terms = row_weights(train.texts, recipe), _idf(features)
    linear = fit_binary(train.counts, truths, weights, terms, seed)
    if valid is not None:
        counted, expected = valid
        scores = linear.scores(counted.counts)[:, 0]
        sigmoid = fit_platt(scores, expected)
        return Answered(Binary(linear, sigmoid), sigmoid.probabilities(scores), expected)
    scores = np.empty(len(truths))

    def judge(parts: tuple[Ints, Ints]) -> None:
        others, fold = parts
        counts, known = train.counts[others], truths[others]
        without = fit_binary(counts, known, weights[others], terms, seed, fit_close)
        scores[fold] = without.scores(train.counts[fold])[:, 0]

    side_by_side(judge, stratified(truths.astype(np.intp), seed, train.texts.groups))
    sigmoid = fit_platt(scores, truths)
    return Answered(Binary(linear, sigmoid), sigmoid.probabilities(scores), truths)


def _idf(features: Features) -> Floats:
    """Return the inverse document frequencies that all yes-or-no questions share."""
    counts: sp.csr_matrix = features.train.counts
    return term_weights(counts, np.ones((counts.shape[0], 1)), label_power=0)


def _thresholds(  # noqa: PLR0913, PLR0917 - all that thresholds are picked from
    training_set: TrainingSet,
    held_out: HeldOut,
    judged: Judged,
    seen: Floats,
    remit: Remit,
    in_remit: Answered | None,
    flags: list[Answered],
    request: Request,
) -> Thresholds:
    overall, departments = pick_each(
        judged.probabilities, held_out.labels, training_set.names, request.precision
    )
    if in_remit is None:
        known = remit.probabilities(seen, held_out.counts)
    else:
        known = in_remit.probabilities[in_remit.truths]
    raised = {
        name: pick_flag_threshold(
            each.probabilities, each.truths, request.recall, request.false_alarms
        )
        for name, each in zip(training_set.flag_names, flags, strict=True)
    }
    return Thresholds(
        precision=request.precision,
        overall=overall,
        departments=departments,
        in_remit=pick_threshold(known),
        flags=raised,
    )


def _expected(training_set: TrainingSet, judged: Judged) -> Expected:
    first = judged.probabilities.argmax(axis=1)
    shares = np.bincount(first, minlength=len(training_set.names)) / len(first)
    return Expected(
        share=dict(zip(training_set.names, np.round(shares, 4).tolist(), strict=True)),
        mean_probability=round(float(judged.choices.sure.mean()), 4),
    )


def _figures(
    judged: Judged, in_remit: Answered | None, flags: dict[str, Answered]
) -> dict[str, Any]:
    figures = headline(judged.choices)
    questions = {"remit": in_remit} if in_remit else {}
    for name, each in {**questions, **flags}.items():
        figures[f"{name}_auroc"] = _auroc(each)
    rounded = {name: [round(each, 4) for each in figure] for name, figure in figures.items()}
    return {"texts": len(judged.choices.sure), **rounded}


def _auroc(answered: Answered) -> Figure:
    return with_interval(
        len(answered.truths),
        lambda rows: remit_auroc(answered.probabilities[rows], answered.truths[rows]),
    )


def _sources(request: Request) -> Iterator[Source]:
    used = [(path, "training") for path in request.data]
    used += [(path, "calibration and thresholds") for path in [request.valid] if path]
    used += [(path, "remit") for path in [request.remit] if path]
    for path, purpose in used:
        content = path.read_bytes()
        yield Source(
            file=path.name,
            sha256=hashlib.sha256(content).hexdigest(),
            used_for=purpose,
            until=None if path == request.remit else request.until,
        )
