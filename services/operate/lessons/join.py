"""Joins what a person decided with the inquiry that it was decided of: records in, lessons out."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from msgspec import Struct

from services.messages.codec import Reader
from services.messages.decision import Classification, Sample
from services.messages.events import ROUTED, SAMPLED
from services.messages.inquiry import Inquiry
from services.messages.judgement import Source
from services.messages.language_tag import language_of
from services.messages.lesson import Kind, Lesson
from services.messages.record import Record
from services.messages.rejection import RejectedError
from services.model.placeholders import says_nothing
from services.operate.lessons.notes import Decision, Decisions

# The reason of a route that a department's return has, which is a kind of lesson too.
RETURNED = "returned"
# A longer one is no name of a channel, and may be what somebody wrote.
LONGEST_CHANNEL = 100


class Reviewed(Struct, frozen=True):
    """Of an inquiry on review what makes a lesson; what else it has may be of a later version."""

    inquiry: Inquiry
    classification: Classification
    route: "Why"


class Why(Struct, frozen=True):
    """Why a person had to decide."""

    reason: str


class Audited(Struct, frozen=True):
    """Likewise of the copy of one that went by itself, with the chance that it had."""

    inquiry: Inquiry
    classification: Classification
    sample: Sample


inquiries: Mapping[Source, Reader[Reviewed] | Reader[Audited]] = {
    "review": Reader(ROUTED, Reviewed, within="inquiry"),
    "audit": Reader(SAMPLED, Audited, within="inquiry"),
}


NoLesson = Literal["escalated", "gone", "other-inquiry", "unreadable", "no-words", "decided-again"]
NO_LESSON: Mapping[NoLesson, str] = {
    "escalated": "handed the inquiry on to somebody else",
    "gone": "have no text any more: the inquiry is kept no longer (retention.ms)",
    "other-inquiry": "have another inquiry in their place: the topic was made anew",
    "unreadable": "are of an inquiry that cannot be read",
    "no-words": "are of an inquiry without words",
    "decided-again": "were decided again, once a department had returned the inquiry",
}


class Learnt(NamedTuple):
    """A lesson, when it was decided in milliseconds, and a hash of the inquiry that it is of."""

    lesson: Lesson
    time: int
    inquiry: int


class Without(NamedTuple):
    """Why there is no lesson, and where a record cannot be read, the reason of that."""

    why: NoLesson
    detail: RejectedError | None = None


def join(record: Record, source: Source, decisions: Decisions) -> Learnt | Without | None:
    """Return the lesson of a record, or why there is none; None where nobody decided anything.

    Args:
        record: What lies on the topic of reviews, or on that of copies.
        source: Which of the two that is.
        decisions: What people decided.
    """
    decided = decisions.at(record, source)
    if decided is None:
        return None
    event, decision = decided
    event_id = dict(record.headers).get("ce_id") or b""
    if hash(event_id.decode(errors="replace")) != event:
        return Without("other-inquiry")
    received = inquiries[source].read_or_reject(record)
    if isinstance(received, RejectedError):
        return Without("unreadable", received)
    inquiry = received.body.inquiry
    if says_nothing(inquiry.full_text):
        return Without("no-words")
    return Learnt(
        lesson_of(received.body, decision), decision.time, hash((inquiry.id, inquiry.text))
    )


def lesson_of(body: Reviewed | Audited, decision: Decision) -> Lesson:
    """Return the lesson of an inquiry and of what a person decided of it."""
    inquiry, classification = body.inquiry, body.classification
    channel = inquiry.channel or ""
    return Lesson(
        text=inquiry.full_text,
        department=decision.department,
        at=f"{decision.at:%Y-%m-%dT%H:%M:%SZ}",
        kind=_kind_of(body),
        weight=1 / body.sample.chance if isinstance(body, Audited) else 1.0,
        mode=decision.mode,
        channel=channel if len(channel) <= LONGEST_CHANNEL else "",
        language=language_of(inquiry.language),
        suggested=classification.department,
        probability=classification.probability,
        model=f"{classification.model.name} {classification.model.version}",
    )


def _kind_of(body: Reviewed | Audited) -> Kind:
    if isinstance(body, Audited):
        return "audit"
    return "returned" if body.route.reason == RETURNED else "review"
