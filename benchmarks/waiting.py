"""Inquiries that wait on review, as the router would have put them there."""

from aiokafka import AIOKafkaProducer
from msgspec import json

from services.clock import utc_now
from services.messages.cloudevents import context
from services.messages.events import ROUTED, Routed
from services.messages.examples import example_of
from services.messages.judgement import Place


async def let_wait(servers: str, topic: str, count: int, partitions: int) -> list[Place]:
    """Let inquiries wait on a topic that has none yet, and return where each lies, in turn.

    Args:
        servers: The brokers' addresses.
        topic: Review's.
        count: How many; each has its number as id and as its case's.
        partitions: How many the topic has.
    """
    event = example_of(Routed)
    event["route"]["reason"] = "low-confidence"
    headers = context(ROUTED, "/inquiry-triage/router", utc_now())
    places = []
    producer = AIOKafkaProducer(bootstrap_servers=servers, linger_ms=20, acks="all")
    async with producer:
        for number in range(count):
            event["inquiry"] |= {"id": str(number), "reference": f"case-{number}"}
            event_id, partition = f"inquiries.classified/0/{number}", number % partitions
            await producer.send(
                topic,
                json.encode(event),
                partition=partition,
                headers=[("ce_id", event_id.encode()), *headers],
            )
            places.append(
                Place(partition=partition, offset=number // partitions, event_id=event_id)
            )
        await producer.flush()
    return places
