"""From scores to probabilities that mean what they say."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from services.training.fit.side_by_side import side_by_side

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Folds = list[tuple[Ints, Ints]]

# The confidences between which the temperature is interpolated.
KNOTS = np.array([0.0, 0.3, 0.5, 0.65, 0.8, 0.9, 0.96, 1.0])
MIXING_PENALTIES = (0.001, 0.01, 0.1, 1.0)
SMOOTHNESS = 1e-4


class Mixing(NamedTuple):
    """Scores to logits: `scores @ matrix + shift`; a linear model stays linear under it."""

    matrix: Floats
    shift: Floats

    def logits(self, scores: Floats) -> Floats:
        """Return logits of the shape of the scores."""
        logits: Floats = scores @ self.matrix + self.shift
        return logits


class Temperature(NamedTuple):
    """How much the logits are stretched where the highest probability is at each of `KNOTS`.

    One temperature for all leaves a model too sure at the top and not sure enough below. The
    order of a text's departments does not change by it.
    """

    factors: Floats

    def probabilities(self, logits: Floats) -> Floats:
        """Return probabilities of the shape of the logits; each row sums to 1."""
        factor = np.interp(softmax(logits, axis=1).max(axis=1), KNOTS, self.factors)
        stretched: Floats = softmax(logits * factor[:, None], axis=1)
        return stretched


class Calibration(NamedTuple):
    """What turns the scores of a linear model into probabilities."""

    mixing: Mixing
    temperature: Temperature

    def probabilities(self, scores: Floats) -> Floats:
        """Return calibrated probabilities, of the shape of the scores."""
        return self.temperature.probabilities(self.mixing.logits(scores))


def fit_calibration(scores: Floats, labels: Ints, penalty: float) -> Calibration:
    """Fit both steps, by maximum likelihood, on scores of texts that the model has not learnt."""
    mixing = fit_mixing(scores, labels, penalty)
    return Calibration(mixing, fit_temperature(mixing.logits(scores), labels))


def fit_mixing(scores: Floats, labels: Ints, penalty: float) -> Mixing:
    """Fit the matrix that corrects each department's score by all others'.

    (Matrix scaling: C. Guo et al., "On Calibration of Modern Neural Networks", 2017; here pulled
    towards one common factor by `penalty`, so that few rows cannot bend it.)
    """
    rows, size = scores.shape
    one_hot = np.eye(size)[labels]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        bend, shift = parameters[: size * size].reshape(size, size), parameters[size * size : -1]
        logits = scores @ bend + parameters[-1] * scores + shift
        # Both softmax and its logarithm, for the price of one.
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        total = shares.sum(axis=1, keepdims=True)
        shares /= total
        logits -= np.log(total)
        surplus = (shares - one_hot) / rows
        value = -(logits * one_hot).sum() / rows
        value += penalty * float((bend**2).sum()) / size
        gradient = scores.T @ surplus + 2 * penalty * bend / size
        rest = [surplus.sum(axis=0), [(surplus * scores).sum()]]
        return value, np.concatenate([gradient.ravel(), *rest])

    start = np.zeros(size * size + size + 1)
    start[-1] = 1.0
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    bend = found[: size * size].reshape(size, size)
    return Mixing(bend + found[-1] * np.eye(size), found[size * size : -1])


def fit_temperature(logits: Floats, labels: Ints) -> Temperature:
    """Fit the factors at the knots to how often the first choice is right.

    That probability is what the router acts on. A light pull holds neighbouring knots together.
    """
    first = logits.argmax(axis=1)
    right = first == labels
    highest = logits[np.arange(len(labels)), first]
    top = softmax(logits, axis=1).max(axis=1)
    place = np.clip(np.searchsorted(KNOTS, top, side="right") - 1, 0, len(KNOTS) - 2)
    share = (top - KNOTS[place]) / (KNOTS[place + 1] - KNOTS[place])

    def loss(factors: Floats) -> tuple[float, Floats]:
        factor = factors[place] * (1 - share) + factors[place + 1] * share
        probabilities = softmax(logits * factor[:, None], axis=1)
        sure = np.clip(probabilities.max(axis=1), 1e-9, 1 - 1e-9)
        steps = np.diff(factors)
        rise = highest - (probabilities * logits).sum(axis=1)
        slope = -(right - sure) / (1 - sure) * rise / len(labels)
        gradient = np.zeros(len(KNOTS))
        gradient += np.bincount(place, slope * (1 - share), len(KNOTS))
        gradient += np.bincount(place + 1, slope * share, len(KNOTS))
        gradient[1:] += 2 * SMOOTHNESS * steps
        gradient[:-1] -= 2 * SMOOTHNESS * steps
        value = -np.log(np.where(right, sure, 1 - sure)).mean()
        return float(value + SMOOTHNESS * (steps**2).sum()), gradient

    bounds = [(0.2, 5.0)] * len(KNOTS)
    start = np.ones(len(KNOTS))
    return Temperature(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def cross_fit(scores: Floats, labels: Ints, folds: Folds, penalty: float) -> Floats:
    """Return each text the probabilities that a calibration fitted without its fold gives it."""
    probabilities = np.empty_like(scores)
    for others, fold in folds:
        calibration = fit_calibration(scores[others], labels[others], penalty)
        probabilities[fold] = calibration.probabilities(scores[fold])
    return probabilities


def choose_penalty(scores: Floats, labels: Ints, folds: Folds) -> tuple[float, Floats]:
    """Choose the penalty whose cross-fitted probabilities are the likeliest; give both."""

    def judge(penalty: float) -> tuple[Floats, float]:
        return cross_fit(scores, labels, folds, penalty), penalty

    tried = side_by_side(judge, MIXING_PENALTIES)
    picked = np.arange(len(labels)), labels
    best, penalty = max(tried, key=lambda pair: float(np.log(pair[0][picked] + 1e-12).mean()))
    return penalty, best
