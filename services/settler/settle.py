"""The settler's work as one pure function: judgements in; deliveries and notes out.

The first judgement of an inquiry in the log counts. The same one again is `repeated`, another one
is `late`; neither does anything, however many there are.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from services.messages.codec import (
    Judged,
    judgements,
    write_decided,
    write_escalated,
    write_settled,
)
from services.messages.events import SampledInquiry
from services.messages.judgement import Decision, Judgement, Place, Settled, Suggested, Verdict
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError, Rejection
from services.settler.state import Draft, First

SOURCE = "/inquiry-triage/settler"

# What lies at each place that was judged and is not settled, or why nothing of it can be used.
Originals = Mapping[Place, Judged | RejectedError]


class Addresses(NamedTuple):
    """The topics to which a judgement may lead."""

    departments: Mapping[str, str]
    not_ours: str
    review: str
    settled: str


def places_to_read(records: Sequence[Record], draft: Draft) -> set[Place]:
    """Return the places of which a batch needs the inquiry: those that nobody has settled."""
    read = [(record.partition, judgements.read_or_reject(record)) for record in records]
    places = {
        (number, each.body.record) for number, each in read if not isinstance(each, RejectedError)
    }
    return {
        place
        for number, place in places
        if place.partition == number and draft.first(place) is None
    }


def settle_records(
    records: Sequence[Record],
    draft: Draft,
    originals: Originals,
    addresses: Addresses,
    now: datetime,
) -> list[list[Output] | RejectedError]:
    """Return one result for each judgement, in order: what comes of it, or why nothing can.

    Args:
        records: The judgements, as they stand in the log.
        draft: What is settled so far; what counts is entered.
        originals: The inquiries that were judged and are not settled.
        addresses: Where they may go.
        now: The time to write into notes and events.
    """
    return [_settle_one(record, draft, originals, addresses, now) for record in records]


def _settle_one(
    record: Record, draft: Draft, originals: Originals, addresses: Addresses, now: datetime
) -> list[Output] | RejectedError:
    received = judgements.read_or_reject(record)
    if isinstance(received, RejectedError):
        return received
    judgement = received.body
    if judgement.record.partition != record.partition:
        detail = "it has to stand on the partition number that its record names"
        return RejectedError(Rejection.WRONG_PARTITION, detail)
    if first := draft.first(judgement.record):
        note = _uncounted(judgement, first, now)
        return [write_settled(record, note, topic=addresses.settled, by=SOURCE)]
    judged = originals[judgement.record]
    if isinstance(judged, RejectedError):
        return judged
    if judgement.department is not None and judgement.department not in addresses.departments:
        detail = "the routing table has no department of that label: send it again with one it has"
        return RejectedError(Rejection.UNKNOWN_DEPARTMENT, detail)
    draft.enter(judgement.record, judgement.id, judgement.by)
    delivered = _delivered(judgement, judged, addresses, now)
    note = _counted(judgement, judged, now, corrected=bool(delivered))
    return [*delivered, write_settled(record, note, topic=addresses.settled, by=SOURCE)]


def _delivered(
    judgement: Judgement, judged: Judged, addresses: Addresses, now: datetime
) -> list[Output]:
    """Return what goes out because of a judgement that counts; one is a label alone."""
    by_itself = judgement.record.topic == "audit"
    if judgement.outcome == "escalate":
        if by_itself:
            return []
        return [write_escalated(judged, topic=addresses.review, by=SOURCE, at=now)]
    topic = addresses.not_ours
    if judgement.department is not None:
        topic = addresses.departments[judgement.department]
    if by_itself and (not judgement.correct or topic == judged.received.body.route.topic):
        return []
    return [write_decided(judged, _decision_of(judgement), topic=topic, by=SOURCE, at=now)]


def _decision_of(judgement: Judgement) -> Decision:
    return Decision(
        outcome=judgement.outcome,
        judgement=judgement.id,
        mode=judgement.mode,
        by=judgement.by,
        at=judgement.at,
        department=judgement.department,
        signpost=judgement.signpost,
    )


def _counted(judgement: Judgement, judged: Judged, now: datetime, *, corrected: bool) -> Settled:
    body = judged.received.body
    classification = body.classification
    return replace(
        _note(judgement, "counted", now),
        corrected=corrected and judgement.record.topic == "audit",
        model=classification.model,
        suggested=Suggested(classification.department, classification.probability),
        reason=body.route.reason,
        sample=body.sample if isinstance(body, SampledInquiry) else None,
    )


def _uncounted(judgement: Judgement, first: First, now: datetime) -> Settled:
    """Note a judgement that does not count: it is the one that does, again, or another's."""
    if first.judgement == hash(judgement.id):
        return _note(judgement, "repeated", now)
    return replace(_note(judgement, "late", now), first_by=first.by)


def _note(judgement: Judgement, verdict: Verdict, now: datetime) -> Settled:
    return Settled(
        record=judgement.record,
        judgement=judgement.id,
        verdict=verdict,
        outcome=judgement.outcome,
        department=judgement.department,
        mode=judgement.mode,
        seconds=judgement.seconds,
        by=judgement.by,
        at=judgement.at,
        settled_at=now,
    )
