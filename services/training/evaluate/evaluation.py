"""What an evaluation finds, as `triage evaluate --json` writes it."""

from msgspec import Struct

from services.training.evaluate.figures import Bin, Figure


class Department(Struct, frozen=True, kw_only=True):
    """What was found of one department.

    `texts` are for it; `chosen` texts in remit had it as first choice, of which `precision` are
    right; `recall` is the share of its texts that had it so. Of all texts, those out of remit
    among them, `routed` would go to it without a person, `routed_right` of those rightly.
    """

    label: str
    texts: int
    chosen: int
    precision: float | None
    recall: float | None
    threshold: float | None
    routed: int
    routed_right: int


class Slice(Struct, frozen=True, kw_only=True):
    """What was found of some of the texts, or of all of them written otherwise."""

    kind: str
    name: str
    texts: int
    accuracy: Figure
    coverage_at_95: Figure


class Flagged(Struct, frozen=True, kw_only=True):
    """How many of the texts with a flag were found: of all, or of those of one group.

    `column` and `group` say which group; they are empty for all.
    """

    flag: str
    column: str
    group: str
    texts: int
    found: int


class Evaluation(Struct, frozen=True, kw_only=True):
    """All that was found.

    `confusion[i][j]` counts the texts for label i given to label j. `fitted_to` names those of the
    files that the model was made from, on which it looks better than it is; `left_out` counts the
    texts that it has learnt and is not measured on. Of those that it is, `unknown` are for
    departments that it does not know, the `unknown_labels`, and count as wrong.
    """

    model: str
    version: str
    files: tuple[str, ...]
    fitted_to: tuple[str, ...]
    texts: int
    out_of_remit: int
    figures: dict[str, Figure]
    reliability: list[Bin]
    curve: list[tuple[float, float]]
    departments: list[Department]
    confusion: list[list[int]]
    slices: list[Slice]
    flagged: list[Flagged] = []
    left_out: int = 0
    unknown: int = 0
    unknown_labels: str = ""
