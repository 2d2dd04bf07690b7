"""Why a department was chosen or a flag raised: what each fragment of the text adds.

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

    def __repr__(self) -> str:
        """Show what it adds alone: a fragment is a citizen's word."""
        return f"Contribution(value={self.value})"


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


class FlagReasons(Struct, frozen=True, kw_only=True):
    """Why a flag: `bias`, the `contributions` and `rest` make up `score`, as for a department."""

    flag: str
    score: float
    bias: float
    contributions: tuple[Contribution, ...]
    rest: float


class _Parts(NamedTuple):
    """A text taken apart: its fragments, and what each adds to each output of the model."""

    fragments: list[str]
    contributions: Floats
    bias: Floats

    def __repr__(self) -> str:
        """Show how many there are, and no word of them."""
        return f"_Parts(<{len(self.fragments)} fragments>)"


class _Sum(NamedTuple):
    """One output of the model, taken apart."""

    total: float
    bias: float
    contributions: tuple[Contribution, ...]
    rest: float


def explain(model: Model, text: str) -> tuple[Reasons, Reasons]:
    """Return the reasons for the most probable department, and those for the next one."""
    labels = len(model.labels)
    parts = _take_apart(model, text, range(labels), labels, "logits")
    logits = parts.bias + parts.contributions.sum(axis=0)
    first, second = np.argsort(-logits, kind="stable")[:2].tolist()
    return _reasons(model, parts, first), _reasons(model, parts, second)


def explain_flag(model: Model, text: str, flag: str) -> FlagReasons:
    """Return the reasons for a flag's score, which its probability grows with.

    Args:
        model: The model.
        text: Any text.
        flag: One of the model's flags.
    """
    labels, flags = len(model.labels), len(model.flags)
    # The departments and their squares stand first, then the remit, the flags and their squares.
    columns = range(labels + 2, labels + 2 + flags)
    parts = _take_apart(model, text, columns, labels + 2 + flags, "flag_scores")
    total, bias, contributions, rest = _sum_of(parts, model.flags.index(flag))
    return FlagReasons(flag=flag, score=total, bias=bias, contributions=contributions, rest=rest)


def _reasons(model: Model, parts: _Parts, label: int) -> Reasons:
    total, bias, contributions, rest = _sum_of(parts, label)
    return Reasons(
        department=model.labels[label],
        logit=total,
        bias=bias,
        contributions=contributions,
        rest=rest,
    )


def _sum_of(parts: _Parts, output: int) -> _Sum:
    values = parts.contributions[:, output]
    most = np.argsort(-np.abs(values), kind="stable")[:SHOWN]
    shown = tuple(Contribution(parts.fragments[n], float(values[n])) for n in most)
    bias, total = float(parts.bias[output]), float(parts.bias[output] + values.sum())
    return _Sum(total, bias, shown, total - bias - sum(each.value for each in shown))


def _take_apart(model: Model, text: str, columns: range, squares: int, output: str) -> _Parts:
    """Take a text apart for one output: by which columns of the sums, and the one of its length."""
    found = list(_known(model, text))
    alone = np.array([[number] for number, _ in found] + [[model.vocabulary.size]], np.intp)
    # The sum of one feature's weights is its own.
    each = model.sums(alone), *model.run(alone, output)
    sums, totals = (values.astype(np.float64) for values in each)
    length = np.sqrt(max(sums[:, squares].sum(), 1e-6))
    fragments = [fragment for _, fragment in found]
    distinct = list(dict.fromkeys(fragments))
    contributions = np.zeros((len(distinct), len(columns)))
    places = [distinct.index(fragment) for fragment in fragments]
    np.add.at(contributions, places, sums[:-1, columns] / length)
    return _Parts(distinct, contributions, totals[-1])


def _known(model: Model, text: str) -> Iterator[tuple[int, str]]:
    """Return the number and the fragment of each feature that the model has learnt."""
    codes, _ = fold([text])
    letters: list[int] = codes.tolist()
    features = features_of([text], model.vocabulary.settings)
    numbers: list[int] = model.vocabulary.look_up(features.hashes).tolist()
    places = zip(features.starts.tolist(), features.ends.tolist(), strict=True)
    for number, (start, end) in zip(numbers, places, strict=True):
        if number != model.vocabulary.size:
            yield number, _fragment(letters, start, end, model.vocabulary.settings.pair_letters)


def _fragment(letters: list[int], start: int, end: int, of_pair: int) -> str:
    before = "…" if start and letters[start - 1] else ""
    after = "…" if letters[end] else ""
    words = "".join(chr(letter) if letter else " " for letter in letters[start:end]).split()
    if of_pair and len(words) > 1:
        words = [word[:of_pair] + "…" * (len(word) > of_pair) for word in words]
    return before + " ".join(words) + after
