"""Judges a candidate against the champion: what is counted, and what a difference means."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from services.errors import ConfigurationError
from services.model.manifest import Limits
from services.model.reading import read
from services.model.scorer import Scorer
from services.training.data.doubles import groups_of
from services.training.data.lessons import SLICED, Lessons
from services.training.evaluate.comparison import Compared, Comparison, Says, Verdict
from services.training.evaluate.figures import RESAMPLES
from services.training.evaluate.measure import raised_of, routed_of
from services.training.evaluate.paired import MIN_LESSONS, Judgement, Pair, Ratio, judge
from services.training.evaluate.predictions import predict
from services.training.evaluate.slices import by_length

Truths = NDArray[np.bool_]

ACCURACY, PRECISION, COVERAGE = "accuracy", "precision", "coverage"
ALARMS = "false alarms"
# Fewer points than this nobody would notice, however surely they are there.
TOLERATED = 0.01
# Of equal candidates so many may be stopped for a flag that is found less often. Flags are judged
# among themselves: few lessons have one, and beside all slices a loss would go unseen.
UNFOUND = 0.025
# What has to tell something for the whole to be told.
NEEDED = {ACCURACY, PRECISION}


class Contestant(NamedTuple):
    """A model with the limits that it promises a precision for."""

    model: Scorer
    limits: Limits
    precision: float


class Outcomes(NamedTuple):
    """What one model makes of n lessons: of shape (n,), `raised` of (n, flags).

    A lesson is `right` if its first choice is, and `sent` if no person would see it.
    """

    right: Truths
    sent: Truths
    flags: tuple[str, ...]
    raised: Truths


_Both = tuple[Outcomes, Outcomes]


class _Slice(NamedTuple):
    kind: str
    name: str
    rows: Truths


class _Question(NamedTuple):
    """A figure of a slice; a rise is good (1) or bad (-1). Recall of a flag protects people."""

    figure: str
    slice: _Slice
    pair: Pair
    good: int = 1
    protects: bool = False


def compare(
    champion: Contestant,
    candidate: Contestant,
    lessons: Lessons,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Judge a candidate on lessons that neither model has learnt.

    It is worse in a figure that is lower than the champion's by a point or more and beyond chance;
    precision has to be below what the champion promises, too. Recall of a flag is judged among
    flags alone, and so more strictly. Coverage of a slice is shown and not
    judged: a model may trade one for another.

    Args:
        champion: The model that runs.
        candidate: The one that may take its place.
        lessons: What people decided.
        seed: Fixes what is drawn at random.
        resamples: How many for each interval.

    Raises:
        ConfigurationError: One of the models knows none of the departments.
    """
    for each in (champion, candidate):
        _check_labels(each.model, lessons)
    promised = champion.precision
    both = outcomes_of(champion, lessons), outcomes_of(candidate, lessons)
    questions = [*_questions(both, lessons, promised)]
    groups = groups_of([read(text).text for text in lessons.data.texts])
    judged = judge(
        [each.pair for each in questions], lessons.weights, groups, seed=seed, resamples=resamples
    )
    own = _flags_critical([each for each in questions if each.protects], judged.critical)
    compared = [
        _compared(question, found, own if question.protects else judged.critical, promised)
        for question, found in zip(questions, judged.each, strict=True)
    ]
    first, last = lessons.days
    return Comparison(
        champion=(champion.model.name, champion.model.version),
        candidate=(candidate.model.name, candidate.model.version),
        file=lessons.file,
        lessons=len(lessons.data),
        kinds=lessons.kinds,
        modes=lessons.modes,
        first=first.isoformat(),
        last=last.isoformat(),
        returned=lessons.returned,
        older=lessons.older,
        learnt=lessons.learnt,
        promised=promised,
        seed=seed,
        verdict=_verdict(compared),
        compared=compared,
    )


def _check_labels(model: Scorer, lessons: Lessons) -> None:
    given = frozenset[str]().union(*lessons.data.labels)
    if given.isdisjoint(model.labels):
        raise ConfigurationError(
            f"{model.name} {model.version} knows none of the departments of {lessons.file}: "
            "give lessons of its own departments."
        )


def outcomes_of(contestant: Contestant, lessons: Lessons) -> Outcomes:
    """Return what a model makes of lessons at its own thresholds, flags and all."""
    model, limits, _ = contestant
    predicted = predict(model, lessons.data.texts, lessons.data.labels)
    raised = raised_of(predicted, model.flags, limits)
    routed = routed_of(predicted, model.labels, limits) & ~raised.any(axis=1)
    return Outcomes(predicted.choices.right, routed, model.flags, raised)


