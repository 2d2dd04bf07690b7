"""The router's work as one pure function: classified records in, routed records out."""

from collections.abc import Sequence
from datetime import datetime

from services.messages.codec import classified, write_routed
from services.messages.dead_letter import write_rejected
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError
from services.router.decide import Decider

SOURCE = "/inquiry-triage/router"


def route(
    records: Sequence[Record], decider: Decider, *, rejected_topic: str, now: datetime
) -> list[Output]:
    """Answer each record with one output, in order: routed, or rejected with the reason."""
    return [_route_one(record, decider, rejected_topic, now) for record in records]


def _route_one(record: Record, decider: Decider, rejected_topic: str, now: datetime) -> Output:
    try:
        received = classified.read(record)
    except RejectedError as error:
        return write_rejected(record, error, topic=rejected_topic, by=SOURCE, at=now)
    body = received.body
    decision = decider.decide(body.inquiry, body.classification, now)
    return write_routed(record, received, decision, by=SOURCE)
