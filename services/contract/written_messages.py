"""What the services write: events in binary mode, dead letters, and notes among these."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from services.messages.claim import KINDS, Claim
from services.messages.codec import ESCALATED_HEADER, LEFT_OUT_HEADER, SAMPLE_ID
from services.messages.dead_letter import REJECTED, REPLAYED, DeadLetter, Replayed
from services.messages.decision import BANDS, REASONS
from services.messages.events import (
    CLAIM,
    CLASSIFIED,
    DECIDED,
    ROUTED,
    SAMPLED,
    SETTLED,
    Classified,
    DecidedInquiry,
    Routed,
    SampledInquiry,
)
from services.messages.examples import example_of
from services.messages.judgement import MODES, OUTCOMES, VERDICTS, Settled
from services.messages.rejection import MEANING
from services.messages.returned import TIMES_HEADER as RETURNED_TIMES_HEADER

_EVENT_ID = {
    "type": "string",
    "pattern": "^[a-zA-Z0-9._-]+/[0-9]+/[0-9]+$",
    "description": "TOPIC/PARTITION/OFFSET of the record that it was made from.",
}
_SAMPLE_ID = {
    "type": "string",
    "pattern": f"^[a-zA-Z0-9._-]+/[0-9]+/[0-9]+{SAMPLE_ID}$",
    "description": f"That of the event on the department's topic, and {SAMPLE_ID}.",
}
_OF_INQUIRY = {
    "type": ["string", "null"],
    "description": "Those of the inquiry's own event, such as received-ce_id.",
}
_LEFT_OUT = {
    "type": "string",
    "description": "The optional fields of the inquiry that are wrong, with commas between: they "
    "arrive as they were sent, and nothing was decided by them.",
}

_ESCALATED = {
    "type": "string",
    "pattern": "^[0-9]+$",
    "description": "How often a person has handed it on to somebody else; on review alone.",
}
_RETURNED = {
    "type": "string",
    "pattern": "^[0-9]+$",
    "description": "How many of its events departments have returned.",
}


def _fixed(event: str, service: str) -> dict[str, str]:
    """Return the headers that are the same on every such event."""
    return {
        "ce_specversion": "1.0",
        "ce_type": event,
        "ce_source": f"/inquiry-triage/{service}",
        "content-type": "application/json",
    }


def _headers(
    fixed: Mapping[str, str],
    event_id: Mapping[str, object] = MappingProxyType(_EVENT_ID),
    also: str = "Also the headers that the inquiry came with.",
) -> dict[str, Any]:
    """Return the schema of the headers of an event that a service writes."""
    return {
        "type": "object",
        "description": also,
        "required": [*fixed, "ce_id", "ce_time"],
        "properties": {
            **{name: {"const": value} for name, value in fixed.items()},
            "ce_id": {**event_id},
            "ce_time": {"type": "string", "format": "date-time"},
            LEFT_OUT_HEADER: _LEFT_OUT,
        },
        "patternProperties": {"^received-": _OF_INQUIRY},
    }


def _with(headers: dict[str, Any], **properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of headers with some of them added or written otherwise."""
    return {**headers, "properties": {**headers["properties"], **properties}}


def listed(meanings: Mapping[Any, str]) -> str:
    """Write values and what they mean as a list of Markdown."""
    return "\n".join(f"- `{value}`: {meaning}" for value, meaning in meanings.items())


def _as_text(example: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in example.items()}


_CLASSIFIED = _fixed(CLASSIFIED, "classifier")
_ROUTED = _fixed(ROUTED, "router")
_SAMPLED = _fixed(SAMPLED, "router")
_DECIDED = _fixed(DECIDED, "settler")
_SETTLED = _fixed(SETTLED, "settler")
_CLAIM = _fixed(CLAIM, "desk")
_CLAIM_ID = {"type": "string", "minLength": 1, "description": "Another one for each record."}
_KEY_OF_PLACE = {
    "type": "string",
    "description": "The place that it is about, such as review/3/4711.",
}

