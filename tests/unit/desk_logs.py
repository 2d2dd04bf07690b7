"""The desk's logs as tests write them: what waits, what people did, and what was settled."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from services.desk.interface import Person
from services.desk.items import Languages, Waiting, read_waiting
from services.messages.claim import Claim, Kind
from services.messages.events import ROUTED, Routed
from services.messages.examples import example_of
from services.messages.judgement import Judgement, Place, Settled
from services.messages.record import Header
from tests.records import ARecord

AT = datetime(2026, 11, 2, 10, 4, tzinfo=UTC)
LASTS_MS = 600_000
WELSH = Languages("en", {"welsh": "cy"}, frozenset({"cy"}))
ANNE = Person("anne", frozenset({"reviewer"}))
BEN = Person("ben", frozenset({"reviewer"}))
CERI = Person("ceri", frozenset({"reviewer"}), frozenset({"cy"}))


def a_routed(
    offset: int = 0,
    *,
    partition: int = 0,
    event_id: str | None = None,
    timestamp: int | None = None,
    headers: tuple[Header, ...] = (),
    inquiry: dict[str, Any] | None = None,
    route: dict[str, Any] | None = None,
) -> ARecord:
    """Return a record of the review topic."""
    event = example_of(Routed)
    event["inquiry"] |= {"reference": None, **(inquiry or {})}
    event["route"] |= route or {}
    name = event_id or an_event_id(partition, offset)
    return ARecord(
        json.dumps(event).encode(),
        (
            ("ce_id", name.encode()),
            ("ce_specversion", b"1.0"),
            ("ce_type", ROUTED.encode()),
            *headers,
        ),
        topic="inquiries.review",
        partition=partition,
        offset=offset,
        timestamp=offset if timestamp is None else timestamp,
    )


def a_waiting(offset: int = 0, **fields: Any) -> Waiting:
    """Return what the index keeps of such a record."""
    return read_waiting(a_routed(offset, **fields), "review", WELSH)


def an_event_id(partition: int, offset: int) -> str:
    """Return the id of the event at a place."""
    return f"inquiries.classified/{partition}/{offset}"


def a_place(offset: int = 0, partition: int = 0) -> Place:
    """Return a place on review, with the event that lies there."""
    event_id = an_event_id(partition, offset)
    return Place(partition=partition, offset=offset, event_id=event_id)


def a_judgement(place: Place, by: str = "anne", **fields: Any) -> Judgement:
    """Return what somebody thinks right."""
    given = {"outcome": "department", "department": "home-office", "mode": "blind", **fields}
    return Judgement(id=f"{place.key}-{by}", record=place, seconds=9.5, by=by, at=AT, **given)


def a_claim(
    kind: Kind, place: Place, by: str = "anne", claim: int | None = None, **fields: Any
) -> Claim:
    """Return what somebody did."""
    judgement = a_judgement(place, by) if kind in {"looked", "chosen"} else None
    given = {"judgement": judgement, **fields}
    return Claim(kind=kind, record=place, by=by, at=AT, claim=claim, **given)


def a_note(judgement: Judgement, verdict: str = "counted", **fields: Any) -> Settled:
    """Return what became of a judgement."""
    same = ("record", "outcome", "department", "mode", "seconds", "by", "at")
    given = {
        "judgement": judgement.id,
        "verdict": verdict,
        "settled_at": AT,
        **{name: getattr(judgement, name) for name in same},
        **fields,
    }
    return msgspec.convert(given, Settled)
