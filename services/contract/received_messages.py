"""What a contact-centre system may publish: one message for each of the three modes.

A record is valid against one of them at most, as AsyncAPI asks of the messages of a channel; the
classifier also reads one whose optional fields are wrong.
"""

from typing import Any

from services.messages.events import RECEIVED
from services.messages.examples import example_of
from services.messages.inquiry import Inquiry

STRUCTURED, PLAIN = f"{RECEIVED}.structured", f"{RECEIVED}.plain"
ENVELOPE = "application/cloudevents+json"


def _any_case(media_type: str) -> str:
    """Return the pattern of what begins so in any case: JSON Schema has no flag for that."""
    either = [f"[{each}{each.upper()}]" if each.isalpha() else each for each in media_type]
    return f"^{''.join(either)}"


_INQUIRY = {"$ref": "#/components/schemas/Inquiry"}
_EXAMPLE = example_of(Inquiry)
_VERSION = {"const": "1.0"}
_TYPE = {"const": RECEIVED}
_ID = {"type": "string", "minLength": 1, "description": "With the source, names the event."}
_SOURCE = {"type": "string", "minLength": 1, "description": "The system that publishes it."}
_ENVELOPED = {
    "type": "string",
    "pattern": _any_case("application/cloudevents"),
}
_NOT_ENVELOPED = {
    "type": ["string", "null"],
    "not": _ENVELOPED,
    "description": "application/json, or none.",
}

MESSAGES: dict[str, dict[str, Any]] = {
    RECEIVED: {
        "summary": "An inquiry as CloudEvents 1.0 in binary mode: attributes are headers.",
        "headers": {
            "type": "object",
            "required": ["ce_specversion", "ce_type", "ce_id", "ce_source"],
            "properties": {
                "ce_specversion": _VERSION,
                "ce_type": _TYPE,
                "ce_id": _ID,
                "ce_source": _SOURCE,
                "content-type": _NOT_ENVELOPED,
            },
        },
        "payload": _INQUIRY,
        "examples": [
            {
                "headers": {
                    "ce_specversion": "1.0",
                    "ce_type": RECEIVED,
                    "ce_id": "e-88213-1",
                    "ce_source": "/crm",
                    "content-type": "application/json",
                },
                "payload": _EXAMPLE,
            }
        ],
    },
    STRUCTURED: {
        "summary": "An inquiry as CloudEvents 1.0 in structured mode: it is in an envelope.",
        "contentType": ENVELOPE,
        "headers": {
            "type": "object",
            "required": ["content-type"],
            "properties": {"content-type": _ENVELOPED},
        },
        "payload": {
            "type": "object",
            "required": ["specversion", "type", "id", "source"],
            "oneOf": [{"required": ["data"]}, {"required": ["data_base64"]}],
            "properties": {
                "specversion": _VERSION,
                "type": _TYPE,
                "id": _ID,
                "source": _SOURCE,
                "data": _INQUIRY,
                "data_base64": {
                    "type": "string",
                    "contentEncoding": "base64",
                    "description": "The bytes of the inquiry in base64, instead of data.",
                },
            },
        },
        "examples": [
            {
                "headers": {"content-type": ENVELOPE},
                "payload": {
                    "specversion": "1.0",
                    "type": RECEIVED,
                    "id": "e-88213-1",
                    "source": "/crm",
                    "data": _EXAMPLE,
                },
            }
        ],
    },
    PLAIN: {
        "summary": "An inquiry as plain JSON.",
        "headers": {
            "type": "object",
            "not": {"anyOf": [{"required": ["ce_specversion"]}, {"required": ["ce_type"]}]},
            "properties": {"content-type": _NOT_ENVELOPED},
            "description": "Any, but none of CloudEvents.",
        },
        "payload": _INQUIRY,
        "examples": [{"payload": _EXAMPLE}],
    },
}
