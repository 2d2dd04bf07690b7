"""Our own reader of a whole partition reads what aiokafka's consumer does, whatever lies there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from services.kafka.clients import connect
from services.kafka.connected import an_admin, started
from services.kafka.settings import KafkaSettings
from services.kafka.topic_reader import read_to_end
from services.local.embedded_kafka.broker import EmbeddedKafka
from tests.unit.test_lenient_records import CODECS, RawName

# So large that the partition takes several answers.
LARGE = b"x" * 300_000


class GiveUpError(Exception):
    """Aborts a transaction."""


class Writer:
    """Writes batches of a partition, every other with a header's name that is not UTF-8."""

    def __init__(self, servers: str, partition: TopicPartition) -> None:
        self._servers, self._partition = servers, partition
        self._batches = 0

    @asynccontextmanager
    async def producer(self, transactional_id: str | None = None) -> AsyncIterator[Any]:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers, transactional_id=transactional_id
        )
        async with started(producer):
            yield producer

    async def send(self, producer: Any, codec: int, *, transactional: bool) -> None:
        batch = producer.create_batch()
        batch._builder = _DefaultRecordBatchBuilderPy(  # noqa: SLF001 - the other codes names itself
            2, codec, int(transactional), -1, -1, 0, 1_000_000
        )
        self._batches += 1
        for number in range(5):
            raw = number == 3 and self._batches % 2
            headers = [(RawName("raw") if raw else "ce_id", b"\xff"), ("null", None)]
            value = LARGE if number == 1 else b"%d/%d" % (self._batches, number)
            batch.append(timestamp=None, key=b"k", value=value, headers=headers)
        batch.append(timestamp=None, key=None, value=None, headers=[])
        await (await producer.send_batch(batch, self._partition.topic, partition=0))


async def test_both_read_the_same(kafka: EmbeddedKafka, prefix: str) -> None:
    """Records of no transaction, of one committed, aborted or still open, in every compression.

    The beginning was moved into a batch, and the end is where the open transaction begins.
    """
    partition = TopicPartition(f"{prefix}messy", 0)
    servers, writer = kafka.bootstrap_servers, Writer(kafka.bootstrap_servers, partition)
    clients = connect(KafkaSettings(bootstrap_servers=servers), "messy")
    async with an_admin(servers) as admin, writer.producer() as plain:
        await admin.create_topics([NewTopic(partition.topic, 1, 1)])
        async with writer.producer(f"{prefix}a") as one, writer.producer(f"{prefix}b") as other:
            for codec in CODECS.values():
                await writer.send(plain, codec, transactional=False)
                async with one.transaction():
                    await writer.send(one, codec, transactional=True)
                    with suppress(GiveUpError):
                        async with other.transaction():
                            await writer.send(other, codec, transactional=True)
                            await writer.send(plain, codec, transactional=False)
                            raise GiveUpError
                    await writer.send(one, codec, transactional=True)
            await admin.delete_records({partition: RecordsToDelete(before_offset=3)})
            await one.begin_transaction()
            await writer.send(one, 0, transactional=True)
            await writer.send(plain, 0, transactional=False)

            reader = clients.reader(partition.topic)
            await reader.start()
            await reader.seek_to_beginning(partition)
            ends = await reader.end_offsets([partition])
            theirs = [each async for each in read_to_end(reader, ends)]
            await reader.stop()

            whole = clients.partition_reader(partition)
            await whole.start()
            ours = [each async for records in whole.records() for each in records]
            values = [each async for found in whole.values() for each in found]
            await whole.stop()
            await one.abort_transaction()

    def all_of(record: Any) -> tuple[Any, ...]:
        place = (record.topic, record.partition, record.offset, record.timestamp)
        return (*place, record.key, record.value, tuple(record.headers))

    assert [all_of(each) for each in ours] == [all_of(each) for each in theirs]
    assert values == [(each.offset, each.value) for each in theirs]
    # Of each compression four batches of six count, but for the three records that were deleted.
    assert len(ours) == 4 * 6 * len(CODECS) - 3
    assert {name for each in ours for name, _ in each.headers} == {
        "ce_id",
        "\\xffnäme\\xe9",
        "null",
    }
