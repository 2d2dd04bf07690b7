"""What a person filled in, and the choice it makes."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from services.desk.interface import Choice
from services.messages.judgement import Outcome

DEPARTMENT = "to:"
NOT_OURS: Outcome = "not-ours"
ESCALATE: Outcome = "escalate"
# As messages.judgement has them.
SIGNPOST_MAX = 500
JUDGEMENT_MAX = 100


class FormError(Exception):
    """Raised for a form that makes no choice; `args[0]` is one sentence that says what to do.

    Args:
        sentence: The sentence.
        field: The id of the field that it is about.
    """

    def __init__(self, sentence: str, field: str = "choice") -> None:
        super().__init__(sentence)
        self.field = field


class Filled(NamedTuple):
    """The fields of the form as they stand, right or wrong, so that it can be shown again.

    Args:
        judgement: The id that the page was given for it.
        choice: `to:` and a department's label, `not-ours` or `escalate`; empty for none.
        signpost: Who can help instead, from the list.
        other: The same in the person's own words, which then count.
        correct: Whether a copy of what went by itself is to go where it belongs.
    """

    judgement: str = ""
    choice: str = ""
    signpost: str = ""
    other: str = ""
    correct: bool = False

    def __repr__(self) -> str:
        """Show which it is, never what a person wrote."""
        return f"Filled(judgement={self.judgement!r})"


def filled_in(form: Mapping[str, str]) -> Filled:
    """Return the fields of a form that was sent."""
    return Filled(
        judgement=form.get("judgement", ""),
        choice=form.get("choice", ""),
        signpost=form.get("signpost", ""),
        other=form.get("other", "").strip(),
        correct=form.get("correct") == "yes",
    )


def filled_with(choice: Choice, signposts: Collection[str]) -> Filled:
    """Return the fields that made a choice."""
    signpost = choice.signpost or ""
    listed = signpost in signposts
    department = choice.department is not None
    return Filled(
        judgement=choice.judgement,
        choice=f"{DEPARTMENT}{choice.department}" if department else choice.outcome,
        signpost=signpost if listed else "",
        other="" if listed else signpost,
        correct=choice.correct,
    )


def choice_of(filled: Filled, departments: Collection[str]) -> Choice:
    """Return the choice that a form makes.

    Raises:
        FormError: It makes none.
    """
    if not 0 < len(filled.judgement) <= JUDGEMENT_MAX:
        raise FormError("The form came without its number: choose again and send it.")
    if filled.choice.startswith(DEPARTMENT):
        label = filled.choice.removeprefix(DEPARTMENT)
        if label not in departments:
            raise FormError("That department has left the routing table: choose another one.")
        return Choice(filled.judgement, "department", department=label, correct=filled.correct)
    if filled.choice == NOT_OURS:
        return Choice(
            filled.judgement, NOT_OURS, signpost=_signpost(filled), correct=filled.correct
        )
    if filled.choice == ESCALATE:
        return Choice(filled.judgement, ESCALATE)
    raise FormError("Choose a department, or say that it is not for any of these.")


def _signpost(filled: Filled) -> str | None:
    signpost = filled.other or filled.signpost
    if len(signpost) > SIGNPOST_MAX:
        raise FormError(
            f"Say in {SIGNPOST_MAX} characters who can help instead: {len(signpost)} are too many.",
            "other",
        )
    return signpost or None
