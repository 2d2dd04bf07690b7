import asyncio
import json
from dataclasses import replace
from itertools import cycle

from aiokafka import ConsumerRecord

from services.clock import utc_now
from services.contract.received_messages import PLAIN, STRUCTURED
from services.kafka.clients import connect
from services.kafka.connected import an_admin
from services.local.processes.service_process import ServiceProcess
from services.messages.dead_letter import REJECTED, REPLAYED
from services.messages.events import CLASSIFIED, RECEIVED, ROUTED, SAMPLED
from services.operate.dead_letters.reading import Filter
from services.operate.dead_letters.replay import replay
from tests import records
from tests.asyncapi import Json, names_of
from tests.broker.at_rest import read_all
from tests.broker.exactly_once import Sent, number_of
from tests.broker.inquiries import examples, rejection_of
from tests.broker.pipeline import Pipeline

ALL = {RECEIVED, STRUCTURED, PLAIN, CLASSIFIED, ROUTED, SAMPLED, REJECTED, REPLAYED}


def in_all_modes() -> list[Sent]:
    """Return the good examples in the three modes in turn, and each bad one in all three."""
    modes = cycle([plain, binary, structured])
    good = [next(modes)(each) for each in examples() if not rejection_of(each)]
    bad = [each for each in examples() if rejection_of(each)]
    return [*good, *bad, *map(binary, bad), *map(structured, bad)]


def plain(record: Sent) -> Sent:
    return record


def binary(record: Sent) -> Sent:
    return replace(record, headers=(*record.headers, *records.BINARY))


def structured(record: Sent) -> Sent:
    value = records.an_envelope(record.value or b"")
    return replace(record, value=value, headers=(*record.headers, *records.STRUCTURED))


async def read_everything(pipeline: Pipeline) -> list[ConsumerRecord]:
    """Read every topic of a pipeline, also those that it does not speak of."""
    async with an_admin(pipeline.servers) as admin:
        topics = await admin.list_topics()
    prefix = pipeline.installation.kafka.topic_prefix
    return await read_all(pipeline.servers, [name for name in topics if name.startswith(prefix)])


async def contract_of(service: ServiceProcess) -> Json:
    _, text = await asyncio.to_thread(service.get, "/asyncapi.json")
    document: Json = json.loads(text)
    return document


async def test_all_that_is_on_kafka_is_what_the_documents_say(pipeline: Pipeline) -> None:
    """Each record is one message of its topic in a running service's document, or is rejected."""
    services = [
        pipeline.service("classifier", CLASSIFIER_CIRCUIT_BREAKER_SHARE="1"),
        pipeline.service("router", ROUTER_AUDIT_SHARE="1"),
    ]
    await pipeline.started(*services)
    await pipeline.publish(in_all_modes())
    await pipeline.answered()
    clients = connect(pipeline.installation.kafka, "asyncapi-test")
    topics = pipeline.installation.rejected_topics
    assert await replay(clients, topics, Filter(), "asyncapi-test", utc_now)
    await pipeline.answered()
    contracts = [await contract_of(service) for service in services]
    document_of = {topic: each for each in contracts for topic in each["channels"]}
    bad = {n for n, record in enumerate(pipeline.published) if rejection_of(record)}
    messages = set()
    for record in await read_everything(pipeline):
        names = names_of(document_of[record.topic], record)
        refused = record.topic == pipeline.installation.received_topic and number_of(record) in bad
        assert len(names) == (0 if refused else 1), (record.topic, record.partition, record.offset)
        messages.update(names)
    assert messages == ALL
