"""Finds out which features suit the texts, by what each would have said of texts held out."""

from collections.abc import Callable
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
from services.training.data.training_set import TrainingSet
from services.training.fit.feature_counts import count, learn_vocabulary
from services.training.fit.linear import Fit, Linear, fit_hinge, fit_linear

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

MIN_TEXTS = 2
MAX_FEATURES = 250_000
# What is tried: which features, and how much those that tell of the label are raised.
FEATURES = (
    FeatureSettings(version=VERSION),
    FeatureSettings(version=VERSION, grams=(3, 4)),
)
LABEL_POWERS = (0.0, 0.5)
# A smaller gain is noise: then the fewer features and the plainer weights are better.
GAIN = 0.003


class Recipe(NamedTuple):
    """One way to train: the features, and the `label_power` of `linear.term_weights`."""

    features: FeatureSettings
    label_power: float


class FittedRecipe(NamedTuple):
    """A recipe carried out.

    `scores` are what models said of texts that they had not seen, of shape (texts, labels):
    of the validation texts, or else of the training texts, each left out in turn. `counts` are
    those texts' features, and `labels` the right labels.
    """

    recipe: Recipe
    vocabulary: Vocabulary
    hashes: NDArray[np.uint64]
    linear: Linear
    counts: sp.csr_matrix
    scores: Floats
    labels: Ints

    @property
    def right(self) -> float:
        """The share of the held-out texts whose first choice is right."""
        return float((self.scores.argmax(axis=1) == self.labels).mean())


def best_recipe(training_set: TrainingSet, seed: int, on_step: Callable[[str], None]) -> Recipe:
    """Try each recipe with half of the fit, and give the one that was right most often.

    Raises:
        ConfigurationError: The texts have nothing in common.
    """
    chosen, highest = None, 0.0
    for settings, label_power in product(FEATURES, LABEL_POWERS):
        recipe = Recipe(settings, label_power)
        on_step(f"Trying {_described(recipe)}")
        right = fit_recipe(training_set, recipe, seed, fit=fit_hinge).right
        if chosen is None or right > highest + GAIN:
            chosen, highest = recipe, right
    assert chosen is not None  # noqa: S101 - there are recipes
    return chosen


def fit_recipe(
    training_set: TrainingSet, recipe: Recipe, seed: int, fit: Fit = fit_linear
) -> FittedRecipe:
    """Carry out one recipe."""
    hashes = _learnt(training_set, recipe.features)
    vocabulary = Vocabulary(hashes, recipe.features)
    counts = count(training_set.train.texts, vocabulary)
    labels, weights = training_set.train.labels, training_set.row_weights
    linear = fit(counts, labels, weights, recipe.label_power, seed).for_each_label()
    if training_set.valid is not None:
        later, truths = count(training_set.valid.texts, vocabulary), training_set.valid.labels
        return FittedRecipe(recipe, vocabulary, hashes, linear, later, linear.scores(later), truths)
    scores = np.empty((len(labels), len(training_set.names)))
    for others, fold in stratified(labels, seed):
        without = fit(counts[others], labels[others], weights[others], recipe.label_power, seed)
        scores[fold] = without.for_each_label().scores(counts[fold])
    return FittedRecipe(recipe, vocabulary, hashes, linear, counts, scores, labels)


def _learnt(training_set: TrainingSet, settings: FeatureSettings) -> NDArray[np.uint64]:
    """Return the features of the training texts, and then those of the texts for the remit."""
    given = [training_set.train, training_set.remit] if training_set.remit else [training_set.train]
    hashes = np.concatenate(
        [
            learn_vocabulary(each.texts, settings, min_texts=MIN_TEXTS, limit=MAX_FEATURES)
            for each in given
        ]
    )
    if not len(hashes):
        raise ConfigurationError(
            "No two texts have a word in common, so there is nothing to learn: give more texts."
        )
    _, first = np.unique(hashes, return_index=True)
    return hashes[np.sort(first)]


def _described(recipe: Recipe) -> str:
    kind = "words and letter n-grams" if recipe.features.grams else "words"
    return f"{kind}, {'weighted by what they tell' if recipe.label_power else 'plain'}"
