"""FastStream in three ways, as its documentation advises.

All run on uvloop ("CLI": `faststream run` does where that is installed), log nothing of a message
("Application and Access Logging": `logger=None`) and lose none when a handler fails ("Consuming
Acknowledgements": `NACK_ON_ERROR`). FastStream has no transactions: after a crash, answers come out
twice.

One by one: a handler for each message, which comes as a Pydantic model ("Basic Subscriber"), and a
publisher object, which is given the key ("Using a Partition Key"); with workers, as many as there
are partitions ("Concurrent processing"). scikit-learn's export decides. An answer has the inquiry,
its department and how probable that is: less than the classifier says.

In batches: "Batch Subscriber", with as many records as the classifier takes at once, and with its
function and model. The records come as they are ("Custom Decoder") and nothing casts or validates
them (`apply_types=False`), for the function does. Answers are published

- each by itself ("Broker Publishing"): with `no_confirm` the broker's answers are futures, which
  are waited for all at once, before the batch is acknowledged;
- or as a batch ("Publishing in Batches"), which goes on to the partition that it came from, so that
  the order of a key's messages stays. In release 0.7 its messages have no headers of their own,
  whatever the documentation says: it is less work than the others have.

    python -m benchmarks.faststream_contestants each|batch|WORKERS SETUP
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop  # noqa: TID251 - as it would be run, and as fast as can be
from aiokafka import ConsumerRecord
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage, KafkaPublishMessage
from pydantic import BaseModel

from benchmarks.contestant_setup import BATCH_BYTES, BATCH_RECORDS, Setup, read_setup, say_ready
from benchmarks.sklearn_export import Export
from services.classifier.classify import classify_records
from services.clock import utc_now
from services.messages.record import Output
from services.model.text_model import load_model


class Inquiry(BaseModel):
    """What a contact centre sends."""

    id: str
    text: str
    channel: str
    language: str
    received_at: datetime
    reference: str


class Decided(BaseModel):
    """What comes out."""

    inquiry: Inquiry
    department: str
    probability: float


def one_by_one(setup: Setup, workers: int) -> KafkaBroker:
    """Handle one message at a time."""
    broker, export = KafkaBroker(setup.servers, logger=None), Export(Path(setup.model))
    publisher = broker.publisher(setup.writes)

    @broker.subscriber(
        setup.reads,
        group_id=setup.group,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        max_workers=workers,
    )
    async def on_inquiry(inquiry: Inquiry, message: KafkaMessage) -> None:
        [said] = export.decide([inquiry.text])
        answer = Decided(inquiry=inquiry, department=said.department, probability=said.probability)
        received = {"received-ce_id": message.headers["ce_id"]}
        record: ConsumerRecord = message.raw_message
        await publisher.publish(answer, key=record.key, headers=received)

    return broker


def in_batches(setup: Setup, how: str) -> KafkaBroker:
    """Handle batches, and publish each answer by itself or all as a batch."""
    broker = KafkaBroker(setup.servers, logger=None, apply_types=False, max_batch_size=BATCH_BYTES)
    publish = {"each": _publish_each, "batch": _publish_batches}[how]
    model = load_model(Path(setup.model), threads=1)

    @broker.subscriber(
        setup.reads,
        group_id=setup.group,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        batch=True,
        max_records=BATCH_RECORDS,
        decoder=_as_they_are,
    )
    async def on_inquiries(records: Sequence[ConsumerRecord]) -> None:
        results = classify_records(records, model, topic=setup.writes, now=utc_now())
        await publish(broker, records, [each for each in results if isinstance(each, Output)])

    return broker


async def _as_they_are(message: KafkaMessage) -> Any:  # noqa: ANN401 - as FastStream's decoders are typed
    return message.raw_message


async def _publish_each(
    broker: KafkaBroker, _records: Sequence[ConsumerRecord], outputs: Sequence[Output]
) -> None:
    sent = [
        await broker.publish(
            output.value,
            output.topic,
            key=output.key,
            headers={name: (value or b"").decode() for name, value in output.headers},
            no_confirm=True,
        )
        for output in outputs
    ]
    await asyncio.gather(*sent)


async def _publish_batches(
    broker: KafkaBroker, records: Sequence[ConsumerRecord], outputs: Sequence[Output]
) -> None:
    messages = defaultdict(list)
    for record, output in zip(records, outputs, strict=True):
        messages[record.partition].append(KafkaPublishMessage(output.value, key=output.key))
    for partition, batch in messages.items():
        await broker.publish_batch(*batch, topic=outputs[0].topic, partition=partition)


if __name__ == "__main__":
    setup, how = read_setup(), sys.argv[1]
    broker = one_by_one(setup, int(how)) if how.isdigit() else in_batches(setup, how)
    app = FastStream(broker, logger=None)
    app.after_startup(say_ready)
    uvloop.run(app.run())
