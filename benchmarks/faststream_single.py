"""FastStream as its documentation writes it: one message at a time, with the stock export.

What it follows of FastStream's documentation:

- "Basic Subscriber": a handler for each message, which comes as a Pydantic model.
- "Using a Partition Key": a publisher object, whose `publish` is given the key.
- "Consuming Acknowledgements": `NACK_ON_ERROR`, so that no message is lost when a handler fails.
- the same, "Concurrent processing", for the contestant with workers: with `NACK_ON_ERROR`, as many
  as there are partitions.
- "Application and Access Logging": with `logger=None` nothing is logged of each message.
- "CLI": it runs on uvloop, as `faststream run` does where that is installed.

And of sklearn-onnx's, "TfIdfVectorizer with ONNX": see `benchmarks.stock_training`. FastStream has
no transactions: after a crash, answers come out twice. An answer has the inquiry, its department
and how probable that is: less than the classifier says.

    python -m benchmarks.faststream_single WORKERS JOB
"""

import sys
from datetime import datetime
from pathlib import Path

import uvloop  # noqa: TID251 - as it would be run, and as fast as can be
from aiokafka import ConsumerRecord
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from pydantic import BaseModel

from benchmarks.job import Job, read_job, say_ready
from benchmarks.stock import Stock


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


def create_app(job: Job, stock: Stock, workers: int) -> FastStream:
    """Wire the application."""
    broker = KafkaBroker(job.servers, logger=None)
    app = FastStream(broker, logger=None)
    decided = broker.publisher(job.writes)

    @broker.subscriber(
        job.reads,
        group_id=job.group,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        max_workers=workers,
    )
    async def on_inquiry(inquiry: Inquiry, message: KafkaMessage) -> None:
        department, probability = stock.decide([inquiry.text])[0]
        answer = Decided(inquiry=inquiry, department=department, probability=probability)
        received = {"received-ce_id": message.headers["ce_id"]}
        record: ConsumerRecord = message.raw_message
        await decided.publish(answer, key=record.key, headers=received)

    app.after_startup(say_ready)
    return app


if __name__ == "__main__":
    workers, job = int(sys.argv.pop(1)), read_job()
    uvloop.run(create_app(job, Stock(Path(job.model)), workers).run())
