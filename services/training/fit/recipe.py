"""Finds out which features and weights suit the texts, by what each says of texts held out."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from services.errors import ConfigurationError
from services.model.manifest import FeatureSettings
from services.model.text_features import VERSION
from services.model.vocabulary import Vocabulary
from services.training.data.folds import stratified
from services.training.data.training_set import Texts, TrainingSet
from services.training.fit.feature_counts import count, learn_vocabulary
from services.training.fit.linear import (
    Fit,
    Linear,
    fit_close,
    fit_hinge,
    fit_linear,
    label_term_weights,
)
from services.training.fit.side_by_side import side_by_side

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Truths = NDArray[np.bool_]

MIN_TEXTS = 2
MAX_FEATURES = 250_000
# What is tried: which features, and how much those that tell of the label are raised. Pairs of
# beginnings find the right label more often than pairs of words and cost as much: of BANKING77's
# test 0.898 against 0.891, of its own inquiries to choose on 0.705 against 0.698.
FEATURES = tuple(
    FeatureSettings(version=VERSION, prefix=4, pair_letters=4, grams=grams)
    for grams in ((), (3, 4))
)
LABEL_POWERS = (0.0, 0.5)
# How much a text of one kind counts beside one of the first kind.
KIND_WEIGHTS = (1.0, 3.0, 10.0, 30.0)
# A smaller gain is noise: then the fewer features and the plainer weights are better.
GAIN = 0.003
# So many texts tell recipes apart: chance moves the difference of two that disagree on one text in
# twenty by 0.0025.
TELLING = 8_000


class Recipe(NamedTuple):
    """One way to train.

    `label_power` is that of `linear.term_weights`; `kind_weights` has one weight for each file.
    """

    features: FeatureSettings
    label_power: float
    kind_weights: tuple[float, ...]


class Counted(NamedTuple):
    """Texts as counts of their features, of shape (texts, features)."""

    texts: Texts
    counts: sp.csr_matrix

    def of(self, rows: Truths) -> "Counted":
        """Return some of the texts."""
        return Counted(self.texts.of(rows), self.counts[rows])


class Features(NamedTuple):
    """The vocabulary that was learnt, and the texts as counts of it."""

    vocabulary: Vocabulary
    hashes: NDArray[np.uint64]
    train: Counted
    valid: Counted | None


class HeldOut(NamedTuple):
    """Texts that a fit had not seen: their counts, what it said of them, and what is right.

    `scores` is of shape (texts, labels); `labels` and `groups` are of shape (texts,).
    """

    counts: sp.csr_matrix
    scores: Floats
    labels: Ints
    groups: Ints

    @property
    def right(self) -> float:
        """The share of the texts whose first choice is right."""
        return float((self.scores.argmax(axis=1) == self.labels).mean())


def make_features(training_set: TrainingSet, settings: FeatureSettings) -> Features:
    """Learn the vocabulary of the training texts, and count their features.

    Raises:
        ConfigurationError: The texts have nothing in common.
    """
    texts = training_set.train.texts
    hashes = learn_vocabulary(texts, settings, min_texts=MIN_TEXTS, limit=MAX_FEATURES)
    if not len(hashes):
        raise ConfigurationError(
            "No two texts have a word in common, so there is nothing to learn: give more texts."
        )
    vocabulary = Vocabulary(hashes, settings)
    valid = training_set.valid
    return Features(
        vocabulary=vocabulary,
        hashes=hashes,
        train=Counted(training_set.train, count(texts, vocabulary)),
        valid=Counted(valid, count(valid.texts, vocabulary)) if valid else None,
    )


def best_recipe(
    training_set: TrainingSet,
    given: tuple[float, ...],
    tried: Sequence[FeatureSettings],
    seed: int,
    on_step: Callable[[str], None],
) -> tuple[Recipe, Features]:
    """Try recipes with half of the fit; return the one most often right, with its features.

    Args:
        training_set: The texts.
        given: The weight of each file, or nothing where they are to be chosen.
        tried: The features to try.
        seed: Fixes folds and optimiser.
        on_step: Told what is being done.

    Raises:
        ConfigurationError: The texts have nothing in common.
    """
    kinds = int(training_set.train.kinds.max()) + 1
    plain = given or (1.0,) * kinds
    chosen = Recipe(tried[0], LABEL_POWERS[0], plain)
    its = make_features(training_set, tried[0])
    highest = 0.0
    for settings in tried:
        features = its if settings == tried[0] else make_features(training_set, settings)
        for recipe in _recipes(settings, plain, choose=not given and kinds > 1):
            on_step(f"Trying {_described(recipe)}")
            right = _tried(features, recipe, seed).right
            if right > highest + GAIN:
                chosen, its, highest = recipe, features, right
    return chosen, its


def _recipes(
    settings: FeatureSettings, plain: tuple[float, ...], *, choose: bool
) -> Iterator[Recipe]:
    weights = [(1.0, *(each for _ in plain[1:])) for each in KIND_WEIGHTS] if choose else [plain]
    for label_power, each in product(LABEL_POWERS, weights):
        yield Recipe(settings, label_power, each)


def row_weights(texts: Texts, recipe: Recipe) -> Floats:
    """Return how much each text counts in a fit, of shape (texts,)."""
    # What was given for the remit alone has no weight of its own.
    kinds = np.append(recipe.kind_weights, 1.0)
    weights: Floats = texts.weights * kinds[np.minimum(texts.kinds, len(kinds) - 1)]
    return weights


def fit_departments(features: Features, recipe: Recipe, seed: int) -> tuple[Linear, HeldOut]:
    """Fit the departments, and score the validation texts, or else each fold by the others."""
    linear = _fit_all(features, recipe, seed, fit_linear)
    if features.valid is not None:
        return linear, _judged_by(linear, features.valid)
    return linear, cross_fit(features, recipe, seed, fit_close)


def _tried(features: Features, recipe: Recipe, seed: int) -> HeldOut:
    """Score the validation texts, or else as many folds as tell recipes apart."""
    if features.valid is not None:
        return _judged_by(_fit_all(features, recipe, seed, fit_hinge), features.valid)
    return cross_fit(features, recipe, seed, fit_hinge, TELLING)


def _labelled(features: Features) -> Counted:
    return features.train.of(features.train.texts.labels >= 0)


def _fit_all(features: Features, recipe: Recipe, seed: int, fit: Fit) -> Linear:
    train = _labelled(features)
    weights = row_weights(train.texts, recipe)
    return _fit(train.counts, train.texts.labels, weights, recipe, seed, fit)


def _judged_by(linear: Linear, valid: Counted) -> HeldOut:
    judges = valid.of((valid.texts.labels >= 0) & valid.texts.judges)
    scores, known = linear.scores(judges.counts), judges.texts
    return HeldOut(judges.counts, scores, known.labels, known.groups)


def cross_fit(
    features: Features, recipe: Recipe, seed: int, fit: Fit, enough: int | None = None
) -> HeldOut:
    """Score each fold by the others.

    Args:
        features: The texts.
        recipe: How to fit.
        seed: Fixes folds and optimiser.
        fit: What to fit.
        enough: No more folds are scored than have so many texts; all if not given.
    """
    train = _labelled(features)
    labels, weights = train.texts.labels, row_weights(train.texts, recipe)
    scores, groups = np.empty((len(labels), labels.max() + 1)), train.texts.groups

    def judge(parts: tuple[Ints, Ints]) -> None:
        others, fold = parts
        counts, known = train.counts[others], labels[others]
        without = _fit(counts, known, weights[others], recipe, seed, fit)
        scores[fold] = without.scores(train.counts[fold])

    folds = stratified(labels, seed, groups)
    sizes = np.cumsum([len(fold) for _, fold in folds])
    folds = folds[: 1 + int(sizes.searchsorted(enough or len(labels)))]
    side_by_side(judge, folds)
    judged = np.zeros(len(labels), np.bool_)
    judged[np.concatenate([fold for _, fold in folds])] = True
    # Of several labels no first choice can be all.
    judges = train.texts.judges & judged
    return HeldOut(train.counts[judges], scores[judges], labels[judges], groups[judges])


def _fit(  # noqa: PLR0913, PLR0917 - what a fit takes
    counts: sp.csr_matrix, labels: Ints, weights: Floats, recipe: Recipe, seed: int, fit: Fit
) -> Linear:
    terms = label_term_weights(counts, labels, weights, recipe.label_power)
    return fit(counts, labels, weights, terms, seed).for_each_label()


def _described(recipe: Recipe) -> str:
    kind = "words and letter n-grams" if recipe.features.grams else "words"
    how = "weighted by what they tell" if recipe.label_power else "plain"
    kinds = ", ".join(f"{weight:g}" for weight in recipe.kind_weights)
    return f"{kind}, {how}" + (f", files weighted {kinds}" if len(recipe.kind_weights) > 1 else "")
