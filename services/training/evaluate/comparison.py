"""What a comparison of two models finds, as `triage compare --json` writes it."""

from typing import Literal

from msgspec import Struct

from services.training.evaluate.figures import Figure

Verdict = Literal["better", "no worse", "worse", "too few to say"]
# So many figures are named in a sentence.
MOST = 5

Says = Literal["better", "no worse", "worse", "too few to say", ""]


class Compared(Struct, frozen=True, kw_only=True):
    """One figure of both models on the lessons of a slice; `kind` is empty for all of them.

    `lessons` count for both, and are worth `effective` of equal weight. `says` is empty where a
    difference is shown and not judged.
    """

    figure: str
    kind: str
    name: str
    lessons: int
    effective: float
    champion: float | None
    candidate: float | None
    difference: Figure | None
    says: Says

    @property
    def title(self) -> str:
        """What it is called in a sentence."""
        if not self.kind:
            return self.figure
        part = self.name if self.kind == "department" else f"{self.kind} {self.name}"
        return f"{self.figure} of {part}"


class Comparison(Struct, frozen=True, kw_only=True):
    """All that was found.

    `champion` and `candidate` are names and versions; `first` and `last` are the days of the
    lessons that judged, of which there are so many of each kind, and of each way that people were
    shown the model's choice. Of the others, departments had returned some, some are older than what
    was asked for, and some a model has learnt. `promised` is the champion's precision.
    """

    champion: tuple[str, str]
    candidate: tuple[str, str]
    file: str
    lessons: int
    kinds: dict[str, int]
    modes: dict[str, int]
    first: str
    last: str
    returned: int
    older: int
    learnt: int
    promised: float
    seed: int
    verdict: Verdict
    compared: list[Compared]

    def those(self, says: Says) -> list[Compared]:
        """Return what was judged so."""
        return [each for each in self.compared if each.says == says]

    @property
    def sentence(self) -> str:
        """The verdict with where it comes from."""
        if self.verdict not in {"worse", "better"}:
            return self.verdict
        titles = [each.title for each in self.those(self.verdict)]
        more = f" and {len(titles) - MOST:,} more" if len(titles) > MOST else ""
        return f"{self.verdict} in {', '.join(titles[:MOST])}{more}"
