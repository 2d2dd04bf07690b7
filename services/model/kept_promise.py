"""Does the promise hold? How right is what went by itself, from judged copies drawn at random.

Nobody sees what goes to a department without a person. So the router draws copies, each with a
chance that it notes, and people judge them: what was drawn with one chance in fifty stands for
fifty. A `Tally` takes one copy at a time and is as good as all of them, so that a stream can keep
one for each department.
"""

from collections.abc import Callable, Iterable
from math import sqrt
from typing import NamedTuple

# Of a normal distribution, 95 % stand within so many standard deviations.
WITHIN = 1.959964


class JudgedCopy(NamedTuple):
    """An inquiry that went by itself, drawn with a chance (above 0, at most 1), and judged."""

    department: str
    band: str
    chance: float
    right: bool


class Precision(NamedTuple):
    """The share that is right of all that went by itself, with its 95 % interval.

    It rests on so many judged copies, which are worth `effective` of equal chance.
    """

    value: float
    low: float
    high: float
    judged: int
    effective: float


class Tally(NamedTuple):
    """What is to be known of judged copies."""

    judged: int = 0
    weight: float = 0.0
    squares: float = 0.0
    right: float = 0.0
    right_squares: float = 0.0

    def with_copy(self, *, chance: float, right: bool) -> "Tally":
        """Return the tally with one more copy.

        Raises:
            ValueError: The chance is none.
        """
        if not 0 < chance <= 1:
            raise ValueError(f"A chance is above 0 and at most 1, and not {chance}.")
        weight = 1 / chance
        return Tally(
            judged=self.judged + 1,
            weight=self.weight + weight,
            squares=self.squares + weight**2,
            right=self.right + weight * right,
            right_squares=self.right_squares + weight**2 * right,
        )

    def plus(self, other: "Tally") -> "Tally":
        """Return the tally of the copies of both."""
        return Tally(
            judged=self.judged + other.judged,
            weight=self.weight + other.weight,
            squares=self.squares + other.squares,
            right=self.right + other.right,
            right_squares=self.right_squares + other.right_squares,
        )

    @property
    def precision(self) -> Precision | None:
        """The share that is right, of which nothing is known without a copy.

        Each copy counts by the inverse of its chance (J. Hájek, 1971).
        """
        if not self.judged:
            return None
        value = min(self.right / self.weight, 1.0)
        effective = self._effective(value)
        low, high = interval(value, effective)
        return Precision(value, low, high, self.judged, effective)

    def _effective(self, value: float) -> float:
        """Return how many copies of equal chance say as much.

        So many as would leave the share as uncertain as the weights of right and wrong ones do (E.
        Korn and B. Graubard, "Confidence intervals for proportions with small expected number of
        positive counts estimated from survey data", 1998). One more wrong one is counted than was
        seen, of a usual weight: of few, it may be chance that they weigh little. Where all are
        wrong nothing is uncertain either way, and their weights alone count (L. Kish, 1965).
        """
        if not self.right:
            return min(self.weight**2 / self.squares, float(self.judged))
        usual = self.squares / self.weight
        wrong_squares = self.squares - self.right_squares
        spread = self.right_squares * (1 - value) ** 2 + (wrong_squares + usual**2) * value**2
        uncertain = (value * (1 - value) * self.weight + usual * value**2) * self.weight
        return min(uncertain / spread, float(self.judged))


def tally_of(copies: Iterable[JudgedCopy]) -> Tally:
    """Return the tally of copies."""
    tally = Tally()
    for copy in copies:
        tally = tally.with_copy(chance=copy.chance, right=copy.right)
    return tally


def tallies_by(copies: Iterable[JudgedCopy], part: Callable[[JudgedCopy], str]) -> dict[str, Tally]:
    """Return a tally for each part of the copies, such as each department."""
    tallies: dict[str, Tally] = {}
    for copy in copies:
        name = part(copy)
        tallies[name] = tallies.get(name, Tally()).with_copy(chance=copy.chance, right=copy.right)
    return tallies


def interval(share: float, size: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of so many: Wilson's score with a continuity correction.

    It holds where hardly any are wrong, and for a handful of copies, for which Wilson's own is too
    narrow (R. Newcombe, "Two-sided confidence intervals for the single proportion", 1998, its
    method 4).
    """
    squared, other = WITHIN**2, 1 - share
    low = high = 2 * size * share + squared
    below = squared - 2 - 1 / size + 4 * share * (size * other + 1)
    above = squared + 2 - 1 / size + 4 * share * (size * other - 1)
    low -= 1 + WITHIN * sqrt(max(below, 0.0))
    high += 1 + WITHIN * sqrt(max(above, 0.0))
    most = 2 * (size + squared)
    return (
        max(low / most, 0.0) if share > 0 else 0.0,
        min(high / most, 1.0) if share < 1 else 1.0,
    )
