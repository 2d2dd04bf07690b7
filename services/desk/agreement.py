"""How often two people agree, beyond what chance would have them do."""

from collections import Counter
from collections.abc import Collection, Mapping

from services.desk.interface import Agreement

# Two people's answers on one inquiry, a department each or "not-ours": how often there were both.
Pairs = Mapping[tuple[str, str], int]


def agreements(pairs: Pairs) -> list[Agreement]:
    """Return the agreement on each answer that anybody gave, by name.

    `judged` is how often either gave it, `agreed` how often both did.
    """
    answers = sorted({answer for pair in pairs for answer in pair})
    return [agreement_on(answer, pairs) for answer in answers]


def kappa(pairs: Pairs, answers: Collection[str]) -> float | None:
    """Return Cohen's kappa of two people who say of each inquiry whether it is one of `answers`.

    1 is always, 0 as often as chance, less than 0 less often; None where there is nothing to agree
    on, since both say the same of all (J. Cohen, "A coefficient of agreement for nominal scales",
    1960).
    """
    counts = Counter[tuple[bool, bool]]()
    for (first, second), times in pairs.items():
        counts[first in answers, second in answers] += times
    total = counts.total()
    if not total:
        return None
    first_says = (counts[True, True] + counts[True, False]) / total
    second_says = (counts[True, True] + counts[False, True]) / total
    observed = (counts[True, True] + counts[False, False]) / total
    by_chance = first_says * second_says + (1 - first_says) * (1 - second_says)
    return None if by_chance == 1 else (observed - by_chance) / (1 - by_chance)


def agreement_on(answer: str, pairs: Pairs) -> Agreement:
    """Return the agreement on one answer; see `agreements`."""
    judged = sum(times for pair, times in pairs.items() if answer in pair)
    return Agreement(answer, judged, pairs.get((answer, answer), 0), kappa(pairs, {answer}))
