"""Inquiries with words of a test's own that wait to be judged, and notes of what was judged."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from services.messages.events import ROUTED, SAMPLED, SETTLED, Routed, SampledInquiry
from services.messages.examples import example_of
from services.messages.judgement import Settled
from tests.broker.desk import Waiting
from tests.broker.pipeline import PARTITIONS, Pipeline

EVENTS: Mapping[str, tuple[str, Any]] = {
    "review": (ROUTED, Routed),
    "audit": (SAMPLED, SampledInquiry),
}


def headers_of(event_type: str, event_id: str) -> list[tuple[str, bytes]]:
    """Return the headers that are read of an event."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_type", event_type.encode()),
        ("ce_id", event_id.encode()),
    ]


async def put_inquiries(
    pipeline: Pipeline, source: str, texts: Iterable[str], **members: Mapping[str, Any]
) -> list[Waiting]:
    """Publish inquiries, in turn on each partition, as the router would; members are set so."""
    installation = pipeline.installation
    topics = {
        "review": installation.table.review_topic,
        "audit": installation.settler.audit_topic,
    }
    event_type, struct = EVENTS[source]
    async with AIOKafkaProducer(bootstrap_servers=pipeline.servers) as producer:

        async def put(number: int, text: str) -> Waiting:
            said = {"inquiry": {"id": f"{source}-{number}", "text": text, "subject": None}}
            body = {
                name: {**value, **said.get(name, {}), **members.get(name, {})}
                for name, value in example_of(struct).items()
            }
            event_id, partition = f"{source}/of/{number}", number % PARTITIONS
            value = json.dumps(body).encode()
            headers = headers_of(event_type, event_id)
            sent = await producer.send_and_wait(
                topics[source], value, partition=partition, headers=headers
            )
            return Waiting(source, partition, sent.offset, event_id, None, value)

        return [*await asyncio.gather(*(put(n, text) for n, text in enumerate(texts)))]


async def put_notes(
    pipeline: Pipeline, of: Sequence[Waiting], event_type: str = SETTLED, **fields: Any
) -> None:
    """Publish notes of judgements that counted, as the settler would; fields are set so."""
    example = {**example_of(Settled), "verdict": "counted", "outcome": "department", **fields}
    values = [msgspec.json.encode({**example, "record": each.place}) for each in of]
    await _put(pipeline, of, values, event_type)


async def delete_notes(pipeline: Pipeline, of: Sequence[Waiting]) -> None:
    """Delete notes, as one does on a topic that is compacted."""
    await _put(pipeline, of, [None for _ in of], SETTLED)


async def _put(
    pipeline: Pipeline, of: Sequence[Waiting], values: Iterable[bytes | None], event_type: str
) -> None:
    topic = pipeline.installation.settler.settled_topic
    async with AIOKafkaProducer(bootstrap_servers=pipeline.servers) as producer:
        for each, value in zip(of, values, strict=True):
            await producer.send_and_wait(
                topic,
                value,
                f"{each.source}/{each.partition}/{each.offset}".encode(),
                partition=each.partition,
                headers=headers_of(event_type, f"note/{each.event_id}"),
            )
