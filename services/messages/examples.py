"""One example of each message, shown in its schema and read by the tests."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct, structs

from services.messages.claim import Claim
from services.messages.dead_letter import DeadLetter, Replayed
from services.messages.decision import Alternative, Classification, Model, Route, Sample
from services.messages.events import Classified, DecidedInquiry, Routed, SampledInquiry
from services.messages.inquiry import Inquiry
from services.messages.judgement import Decision, Judgement, Place, Settled, Suggested
from services.messages.rejection import Rejection
from services.messages.returned import Return

_INQUIRY = Inquiry(
    id="crm-2026-004711",
    text="My state pension has not been paid since March. Who do I have to write to?",
    subject="Pension not paid",
    channel="web-form",
    language="en",
    received_at=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
    reference="case-88213",
    attributes={"office": "Leeds"},
)
_CLASSIFICATION = Classification(
    model=Model("uk-departments", "1"),
    department="department-for-work-pensions",
    probability=0.97,
    alternatives=(
        Alternative("hm-treasury", 0.02),
        Alternative("ministry-of-defence", 0.005),
        Alternative("cabinet-office", 0.002),
    ),
    in_remit=0.98,
    classified_at=datetime(2026, 11, 2, 9, 30, 1, tzinfo=UTC),
    flags={"danger": 0.004, "discrimination": 0.001},
)
_ROUTE = Route(
    topic="departments.department-for-work-pensions",
    reason="confident",
    priority="normal",
    table="2026-11-28",
    routed_at=datetime(2026, 11, 2, 9, 30, 2, tzinfo=UTC),
)
_REVIEWED = structs.replace(
    _ROUTE, topic="inquiries.review", reason="rule", priority="high", rule="hardship"
)
_PLACE = Place(partition=3, offset=4711, event_id="inquiries.classified/3/4711")
_DECISION = Decision(
    outcome="department",
    judgement="9f0c2e1a-4d0b-4f57-8a3e-6f1d2b7c8d90",
    mode="blind",
    by="reviewer-17",
    at=datetime(2026, 11, 2, 10, 3, 59, tzinfo=UTC),
    department="department-for-work-pensions",
)
_JUDGEMENT = Judgement(
    id=_DECISION.judgement,
    record=_PLACE,
    outcome=_DECISION.outcome,
    department=_DECISION.department,
    mode=_DECISION.mode,
    seconds=42.5,
    by=_DECISION.by,
    at=_DECISION.at,
)
_EXAMPLES: tuple[Struct, ...] = (
    _INQUIRY,
    Classified(inquiry=_INQUIRY, classification=_CLASSIFICATION),
    Routed(inquiry=_INQUIRY, classification=_CLASSIFICATION, route=_ROUTE),
    SampledInquiry(
        inquiry=_INQUIRY,
        classification=_CLASSIFICATION,
        route=_ROUTE,
        sample=Sample(chance=0.005, band="sure"),
    ),
    _JUDGEMENT,
    Claim(
        kind="chosen",
        record=_PLACE,
        by=_DECISION.by,
        at=_DECISION.at,
        claim=815,
        judgement=_JUDGEMENT,
    ),
    DecidedInquiry(
        inquiry=_INQUIRY, classification=_CLASSIFICATION, route=_REVIEWED, decision=_DECISION
    ),
    Settled(
        record=_PLACE,
        judgement=_DECISION.judgement,
        verdict="counted",
        outcome=_DECISION.outcome,
        department=_DECISION.department,
        mode=_DECISION.mode,
        seconds=42.5,
        by=_DECISION.by,
        at=_DECISION.at,
        settled_at=datetime(2026, 11, 2, 10, 4, tzinfo=UTC),
        model=_CLASSIFICATION.model,
        suggested=Suggested(_CLASSIFICATION.department, _CLASSIFICATION.probability),
        reason=_REVIEWED.reason,
    ),
    Return(returned_why="not-ours", returned_by="desk-4", returned_suggests="hm-treasury"),
    DeadLetter(
        rejected_reason=Rejection.MISSING_FIELD,
        rejected_detail="Object missing required field `id`",
        rejected_topic="inquiries",
        rejected_partition=3,
        rejected_offset=4711,
        rejected_by="/inquiry-triage/classifier",
        rejected_at=datetime(2026, 11, 2, 9, 30, 1, tzinfo=UTC),
    ),
    Replayed(
        replayed_partition=1,
        replayed_offset=88,
        replayed_at=datetime(2026, 11, 3, 8, 0, tzinfo=UTC),
    ),
)


def example_of(message: type[Struct]) -> dict[str, Any]:
    """Return the example of a message type, as JSON would have it."""
    [example] = [example for example in _EXAMPLES if type(example) is message]
    plain: dict[str, Any] = msgspec.to_builtins(example)
    return plain
