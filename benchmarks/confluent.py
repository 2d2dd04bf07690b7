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
"""

from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer

from benchmarks.contestant_setup import BATCH_RECORDS, Setup, read_setup, say_ready
from benchmarks.contestants import PARTITIONS
from services.classifier.classify import classify_records
from services.clock import utc_now
from services.messages.record import Output
from services.model.text_model import Model, load_model
from services.offline.lines import Line

WAIT_SECONDS = 0.02


def run(setup: Setup, model: Model) -> None:
    """Answer inquiries until killed."""
    servers = {"bootstrap.servers": setup.servers}
    reading = {"auto.offset.reset": "earliest", "isolation.level": "read_committed"}
    consumer = Consumer(
        {**servers, **reading, "group.id": setup.group, "enable.auto.commit": False}
    )
    writing = {"transactional.id": setup.group, "partitioner": "murmur2_random"}
    producer = Producer({**servers, **writing})
    producer.init_transactions()
    consumer.subscribe([setup.reads], on_assign=say_ready)
    while True:
        if messages := consumer.consume(BATCH_RECORDS * PARTITIONS, timeout=WAIT_SECONDS):
            producer.begin_transaction()
            _answer(messages, producer, setup.writes, model)
            positions = consumer.position(consumer.assignment())
            producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata())
            producer.commit_transaction()


def _answer(messages: Any, producer: Any, topic: str, model: Model) -> None:  # noqa: ANN401 - its types are not there when ours are checked
    records = [_read(message) for message in messages]
    for each in classify_records(records, model, topic=topic, now=utc_now()):
        if isinstance(each, Output):
            producer.produce(each.topic, each.value, each.key, headers=each.headers)


def _read(message: Any) -> Line:  # noqa: ANN401 - likewise
    if message.error():
        raise KafkaException(message.error())
    return Line(
        offset=message.offset(),
        value=message.value(),
        topic=message.topic(),
        partition=message.partition(),
        timestamp=message.timestamp()[1],
        key=message.key(),
        headers=message.headers() or (),
    )


if __name__ == "__main__":
    setup = read_setup()
    run(setup, load_model(Path(setup.model), threads=1))
