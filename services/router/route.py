"""The router's work as one pure function: classified records in, routed records out.

Beside an inquiry that goes to its department by itself, a copy may be drawn for an audit.
"""

from collections.abc import Sequence
from datetime import datetime

from services.messages.codec import Received, classified, write_routed, write_sampled
from services.messages.decision import Route
from services.messages.events import Classified
from services.messages.record import Output, Record, most_bytes
from services.messages.rejection import RejectedError
from services.router.decide import Decider
from services.router.sampling import Sampler

SOURCE = "/inquiry-triage/router"

Routed = Output | tuple[Output, Output]


def route_records(
    records: Sequence[Record], decider: Decider, now: datetime, sampler: Sampler | None = None
) -> list[Routed | RejectedError]:
    """Return one result for each record, in order: routed, or why it cannot be read.

    With a sampler, some of those that no person sees are two outputs: routed, and the copy.
    """
    return [_route_one(record, decider, now, sampler) for record in records]


def _route_one(
    record: Record, decider: Decider, now: datetime, sampler: Sampler | None
) -> Routed | RejectedError:
    received = classified.read_or_reject(record)
    if isinstance(received, RejectedError):
        return received
    body = received.body
    route = decider.decide(body.inquiry, body.classification, now)
    raised = decider.raised(body.classification)
    routed = write_routed(record, received, route, by=SOURCE, raised=raised)
    if sampler is None or route.reason != "confident":
        return routed
    return _with_copy(record, received, route, routed, sampler)


def _with_copy(
    record: Record, received: Received[Classified], route: Route, routed: Output, sampler: Sampler
) -> Routed:
    """Return what was routed, and the copy of it where one is drawn.

    A copy that would be too large is left out: the engine would reject the inquiry with it.
    """
    sample = sampler.draw(record, received.body.classification)
    if sample is None:
        return routed
    copy = write_sampled(
        record, received, routed, sample, topic=sampler.topic, by=SOURCE, at=route.routed_at
    )
    return (routed, copy) if most_bytes(copy) <= sampler.max_bytes else routed
