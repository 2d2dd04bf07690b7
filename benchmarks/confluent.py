"""confluent-kafka with the classifier's own function and model, exactly once.

What it follows of confluent-kafka's documentation:

- "eos-transactions.py", its example of a consume-transform-produce loop with exactly-once
  semantics: no commit but `send_offsets_to_transaction`, with the consumer's positions and the
  group's metadata. By the latter the broker can fence a member that has lost its partitions
  (KIP-447), so one producer serves all partitions.
- "Configuration properties" of librdkafka: `partitioner=murmur2_random` puts a key where Java's
  clients and the services put it.
- `Consumer.consume`: many messages with one call. It waits until it has as many as it is asked
  for, but not longer than `WAIT_SECONDS`; they may be of any partition, so it asks for as many as
  the services would have in hand of all partitions.

    python -m benchmarks.confluent JOB
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaException, Producer

from benchmarks.job import Job, read_job, say_ready
from services.classifier.classify import answer_records
from services.classifier.model import Model, load
from services.messages.record import Headers

WAIT_SECONDS = 0.02


class Record(NamedTuple):
    """A message as the classifier's function reads it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def run(job: Job, model: Model) -> None:
    """Answer inquiries until killed."""
    consumer = Consumer(
        {
            "bootstrap.servers": job.servers,
            "group.id": job.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": job.servers,
            "transactional.id": job.group,
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions()
    consumer.subscribe([job.reads], on_assign=say_ready)
    most = job.batch_records * job.partitions
    while True:
        if messages := consumer.consume(most, timeout=WAIT_SECONDS):
            producer.begin_transaction()
            _answer(messages, producer, job.writes, model)
            positions = consumer.position(consumer.assignment())
            producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata())
            producer.commit_transaction()


def _answer(messages: Sequence[Any], producer: Any, topic: str, model: Model) -> None:  # noqa: ANN401 - confluent-kafka need not be there when types are checked
    records = list(map(_record, messages))
    now = datetime.now(UTC)
    for output in answer_records(records, model, topic=topic, rejected_topic=topic, now=now):
        producer.produce(output.topic, output.value, output.key, headers=output.headers)


def _record(message: Any) -> Record:  # noqa: ANN401 - likewise
    if message.error():
        raise KafkaException(message.error())
    return Record(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        timestamp=message.timestamp()[1],
        key=message.key(),
        value=message.value(),
        headers=message.headers() or (),
    )


if __name__ == "__main__":
    job = read_job()
    run(job, load(Path(job.model), threads=1))
