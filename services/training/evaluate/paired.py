"""Two models judged on the same lessons: which differences are more than chance.

The statistics alone: `compare` says what is counted, and what a difference means.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from services.training.data.lessons import effective_size
from services.training.evaluate.figures import INTERVAL, RESAMPLES, Figure

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Truths = NDArray[np.bool_]

# Of a hundred candidates that are as good as the champion, so many may be called worse somewhere.
STOPPED = 0.05
FLIPS = 1_000
# What a candidate must not lose unnoticed, and how many standard errors notice it 95 times in 100.
LOSS, SURELY = 0.06, 1.645
# Fewer lessons tell nothing, whatever they say.
MIN_LESSONS = 30
BLOCK = 50


class Ratio(NamedTuple):
    """Which lessons count for a figure, and how far each is a hit (0 to 1), both of shape (n,)."""

    hits: Floats | Truths
    among: Truths


class Pair(NamedTuple):
    """One figure of two models on the same lessons; one that is not judged is only described."""

    champion: Ratio
    candidate: Ratio
    judged: bool = True

    @property
    def ratios(self) -> tuple[Ratio, Ratio]:
        """Those of champion and candidate."""
        return self.champion, self.candidate


class Judgement(NamedTuple):
    """What was found of one figure.

    `lessons` count for both models, and are worth `effective` of equal weight; figures are shares,
    and None where nothing counts. `difference` is the candidate's less the champion's with its
    interval (95 %, paired bootstrap of groups of texts that are nearly equal); `deviation` says how
    many standard errors that is from none; `tells` whether a loss of six points would be seen.
    """

    lessons: int
    effective: float
    champion: float | None
    candidate: float | None
    difference: Figure | None
    deviation: float
    tells: bool


class Judged(NamedTuple):
    """What was found of each pair, and the deviation beyond which chance hardly takes any."""

    each: list[Judgement]
    critical: float


def judge(
    pairs: Sequence[Pair],
    weights: Floats,
    groups: Ints,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Judged:
    """Judge figures together, so that among many equal ones chance seldom finds a worse one.

    A difference of two ratios is a sum over groups of lessons. Were the models equal, the sign of
    each summand would be a coin's, so coins are thrown (a wild bootstrap): the largest deviation
    that they give over all figures is exceeded once in ten times at `critical`, whatever the
    figures have in common (P. Westfall and S. Young, "Resampling-Based Multiple Testing", 1993).

    Args:
        pairs: The figures.
        weights: How much each lesson counts, of shape (n,).
        groups: The same number for texts that are nearly equal, which are no two witnesses.
        seed: Fixes coins and resamples.
        resamples: How many for each interval.
    """
    _, numbers = np.unique(groups, return_inverse=True)
    tables = [_table(pair, weights, numbers) for pair in pairs]
    sums = [np.asarray(table.sum(axis=0)).ravel() for table in tables]
    judged = np.array([_is_judged(pair, weights) for pair in pairs], np.bool_)
    summands = sp.hstack(
        [_summands(t, s) for t, s, one in zip(tables, sums, judged, strict=True) if one]
        or [tables[0]],
        format="csr",
    )
    errors = np.full(len(pairs), np.inf)
    errors[judged] = np.sqrt(np.asarray(summands.multiply(summands).sum(axis=0)).ravel())
    critical = _critical(summands, errors[judged], np.random.default_rng(seed))
    intervals = _intervals(tables, np.random.default_rng(seed), resamples)
    return Judged(
        [
            _judgement(pair, weights, total, error, interval, critical)
            for pair, total, error, interval in zip(pairs, sums, errors, intervals, strict=True)
        ],
        critical,
    )


def _table(pair: Pair, weights: Floats, numbers: Ints) -> sp.csr_matrix:
    """Return hits and lessons, weighted, of champion and candidate: of shape (groups, 4)."""
    columns = [
        part
        for ratio in pair.ratios
        for part in (weights * ratio.hits * ratio.among, weights * ratio.among)
    ]
    rows = [np.flatnonzero(column) for column in columns]
    values = np.concatenate([column[row] for column, row in zip(columns, rows, strict=True)])
    numbered = np.repeat(np.arange(len(columns)), [len(row) for row in rows])
    places = numbers[np.concatenate(rows)], numbered
    return sp.csr_matrix((values, places), (int(numbers.max()) + 1, len(columns)))


def _is_judged(pair: Pair, weights: Floats) -> bool:
    sizes = (effective_size(weights[ratio.among]) for ratio in pair.ratios)
    return pair.judged and min(sizes) >= MIN_LESSONS


def _summands(table: sp.csr_matrix, sums: Floats) -> sp.csr_matrix:
    """Return what each group adds to the difference, of shape (groups, 1); they sum up to it.

    What both models have in common is taken from either first: it is the same where they are equal.
    """
    hits, lessons, new_hits, new_lessons = sums
    common = (hits + new_hits) / (lessons + new_lessons)
    parts = [-1 / lessons, common / lessons, 1 / new_lessons, -common / new_lessons]
    return table @ sp.csr_matrix(np.array(parts)[:, None])


def _critical(summands: sp.csr_matrix, errors: Floats, random: np.random.Generator) -> float:
    known = errors > 0
    if not known.any():
        return SURELY
    scaled = summands[:, np.flatnonzero(known)].multiply(1 / errors[known]).T.tocsr()
    most = []
    for _ in range(0, FLIPS, BLOCK):
        coins = random.integers(0, 2, (scaled.shape[1], BLOCK)) * 2.0 - 1
        most.append((scaled @ coins).max(axis=0))
    return max(float(np.quantile(np.concatenate(most), 1 - STOPPED)), SURELY)


def _intervals(
    tables: Sequence[sp.csr_matrix], random: np.random.Generator, resamples: int
) -> Iterator[tuple[float, float] | None]:
    """Return the interval of each difference, None where no resample has lessons of both."""
    table = sp.hstack(tables).T.tocsr()
    size = table.shape[1]
    drawn = []
    for start in range(0, resamples, BLOCK):
        counts = [
            np.bincount(random.integers(0, size, size), minlength=size)
            for _ in range(min(BLOCK, resamples - start))
        ]
        drawn.append(table @ np.stack(counts, axis=1).astype(np.float64))
    totals = np.concatenate(drawn, axis=1).reshape(len(tables), 4, resamples)
    for hits, lessons, new_hits, new_lessons in totals:
        some = (lessons > 0) & (new_lessons > 0)
        if not some.any():
            yield None
            continue
        found = new_hits[some] / new_lessons[some] - hits[some] / lessons[some]
        low, high = np.percentile(found, INTERVAL)
        yield float(low), float(high)


def _judgement(  # noqa: PLR0913, PLR0917 - all that is known of a figure
    pair: Pair,
    weights: Floats,
    sums: Floats,
    error: float,
    interval: tuple[float, float] | None,
    critical: float,
) -> Judgement:
    both = pair.champion.among & pair.candidate.among
    effective = min(effective_size(weights[ratio.among]) for ratio in pair.ratios)
    champion, candidate = _share(sums[0], sums[1]), _share(sums[2], sums[3])
    difference, deviation = None, 0.0
    if champion is not None and candidate is not None and interval is not None:
        value = candidate - champion
        difference = Figure(value, min(interval[0], value), max(interval[1], value))
        deviation = value / error if error else 0.0
    # A candidate that has lost six points differs from the champion in as many lessons more.
    spread = np.sqrt(error**2 + LOSS / effective) if effective else np.inf
    return Judgement(
        lessons=int(both.sum()),
        effective=effective,
        champion=champion,
        candidate=candidate,
        difference=difference,
        deviation=float(deviation),
        tells=bool((critical + SURELY) * spread <= LOSS),
    )


def _share(hits: float, lessons: float) -> float | None:
    return float(hits / lessons) if lessons else None
