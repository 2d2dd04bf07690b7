"""How often `triage compare` stops candidates that are worse in one slice, and equal ones.

The outcomes are synthetic: lessons of 12 departments, 3 channels, 6 lengths and 2 languages, and
one slice more that is made worse. Run it as `python -m benchmarks.compare_power`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.training.evaluate.paired import LOSS, Pair, Ratio, judge

Truths = NDArray[np.bool_]

RUNS = 200
ACCURACY, SENT = 0.75, 0.45
SLICES = (12, 3, 6, 2)


class Plan(NamedTuple):
    """A comparison to draw.

    The models differ about a share of the lessons though they are equally good; `slice` lessons are
    in the slice that may be made worse. Every other lesson counts as much as `audited` others.
    """

    lessons: int
    slice: int
    differ: float
    audited: float = 1.0


PLANS = (
    Plan(6_000, 400, 0.04),
    Plan(6_000, 600, 0.04),
    Plan(6_000, 800, 0.04),
    Plan(6_000, 600, 0.08),
    Plan(6_000, 800, 0.08),
    Plan(6_000, 1_000, 0.08),
    Plan(6_000, 800, 0.12),
    Plan(6_000, 1_000, 0.12),
    Plan(6_000, 1_200, 0.12),
    Plan(12_000, 1_600, 0.08, audited=10),
)


class Outcome(NamedTuple):
    """Whether any figure was called worse, and whether the slice was large enough to tell."""

    stopped: bool
    tells: bool


def compare_once(plan: Plan, *, loss: float, seed: int) -> Outcome:
    """Draw one comparison, in whose slice the candidate has lost so much, and judge it."""
    random = np.random.default_rng((seed, plan.slice))
    size = plan.lessons
    weights = np.where(random.random(size) * 2 < 1, plan.audited, 1.0)
    everything, worse = np.ones(size, np.bool_), np.arange(size) < plan.slice
    champion = random.random(size) < ACCURACY
    # As many are right now that were wrong as are wrong that were right.
    chance = plan.differ / 2 / np.where(champion, ACCURACY, 1 - ACCURACY)
    candidate = champion ^ (random.random(size) < chance)
    candidate &= ~(worse & (random.random(size) * ACCURACY < loss))
    sent = random.random(size) < SENT
    sent_anew = sent ^ (random.random(size) < plan.differ / 2)
    pairs = [Pair(Ratio(sent, everything), Ratio(sent_anew, everything))]
    for rows in (worse, everything, *_slices(random, size)):
        pairs += [
            Pair(Ratio(champion, rows), Ratio(candidate, rows)),
            Pair(Ratio(champion, rows & sent), Ratio(candidate, rows & sent_anew)),
        ]
    judged = judge(pairs, weights, np.arange(size), seed=seed, resamples=1)
    stopped = any(each.deviation < -judged.critical for each in judged.each[1:])
    return Outcome(stopped, judged.each[1].tells)


def _slices(random: np.random.Generator, size: int) -> Iterator[Truths]:
    """Part the lessons, each time into slices of unequal size."""
    for count in SLICES:
        shares = 1 / np.arange(1, count + 1)
        numbers = random.choice(count, size, p=shares / shares.sum())
        yield from (numbers == number for number in range(count))


def main() -> None:
    """Print how often the candidates of each plan are stopped."""
    print("lessons  in slice  differ  audit weight  large enough  stopped: worse  equal")
    for plan in PLANS:
        worse = [compare_once(plan, loss=LOSS, seed=seed) for seed in range(RUNS)]
        equal = [compare_once(plan, loss=0, seed=seed) for seed in range(RUNS)]
        print(
            f"{plan.lessons:7,}  {plan.slice:8,}  {plan.differ:6.0%}  {plan.audited:12.0f}  "
            f"{np.mean([each.tells for each in equal]):12.1%}  "
            f"{np.mean([each.stopped for each in worse]):14.1%}  "
            f"{np.mean([each.stopped for each in equal]):5.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
