"""Who has an inquiry: one record of the log of claims at a time, in its order and by its time.

Nothing here knows the time: a claim lapses for whoever comes after it in the log, so that every
replica says the same of it. One that has lapsed and was not followed is still its person's.
"""

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from services.messages.claim import Claim, Kind
from services.messages.judgement import Judgement

# What was sent and is not settled after so long never will be: the settler has refused it, and the
# inquiry is for anybody again.
REFUSED_MS = 3_600_000


class Hold(NamedTuple):
    """What is known of one inquiry, as a first or as a second opinion; times are the log's, in ms.

    Args:
        event: Hash of the event that lies there.
        by: Whose it is; nobody's where that is empty.
        claim: The offset of the claim that it is theirs by.
        since: When they got it.
        until: When others may claim it.
        thought: What they chose last themselves, before they looked or undid it.
        chosen: What they decided, if they did.
        chosen_at: When.
        sent_at: From when on that stands, if it does.
        skipped: Who does not want it.
        overtaken: Whether they were told that somebody else was first.
        saw: Who was shown what the model thinks, and knows that for good.
    """

    event: int
    by: str = ""
    claim: int = -1
    since: int = 0
    until: int = 0
    thought: Judgement | None = None
    chosen: Judgement | None = None
    chosen_at: int = 0
    sent_at: int | None = None
    skipped: tuple[str, ...] = ()
    overtaken: bool = False
    saw: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show whose it is, never what a person wrote."""
        return f"Hold(by={self.by!r}, claim={self.claim})"

    @property
    def looked(self) -> bool:
        """Whether whose it is was ever shown what the model thinks."""
        return self.by in self.saw

    def is_for(self, person: str, at: int) -> bool:
        """Tell whether a person may have it at a time."""
        if self.chosen is not None:
            return self.sent_at is not None and at >= self.sent_at + REFUSED_MS
        return self.by in {"", person} or self.until <= at

    def is_held_by(self, person: str) -> bool:
        """Tell whether a person has it and has not decided, even where the claim has lapsed."""
        return self.by == person and self.chosen is None

    def is_undoable_by(self, person: str) -> bool:
        """Tell whether a person has decided it and can take that back."""
        return self.by == person and self.chosen is not None and self.sent_at is None


def held(before: Hold | None, claim: Claim, offset: int, at: int, lasts_ms: int) -> Hold:
    """Return what is known of an inquiry after one more record of the log.

    Args:
        before: What was known of it, if anything.
        claim: The record.
        offset: Where that stands in its partition.
        at: Its time, by the log.
        lasts_ms: How long a claim lasts.
    """
    event = hash(claim.record.event_id)
    if before is None or before.event != event:  # the topic was made anew
        before = Hold(event)
    if claim.kind == "claimed":
        return _claimed(before, claim.by, offset, at, at + lasts_ms)
    if (before.by, before.claim) != (claim.by, claim.claim):
        return before  # somebody else has it by now
    return _STEPS[claim.kind](before, claim, at, at + lasts_ms)


def _claimed(before: Hold, person: str, offset: int, at: int, until: int) -> Hold:
    if before.is_held_by(person):
        return before._replace(until=until, since=at if before.until <= at else before.since)
    if not before.is_for(person, at):
        return before
    return Hold(before.event, person, offset, at, until, skipped=before.skipped, saw=before.saw)


def _released(before: Hold, claim: Claim, _at: int, _until: int) -> Hold:
    if before.chosen is not None:
        return before
    skipped = set(before.skipped) | ({claim.by} if claim.reason is not None else set())
    return Hold(before.event, skipped=tuple(sorted(skipped)), saw=before.saw)


def _looked(before: Hold, claim: Claim, _at: int, until: int) -> Hold:
    if before.chosen is not None:
        return before
    saw = tuple(sorted({*before.saw, claim.by}))
    return before._replace(saw=saw, thought=claim.judgement, until=until)


def _chosen(before: Hold, claim: Claim, at: int, _until: int) -> Hold:
    if before.sent_at is not None or claim.judgement is None:
        return before
    judgement = claim.judgement
    if before.looked and judgement.mode == "blind":  # a replica had not heard yet of the look
        judgement = replace(judgement, mode="on-request")
    return before._replace(chosen=judgement, chosen_at=at, thought=judgement)


def _undone(before: Hold, _claim: Claim, _at: int, until: int) -> Hold:
    if before.chosen is None or before.sent_at is not None:
        return before
    return before._replace(chosen=None, chosen_at=0, until=until)


def _sent(before: Hold, _claim: Claim, at: int, _until: int) -> Hold:
    if before.chosen is None or before.sent_at is not None:
        return before
    return before._replace(sent_at=at)


_STEPS: dict[Kind, Callable[[Hold, Claim, int, int], Hold]] = {
    "released": _released,
    "looked": _looked,
    "chosen": _chosen,
    "undone": _undone,
    "sent": _sent,
}
