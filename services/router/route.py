"""The router's work as one pure function: classified records in, routed records out."""

from collections.abc import Sequence
from datetime import datetime

from services.messages.codec import classified, write_routed
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError
from services.router.decide import Decider

SOURCE = "/inquiry-triage/router"


def route_records(
    records: Sequence[Record], decider: Decider, now: datetime
) -> list[Output | RejectedError]:
    """Return one result for each record, in order: routed, or why it cannot be read."""
    return [_route_one(record, decider, now) for record in records]


def _route_one(record: Record, decider: Decider, now: datetime) -> Output | RejectedError:
    received = classified.read_or_reject(record)
    if isinstance(received, RejectedError):
        return received
    body = received.body
    route = decider.decide(body.inquiry, body.classification, now)
    raised = decider.raised(body.classification)
    return write_routed(record, received, route, by=SOURCE, raised=raised)
