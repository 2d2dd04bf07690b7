"""The events, by the CloudEvents type that names each."""

from msgspec import Struct

from services.messages.claim import Claim
from services.messages.decision import Classification, Route, Sample
from services.messages.inquiry import Inquiry
from services.messages.judgement import Decision, Judgement, Settled
from services.messages.returned import Returned

RECEIVED = "inquiry.received.v1"
CLASSIFIED = "inquiry.classified.v1"
ROUTED = "inquiry.routed.v1"
SAMPLED = "inquiry.sampled.v1"
JUDGED = "inquiry.judged.v1"
DECIDED = "inquiry.decided.v1"
SETTLED = "inquiry.settled.v1"
CLAIM = "desk.claim.v1"


class Classified(Struct, frozen=True, kw_only=True, gc=False):
    """What the classifier publishes: the inquiry as received, and its classification."""

    inquiry: Inquiry
    classification: Classification


class Routed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the router publishes: the inquiry as received, its classification and its route.

    And the settler, of what a department has returned.
    """

    inquiry: Inquiry
    classification: Classification
    route: Route
    returned: Returned | None = None


class SampledInquiry(Routed, frozen=True, kw_only=True):
    """The copy of an inquiry that went to its department by itself: as routed, and how drawn."""

    sample: Sample


class DecidedInquiry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the settler publishes: the inquiry as it was routed, and what a person decided."""

    inquiry: Inquiry
    classification: Classification
    route: Route
    decision: Decision
    returned: Returned | None = None


EVENTS: dict[str, type[Struct]] = {
    RECEIVED: Inquiry,
    CLASSIFIED: Classified,
    ROUTED: Routed,
    SAMPLED: SampledInquiry,
    JUDGED: Judgement,
    DECIDED: DecidedInquiry,
    SETTLED: Settled,
    CLAIM: Claim,
}
