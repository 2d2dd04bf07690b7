"""What a load found: exact quantiles, and how many came back."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Quantiles:
    """Of some times, in milliseconds."""

    p50: float
    p95: float
    p99: float
    p999: float
    max: float


@dataclass(frozen=True)
class LoadFigures:
    """What one load offered, and what came of it.

    `offered` and `published` are inquiries a second: those that were due, and those that the
    broker had acknowledged by the time that it acknowledged the last. `late` is how long after it
    was due an inquiry was sent, which says whether the generator kept up; `latency` is from when
    an inquiry was due to when it was read from its last topic, and so contains it.
    """

    inquiries: int
    offered: float
    published: float
    lost: int
    doubled: int
    late: Quantiles | None
    latency: Quantiles | None


def quantiles_of(seconds: Sequence[float]) -> Quantiles | None:
    """Return the quantiles of times in seconds; None where there are no times.

    They are nearest-rank: the smallest time that so large a share of all do not exceed, which is
    always one that was measured (R. Hyndman and Y. Fan, "Sample Quantiles in Statistical
    Packages", The American Statistician 50 (1996), definition 1).
    """
    ranked = sorted(seconds)
    if not ranked:
        return None
    return Quantiles(*(_ranked(ranked, share) * 1000 for share in (500, 950, 990, 999, 1000)))


def _ranked(ranked: Sequence[float], thousandths: int) -> float:
    # In whole numbers: 0.999 as a float would take the next rank up now and then.
    return ranked[-(-thousandths * len(ranked) // 1000) - 1]
