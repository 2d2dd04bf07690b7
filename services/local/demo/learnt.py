"""What people's decisions say of the model."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from services.messages.judgement import Settled
from services.model.kept_promise import Precision, Tally
from services.settler.judged_copies import JudgedCopies


class Agreement(NamedTuple):
    """In how many decisions on review the model's first choice was theirs, of how many."""

    agreed: int
    decided: int


def agreement_of(notes: Iterable[Settled]) -> Agreement:
    """Return how often people and the model agree, of what was left to people."""
    theirs = [_is_theirs(each) for each in notes if _says_what_is_right(each)]
    return Agreement(sum(theirs), len(theirs))


def precision_of(notes: Iterable[Settled]) -> Precision | None:
    """Return how right is what went by itself, as the settler sums it; None without a copy."""
    copies, total = JudgedCopies(), Tally()
    copies.note(notes)
    for _, tally in copies.since(date.min):
        total = total.plus(tally)
    return total.precision


def _says_what_is_right(note: Settled) -> bool:
    counted = note.verdict == "counted" and note.record.topic == "review"
    return counted and note.outcome != "escalate"


def _is_theirs(note: Settled) -> bool:
    return note.suggested is not None and note.department == note.suggested.department
