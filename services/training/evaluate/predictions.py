"""What a model says of labelled texts, beside what is right."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.model.reading import read
from services.model.scorer import Scorer
from services.training.evaluate.figures import Choices

Ints = NDArray[np.intp]
Truths = NDArray[np.bool_]


class Predictions(NamedTuple):
    """What a model says of n texts; each array is of shape (n,), `flags` of (n, flags).

    `chosen` is the number of the first choice. `truths` is the number of a right label: of
    several the chosen one if it is among them, and -1 where the model knows none of them.
    """

    choices: Choices
    chosen: Ints
    truths: Ints
    in_remit: NDArray[np.float64]
    flags: NDArray[np.float64]

    def of(self, rows: Ints | Truths) -> "Predictions":
        """Return those of some texts."""
        return Predictions(
            self.choices.of(rows),
            self.chosen[rows],
            self.truths[rows],
            self.in_remit[rows],
            self.flags[rows],
        )


def predict(model: Scorer, texts: Sequence[str], labels: Sequence[frozenset[str]]) -> Predictions:
    """Score texts, and hold the first choices against the labels that count as right."""
    scores = model.score([read(text).text for text in texts])
    chosen = scores.probabilities.argmax(axis=1)
    numbers = {name: number for number, name in enumerate(model.labels)}
    right = np.array([model.labels[n] in each for n, each in zip(chosen, labels, strict=True)])
    other = np.array([numbers.get(min(each, default=""), -1) for each in labels])
    return Predictions(
        choices=Choices(scores.probabilities.max(axis=1).astype(np.float64), right),
        chosen=chosen,
        truths=np.where(right, chosen, other),
        in_remit=scores.in_remit.astype(np.float64),
        flags=scores.flags.astype(np.float64),
    )
