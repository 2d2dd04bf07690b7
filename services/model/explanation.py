"""Why a department was chosen: what each fragment of the text adds for it and its runner-up.

Up to the last step the model is a sum: a department's logit is its bias, and for each feature of
the text the feature's weight over the text's length. So a contribution is exact, and all of them
together are the logit (the calibration then stretches all logits of a text alike).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from services.model.folding import fold
from services.model.text_features import features_of
from services.model.text_model import Model

SHOWN = 8

Floats = NDArray[np.float64]


class Contribution(Struct, frozen=True):
    """A fragment, folded to plain letters and cut off at `…`, and what it adds to the logit."""

    fragment: str
    value: float


class Reasons(Struct, frozen=True, kw_only=True):
    """Why a department: `bias`, the `contributions` and `rest` make up `logit`.

    `contributions` has the fragments that weigh most, for it or against it; `rest` is all others
    together.
    """

    department: str
    logit: float
    bias: float
    contributions: tuple[Contribution, ...]
    rest: float


class _Parts(NamedTuple):
    """A text taken apart: its fragments, and what each adds to each label's logit."""

    fragments: list[str]
    contributions: Floats
    bias: Floats


def explain(model: Model, text: str) -> tuple[Reasons, Reasons]:
    """Return the reasons for the most probable department, and those for the next one."""
    parts = _take_apart(model, text)
    logits = parts.bias + parts.contributions.sum(axis=0)
    first, second = np.argsort(-logits, kind="stable")[:2].tolist()
    return _reasons(model, parts, first), _reasons(model, parts, second)


def _reasons(model: Model, parts: _Parts, label: int) -> Reasons:
    values = parts.contributions[:, label]
    most = np.argsort(-np.abs(values), kind="stable")[:SHOWN]
    shown = tuple(Contribution(parts.fragments[n], float(values[n])) for n in most)
    bias, logit = float(parts.bias[label]), float(parts.bias[label] + values.sum())
    return Reasons(
        department=model.labels[label],
        logit=logit,
        bias=bias,
        contributions=shown,
        rest=logit - bias - sum(each.value for each in shown),
    )


def _take_apart(model: Model, text: str) -> _Parts:
    labels = len(model.labels)
    found = list(_known(model, text))
    alone = np.array([[number] for number, _ in found] + [[model.vocabulary.size]], np.int32)
    # The graph adds up the weights of a text's features; of one feature it gives that one's own.
    sums, logits = (each.astype(np.float64) for each in model.run(alone, "sums", "logits"))
    length = np.sqrt(max(sums[:, labels].sum(), 1e-6))
    fragments = [fragment for _, fragment in found]
    distinct = list(dict.fromkeys(fragments))
    contributions = np.zeros((len(distinct), labels))
    places = [distinct.index(fragment) for fragment in fragments]
    np.add.at(contributions, places, sums[:-1, :labels] / length)
    return _Parts(distinct, contributions, logits[-1])


def _known(model: Model, text: str) -> Iterator[tuple[int, str]]:
    """Return the number and the fragment of each feature that the model has learnt."""
    codes, _ = fold([text])
    letters: list[int] = codes.tolist()
    for kind in features_of([text], model.vocabulary.settings):
        for number, start, end in zip(
            model.vocabulary.look_up(kind.hashes).tolist(),
            kind.starts.tolist(),
            kind.ends.tolist(),
            strict=True,
        ):
            if number != model.vocabulary.size:
                yield number, _fragment(letters, start, end)


def _fragment(letters: list[int], start: int, end: int) -> str:
    before = "…" if start and letters[start - 1] else ""
    after = "…" if letters[end] else ""
    words = "".join(chr(letter) if letter else " " for letter in letters[start:end]).split()
    return before + " ".join(words) + after
