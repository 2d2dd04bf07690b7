"""The AsyncAPI document of a service: which topics it reads and writes, and what is in them.

FastStream can generate one from its handlers, but it describes FastStream's own envelope (a
correlation id where CloudEvents attributes are) and repeats a schema for each topic; a contract
that says what is not so is worse than none.
"""

from collections.abc import Mapping
from typing import Any

from services.messages.dead_letter import REJECTED
from services.messages.events import RECEIVED
from services.messages.schemas import inlined_schema_of
from services.stream.settings import KafkaSettings

CONTEXT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0 in binary mode; the sender's own headers stand beside them.",
    "required": ["ce_id", "ce_source", "ce_specversion", "ce_type", "ce_time", "content-type"],
    "properties": {
        "ce_id": {"type": "string", "description": "TOPIC/PARTITION/OFFSET of what it answers."},
        "ce_source": {"type": "string"},
        "ce_specversion": {"const": "1.0"},
        "ce_type": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time"},
        "content-type": {"const": "application/json"},
    },
}
READ_TRAITS = "CloudEvents 1.0 in binary or structured mode, or plain JSON without ce_ headers."


def document(
    *,
    title: str,
    version: str,
    kafka: KafkaSettings,
    reads: Mapping[str, str],
    writes: Mapping[str, str],
) -> dict[str, Any]:
    """Write the document (AsyncAPI 3.0.0).

    Args:
        title: The service's name.
        version: The version of the distribution.
        kafka: How the service connects.
        reads: The topics that it reads, each with its message.
        writes: The topics that it writes, likewise.
    """
    topics = {**reads, **writes}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version},
        "defaultContentType": "application/json",
        "servers": {"kafka": _server(kafka)},
        "channels": {topic: _channel(topic, message) for topic, message in topics.items()},
        "operations": {
            f"{action}:{topic}": {"action": action, "channel": {"$ref": f"#/channels/{topic}"}}
            for action, names in (("receive", reads), ("send", writes))
            for topic in names
        },
        "components": {"messages": {message: _message(message) for message in topics.values()}},
    }


def _server(kafka: KafkaSettings) -> dict[str, Any]:
    secure = kafka.security_protocol != "PLAINTEXT"
    return {"host": kafka.bootstrap_servers, "protocol": "kafka-secure" if secure else "kafka"}


def _channel(topic: str, message: str) -> dict[str, Any]:
    return {
        "address": topic,
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": "0.5.0"}},
    }


def _message(name: str) -> dict[str, Any]:
    schema = inlined_schema_of(name)
    if name == REJECTED:
        summary = "The rejected record, byte for byte; the reason is in the headers."
        return {"name": name, "summary": summary, "headers": schema}
    if name == RECEIVED:
        return {"name": name, "summary": READ_TRAITS, "payload": schema}
    return {"name": name, "headers": CONTEXT_SCHEMA, "payload": schema}
