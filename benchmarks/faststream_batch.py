"""FastStream with `batch=True` and the classifier's own function and model.

What it follows of FastStream's documentation:

- "Batch Subscriber": `batch=True`; `max_records` as many as the classifier takes at once.
- "Broker Publishing": `publish` for each answer, with its key and headers. `no_confirm` gives the
  broker's answers as futures, which are waited for all at once, before the batch is acknowledged.
- "Publishing in Batches", for the contestant that does: `publish_batch`, each answer with its key
  as a `KafkaPublishMessage`. A batch goes on to the partition that it came from, so that the order
  of a key's messages stays, and the broker's `max_batch_size` has room for it.
- "Consuming Acknowledgements": `NACK_ON_ERROR`, so that no message is lost when a handler fails.
- "Custom Decoder" and "Subscription Basics": the handler is given the records as they are, and
  with `apply_types=False` nothing casts or validates them, for the classifier's function does.
- "Application and Access Logging": with `logger=None` nothing is logged.
- "CLI": it runs on uvloop, as `faststream run` does where that is installed.

FastStream has no transactions: after a crash, answers come out twice. And in release 0.7 the
messages of a published batch have the call's headers alone and none of their own, whatever
"Publishing in Batches" says. So that contestant's answers come without their CloudEvents headers:
it is not quite the same job, and less work than the others have.

    python -m benchmarks.faststream_batch each|batch JOB
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop  # noqa: TID251 - as it would be run, and as fast as can be
from aiokafka import ConsumerRecord
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage, KafkaPublishMessage

from benchmarks.job import Job, read_job, say_ready
from services.classifier.classify import answer_records
from services.classifier.model import Model, load
from services.messages.record import Output

BATCH_BYTES = 1_000_000  # as KAFKA_MAX_MESSAGE_BYTES of the services


Publish = Callable[[KafkaBroker, Sequence[ConsumerRecord], Sequence[Output]], Awaitable[None]]


def create_app(job: Job, model: Model, publish: Publish) -> FastStream:
    """Wire the application."""
    broker = KafkaBroker(job.servers, logger=None, apply_types=False, max_batch_size=BATCH_BYTES)
    app = FastStream(broker, logger=None)

    @broker.subscriber(
        job.reads,
        batch=True,
        max_records=job.batch_records,
        group_id=job.group,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        decoder=as_they_are,
    )
    async def on_inquiries(records: Sequence[ConsumerRecord]) -> None:
        now = datetime.now(UTC)
        outputs = answer_records(records, model, topic=job.writes, rejected_topic="", now=now)
        await publish(broker, records, outputs)

    app.after_startup(say_ready)
    return app


async def publish_each(
    broker: KafkaBroker, _records: Sequence[ConsumerRecord], outputs: Sequence[Output]
) -> None:
    """Publish one by one, and wait for all."""
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


async def publish_batches(
    broker: KafkaBroker, records: Sequence[ConsumerRecord], outputs: Sequence[Output]
) -> None:
    """Publish a batch for each partition that the records came from."""
    messages = defaultdict(list)
    for record, output in zip(records, outputs, strict=True):
        messages[record.partition].append(KafkaPublishMessage(output.value, key=output.key))
    for partition, batch in messages.items():
        await broker.publish_batch(*batch, topic=outputs[0].topic, partition=partition)


async def as_they_are(message: KafkaMessage) -> Any:  # noqa: ANN401 - as FastStream's decoders are typed
    """Give a batch's records undecoded."""
    return message.raw_message


if __name__ == "__main__":
    publish = {"each": publish_each, "batch": publish_batches}[sys.argv.pop(1)]
    job = read_job()
    uvloop.run(create_app(job, load(Path(job.model), threads=1), publish).run())