CLASSIFIED_MESSAGES: dict[str, dict[str, Any]] = {
    CLASSIFIED: {
        "summary": "An inquiry and what the model thinks of it.",
        "headers": _headers(_CLASSIFIED),
        "payload": {"$ref": "#/components/schemas/Classified"},
        "examples": [
            {
                "headers": {
                    **_CLASSIFIED,
                    "ce_id": "inquiries/3/4711",
                    "ce_time": "2026-11-02T09:30:01+00:00",
                },
                "payload": example_of(Classified),
            }
        ],
    }
}
ROUTED_MESSAGES: dict[str, dict[str, Any]] = {
    ROUTED: {
        "summary": "An inquiry, what the model thinks of it, and where it goes and why.",
        "description": f"The values of `route.reason`:\n\n{listed(REASONS)}",
        "headers": _with(
            _headers(_ROUTED),
            # What was escalated, or returned, is sent to review once more by the settler.
            ce_source={"enum": [f"/inquiry-triage/{each}" for each in ("router", "settler")]},
            **{ESCALATED_HEADER: _ESCALATED, RETURNED_TIMES_HEADER: _RETURNED},
        ),
        "payload": {"$ref": "#/components/schemas/Routed"},
        "examples": [
            {
                "headers": {
                    **_ROUTED,
                    "ce_id": "inquiries.classified/3/4711",
                    "ce_time": "2026-11-02T09:30:02+00:00",
                },
                "payload": example_of(Routed),
            }
        ],
    }
}
SAMPLED_MESSAGES: dict[str, dict[str, Any]] = {
    SAMPLED: {
        "summary": "A copy of what went to a department by itself, and how it was drawn.",
        "description": f"The values of `sample.band`:\n\n{listed(BANDS)}",
        "headers": _headers(_SAMPLED, _SAMPLE_ID),
        "payload": {"$ref": "#/components/schemas/SampledInquiry"},
        "examples": [
            {
                "headers": {
                    **_SAMPLED,
                    "ce_id": f"inquiries.classified/3/4711{SAMPLE_ID}",
                    "ce_time": "2026-11-02T09:30:02+00:00",
                },
                "payload": example_of(SampledInquiry),
            }
        ],
    }
}
DECIDED_MESSAGES: dict[str, dict[str, Any]] = {
    DECIDED: {
        "summary": "An inquiry as it was routed, and what a person decided of it.",
        "description": f"The values of `decision.outcome`:\n\n{listed(OUTCOMES)}",
        "headers": _headers(_DECIDED),
        "payload": {"$ref": "#/components/schemas/DecidedInquiry"},
        "examples": [
            {
                "headers": {
                    **_DECIDED,
                    "ce_id": "inquiries.review/3/4711",
                    "ce_time": "2026-11-02T10:04:00+00:00",
                },
                "payload": example_of(DecidedInquiry),
            }
        ],
    }
}
SETTLED_MESSAGES: dict[str, dict[str, Any]] = {
    SETTLED: {
        "summary": "What became of a judgement, and what the model had suggested.",
        "description": f"The values of `verdict`:\n\n{listed(VERDICTS)}\n\n"
        f"The values of `mode`:\n\n{listed(MODES)}",
        "headers": _headers(_SETTLED, also="None beside these."),
        "payload": {"$ref": "#/components/schemas/Settled"},
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "description": "The place that was judged, such as review/3/4711; of what did "
                    "not count, the judgement's id after it.",
                },
                "bindingVersion": "0.5.0",
            }
        },
        "examples": [
            {
                "headers": {
                    **_SETTLED,
                    "ce_id": "inquiries.judged/3/88",
                    "ce_time": "2026-11-02T10:04:00+00:00",
                },
                "payload": example_of(Settled),
            }
        ],
    }
}
CLAIM_MESSAGES: dict[str, dict[str, Any]] = {
    CLAIM: {
        "summary": "What a person did with an inquiry at the desk.",
        "description": f"The values of `kind`:\n\n{listed(KINDS)}",
        "headers": _headers(_CLAIM, _CLAIM_ID, also="None beside these."),
        "payload": {"$ref": "#/components/schemas/Claim"},
        "bindings": {"kafka": {"key": _KEY_OF_PLACE, "bindingVersion": "0.5.0"}},
        "examples": [
            {
                "headers": {
                    **_CLAIM,
                    "ce_id": "5f0c6e1a4d0b4f578a3e6f1d2b7c8d90",
                    "ce_time": "2026-11-02T10:03:59+00:00",
                },
                "payload": example_of(Claim),
            }
        ],
    }
}
REJECTED_MESSAGES: dict[str, dict[str, Any]] = {
    REJECTED: {
        "summary": "A record that was rejected, byte for byte, and why in the last headers.",
        "description": f"The values of `rejected-reason`:\n\n{listed(MEANING)}",
        "contentType": "application/octet-stream",
        "headers": {"$ref": "#/components/schemas/DeadLetter"},
        "payload": {"description": "The value that was rejected, whatever it is, or none."},
        "examples": [
            {
                "headers": _as_text(example_of(DeadLetter)),
                "payload": {"text": "My state pension has not been paid since March."},
            }
        ],
    },
    REPLAYED: {
        "summary": "A note that a dead letter was sent once more.",
        "headers": {"$ref": "#/components/schemas/Replayed"},
        "payload": {"type": "null"},
        "examples": [{"headers": _as_text(example_of(Replayed)), "payload": None}],
    },
}


def in_headers(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a type whose fields are headers, where a number is its digits."""
    fields = schema["properties"].items()
    return {**schema, "properties": {name: _digits(field) for name, field in fields}}


def _digits(field: dict[str, Any]) -> dict[str, Any]:
    if field.get("type") != "integer":
        return field
    kept = {name: field[name] for name in field if name not in {"minimum", "default"}}
    return {**kept, "type": "string", "pattern": "^[0-9]+$"}
