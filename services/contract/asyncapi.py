"""The AsyncAPI document of a service: which topics it reads and writes, and what is in them.

FastStream can generate one from its handlers, but it describes FastStream's own envelope (a
correlation id where CloudEvents attributes are) and repeats a schema for each topic; a contract
that says what is not so is worse than none.
"""

from collections.abc import Mapping
from typing import Any

from services.contract.schemas import MESSAGES, definitions_of
from services.contract.topics import TOPICS, Topic
from services.contract.written_messages import in_headers
from services.kafka.settings import KafkaSettings
from services.messages.dead_letter import DeadLetter, Replayed

PROMISE = """\
For every record that it reads it writes what came of it. What it writes and the offset up to \
which it has read are of one transaction: consumers with `isolation.level=read_committed` see each \
record once; others also see those of attempts that were aborted.

Records with the same key stay in order. The key and the headers of an inquiry travel on with it, \
and its value within the next one, byte for byte. The values of the headers `ce_type`, \
`ce_specversion` and `content-type` are UTF-8, those of others any bytes."""
BINDING = {"bindingVersion": "0.5.0"}
KEY = {"type": ["string", "null"], "description": "As the sender of the inquiry chose it."}
SCHEMAS = "#/components/schemas"
IN_HEADERS = {DeadLetter.__name__, Replayed.__name__}
SASL = {"PLAIN": "plain", "SCRAM-SHA-256": "scramSha256", "SCRAM-SHA-512": "scramSha512"}


def document(  # noqa: PLR0913 - all that it speaks of
    *,
    title: str,
    version: str,
    kafka: KafkaSettings,
    group: str | None,
    reads: Mapping[str, str],
    writes: Mapping[str, str],
    promise: str = PROMISE,
) -> dict[str, Any]:
    """Write the document (AsyncAPI 3.0.0).

    Args:
        title: The service's name.
        version: The version of the distribution.
        kafka: How the service connects; its user and password are left out.
        group: The service's consumer group, if it is a member of one.
        reads: The topics that it reads, each with its message.
        writes: The topics that it writes, likewise.
        promise: What can be relied upon, for people.
    """
    writes = dict(sorted(writes.items()))
    topics = {**reads, **writes}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version, "description": promise},
        "defaultContentType": "application/json",
        "servers": _servers(kafka),
        "channels": {topic: _channel(topic, TOPICS[event]) for topic, event in topics.items()},
        "operations": {
            **{f"receive.{topic}": _receive(topic, group) for topic in reads},
            **{f"send.{topic}": _send(topic, event) for topic, event in writes.items()},
        },
        "components": _components([*dict.fromkeys(topics.values())], kafka),
    }


def _components(events: list[str], kafka: KafkaSettings) -> dict[str, Any]:
    messages = {name: each for event in events for name, each in TOPICS[event].messages.items()}
    schemas = definitions_of([name for name in messages if name in MESSAGES], SCHEMAS)
    key = {"kafka": {"key": KEY, **BINDING}}
    return {
        "messages": {
            name: {"name": name, "bindings": key, **each} for name, each in messages.items()
        },
        "schemas": {
            name: in_headers(each) if name in IN_HEADERS else each for name, each in schemas.items()
        },
        "securitySchemes": _security(kafka),
    }


def _servers(kafka: KafkaSettings) -> dict[str, Any]:
    secure = kafka.security_protocol != "PLAINTEXT"
    server = {
        "protocol": "kafka-secure" if secure else "kafka",
        "security": [{"$ref": f"#/components/securitySchemes/{each}"} for each in _security(kafka)],
    }
    hosts = kafka.bootstrap_servers.split(",")
    return {f"kafka-{n}": {"host": host.strip(), **server} for n, host in enumerate(hosts, start=1)}


def _security(kafka: KafkaSettings) -> dict[str, Any]:
    if kafka.security_protocol.startswith("SASL"):
        return {"password": {"type": SASL[kafka.sasl_mechanism]}}
    if kafka.security_protocol == "SSL" and kafka.ssl_certfile:
        return {"certificate": {"type": "X509"}}
    return {}


def _channel(name: str, topic: Topic) -> dict[str, Any]:
    return {
        "address": name,
        "summary": topic.summary,
        "description": topic.description,
        "messages": {each: {"$ref": f"#/components/messages/{each}"} for each in topic.messages},
    }


def _receive(topic: str, group: str | None) -> dict[str, Any]:
    receive: dict[str, Any] = {"action": "receive", "channel": {"$ref": f"#/channels/{topic}"}}
    if group is not None:
        member = {"groupId": {"type": "string", "const": group}, **BINDING}
        receive["bindings"] = {"kafka": member}
    return receive


def _send(topic: str, event: str) -> dict[str, Any]:
    channel = f"#/channels/{topic}"
    messages = [{"$ref": f"{channel}/messages/{event}"}]
    return {"action": "send", "channel": {"$ref": channel}, "messages": messages}