def _questions(both: _Both, lessons: Lessons, promised: float) -> Iterator[_Question]:
    every, *parts = _slices(lessons)
    yield from _of_slice(both, every, lessons, promised)
    if lessons.data.flags is not None:
        yield from _of_flags(both, every, lessons.data.flags)
    for part in parts:
        yield from _of_slice(both, part, lessons, promised)


def _of_slice(both: _Both, part: _Slice, lessons: Lessons, promised: float) -> Iterator[_Question]:
    rows, inside = part.rows, np.array([bool(labels) for labels in lessons.data.labels])
    right = _pair(Ratio(each.right, rows & inside) for each in both)
    sent = _pair(Ratio(each.sent, rows) for each in both)
    yield _Question(ACCURACY, part, right)
    yield _Question(PRECISION, part, _precisions(both, rows, promised))
    yield _Question(COVERAGE, part, sent._replace(judged=not part.kind))


def _pair(ratios: Iterable[Ratio]) -> Pair:
    champion, candidate = ratios
    return Pair(champion, candidate)


def _precisions(both: _Both, rows: Truths, promised: float) -> Pair:
    """Pair what both are right in of what they send; of a champion that sends none, its promise."""
    pair = _pair(Ratio(each.right, rows & each.sent) for each in both)
    before, after = (int(ratio.among.sum()) for ratio in pair.ratios)
    if before >= MIN_LESSONS or after < MIN_LESSONS:
        return pair
    return pair._replace(champion=Ratio(np.full(len(rows), promised), pair.candidate.among))


def _of_flags(both: _Both, every: _Slice, flags: Sequence[frozenset[str]]) -> Iterator[_Question]:
    for name in sorted({name for each in both for name in each.flags}):
        has = np.array([name in each for each in flags])
        found = _pair(Ratio(_raised(each, name), has) for each in both)
        yield _Question(f"recall of {name}", every, found, protects=True)
    none = np.array([not each for each in flags])
    alarms = _pair(Ratio(np.asarray(each.raised.any(axis=1)), none) for each in both)
    yield _Question(ALARMS, every, alarms, good=-1)


def _raised(outcomes: Outcomes, flag: str) -> Truths:
    if flag not in outcomes.flags:
        return np.zeros(len(outcomes.right), np.bool_)
    raised: Truths = outcomes.raised[:, outcomes.flags.index(flag)]
    return raised


def _slices(lessons: Lessons) -> Iterator[_Slice]:
    """Return all lessons, and then those of each department, length, channel and language."""
    data = lessons.data
    yield _Slice("", "", np.ones(len(data), np.bool_))
    for name in sorted(frozenset[str]().union(*data.labels)):
        yield _Slice("department", name, np.array([name in each for each in data.labels]))
    for name, rows in by_length([read(text).text for text in data.texts]):
        yield _Slice("length", name, rows)
    for column in SLICED:
        values = np.array(data.groups[column])
        for value in np.unique(values[values != ""]):
            yield _Slice(column, str(value), values == value)


def _flags_critical(flags: Sequence[_Question], critical: float) -> float:
    """Return the deviation that chance hardly gives to any flag: seldom ones are not outvoted."""
    return min(critical, float(norm.isf(UNFOUND / max(len(flags), 1))))


def _compared(question: _Question, found: Judgement, critical: float, promised: float) -> Compared:
    return Compared(
        figure=question.figure,
        kind=question.slice.kind,
        name=question.slice.name,
        lessons=found.lessons,
        effective=round(found.effective, 1),
        champion=found.champion,
        candidate=found.candidate,
        difference=found.difference,
        says=_says(question, found, critical, promised) if question.pair.judged else "",
    )


def _says(question: _Question, found: Judgement, critical: float, promised: float) -> Says:
    gain = question.good * (found.difference.value if found.difference else 0.0)
    deviation = question.good * found.deviation
    kept = question.figure == PRECISION and (found.candidate or 0.0) >= promised
    if deviation < -critical and gain <= -TOLERATED and not kept:
        return "worse"
    if deviation > critical and gain >= TOLERATED:
        return "better"
    return "no worse" if found.tells else "too few to say"


def _verdict(compared: Sequence[Compared]) -> Verdict:
    if any(each.says == "worse" for each in compared):
        return "worse"
    whole = [each for each in compared if not each.kind]
    if any(each.says == "too few to say" for each in whole if each.figure in NEEDED):
        return "too few to say"
    return "better" if any(each.says == "better" for each in whole) else "no worse"
