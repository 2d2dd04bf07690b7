"""What others may publish: of each event of their systems a message for each of three modes.

A record is valid against one of them at most, as AsyncAPI asks of the messages of a channel; the
classifier also reads one whose optional fields are wrong.
"""

from typing import Any

from services.contract.schemas import definitions_of
from services.contract.written_messages import DECIDED_MESSAGES, ROUTED_MESSAGES, listed
from services.messages.events import DECIDED, JUDGED, RECEIVED, ROUTED
from services.messages.examples import example_of
from services.messages.inquiry import Inquiry
from services.messages.judgement import Judgement
from services.messages.returned import RETURNED, WHYS, Return

STRUCTURED, PLAIN = f"{RECEIVED}.structured", f"{RECEIVED}.plain"
ENVELOPE = "application/cloudevents+json"


def _any_case(media_type: str) -> str:
    """Return the pattern of what begins so in any case: JSON Schema has no flag for that."""
    either = [f"[{each}{each.upper()}]" if each.isalpha() else each for each in media_type]
    return f"^{''.join(either)}"


_VERSION = {"const": "1.0"}
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


def _in_three_modes(
    event: str, what: str, payload: dict[str, str], example: dict[str, Any], source: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """Return the messages of an event.

    Args:
        event: Its CloudEvents type.
        what: What it is, in a word.
        payload: Refers to the schema of its data.
        example: Of its data.
        source: Id and source of the example.
    """
    headers = {f"ce_{name}": value for name, value in source.items()}
    return {
        event: {
            "summary": f"{what} as CloudEvents 1.0 in binary mode: attributes are headers.",
            "headers": {
                "type": "object",
                "required": ["ce_specversion", "ce_type", "ce_id", "ce_source"],
                "properties": {
                    "ce_specversion": _VERSION,
                    "ce_type": {"const": event},
                    "ce_id": _ID,
                    "ce_source": _SOURCE,
                    "content-type": _NOT_ENVELOPED,
                },
            },
            "payload": payload,
            "examples": [
                {
                    "headers": {
                        "ce_specversion": "1.0",
                        "ce_type": event,
                        **headers,
                        "content-type": "application/json",
                    },
                    "payload": example,
                }
            ],
        },
        f"{event}.structured": {
            "summary": f"{what} as CloudEvents 1.0 in structured mode: it is in an envelope.",
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
                    "type": {"const": event},
                    "id": _ID,
                    "source": _SOURCE,
                    "data": payload,
                    "data_base64": {
                        "type": "string",
                        "contentEncoding": "base64",
                        "description": "The bytes of the data in base64, instead of data.",
                    },
                },
            },
            "examples": [
                {
                    "headers": {"content-type": ENVELOPE},
                    "payload": {
                        "specversion": "1.0",
                        "type": event,
                        **source,
                        "data": example,
                    },
                }
            ],
        },
        f"{event}.plain": {
            "summary": f"{what} as plain JSON.",
            "headers": {
                "type": "object",
                "not": {"anyOf": [{"required": ["ce_specversion"]}, {"required": ["ce_type"]}]},
                "properties": {"content-type": _NOT_ENVELOPED},
                "description": "Any, but none of CloudEvents.",
            },
            "payload": payload,
            "examples": [{"payload": example}],
        },
    }


MESSAGES = _in_three_modes(
    RECEIVED,
    "An inquiry",
    {"$ref": "#/components/schemas/Inquiry"},
    example_of(Inquiry),
    {"id": "e-88213-1", "source": "/crm"},
)
JUDGED_MESSAGES = _in_three_modes(
    JUDGED,
    "A judgement",
    {"$ref": "#/components/schemas/Judgement"},
    example_of(Judgement),
    {"id": "j-88213-1", "source": "/desk"},
)


def _returned(event: str, got: dict[str, Any]) -> dict[str, Any]:
    """Return the message of an event that a department sends back: with headers of its own."""
    own = definitions_of([RETURNED], "")[Return.__name__]
    headers = {
        **got["headers"],
        "required": [*got["headers"]["required"], *own["required"]],
        "properties": {**got["headers"]["properties"], **own["properties"]},
    }
    [example] = got["examples"]
    said = {**example["headers"], **example_of(Return)}
    return {
        **got,
        "summary": f"What a department got as {event}, with why it comes back.",
        "description": f"The values of `returned-why`:\n\n{listed(WHYS)}",
        "headers": headers,
        "examples": [{**example, "headers": said}],
    }


RETURNED_MESSAGES = {
    f"{event}.returned": _returned(event, messages[event])
    for event, messages in ((ROUTED, ROUTED_MESSAGES), (DECIDED, DECIDED_MESSAGES))
}
