"""What people's decisions say of the model."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.messages.decision import Sample
from services.messages.judgement import Settled, Source
from services.model.kept_promise import Precision, Tally


class Agreement(NamedTuple):
    """In how many decisions on review the model's first choice was theirs, of how many."""

    agreed: int
    decided: int


def agreement_of(notes: Iterable[Settled]) -> Agreement:
    """Return how often people and the model agree, of what was left to people."""
    theirs = [_is_theirs(each) for each in notes if _says_what_is_right(each, "review")]
    return Agreement(sum(theirs), len(theirs))


def precision_of(notes: Iterable[Settled], copies: Mapping[str, Sample]) -> Precision | None:
    """Return how right is what went by itself, or None where no copy was judged.

    Args:
        notes: What became of judgements.
        copies: How each copy was drawn, by its place.
    """
    tally = Tally()
    for each in notes:
        if _says_what_is_right(each, "audit") and (sample := copies.get(each.key)):
            tally = tally.with_copy(chance=sample.chance, right=_is_theirs(each))
    return tally.precision


def _says_what_is_right(note: Settled, source: Source) -> bool:
    counted = note.verdict == "counted" and note.record.topic == source
    return counted and note.outcome != "escalate"


def _is_theirs(note: Settled) -> bool:
    return note.suggested is not None and note.department == note.suggested.department
