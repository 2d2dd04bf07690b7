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


@asynccontextmanager
async def producing(
    servers: str, codec: str, transactional_id: str | None = None
) -> AsyncIterator[Any]:
    compression = None if codec == "none" else codec
    producer = AIOKafkaProducer(
        bootstrap_servers=servers,
        compression_type=compression,
        max_batch_size=1_000_000,
        transactional_id=transactional_id,
    )
    async with started(producer):
        yield producer


async def send(producer: Any, partition: TopicPartition, mark: str, raw: int | None = None) -> None:
    """Send a batch of six records; `raw` is the codec of one with a name that is not UTF-8."""
    batch = producer.create_batch()
    if raw is not None:  # aiokafka's other builder has such names from `RawName`
        batch._builder = _DefaultRecordBatchBuilderPy(2, raw, 0, -1, -1, 0, 1_000_000)  # noqa: SLF001
    for number in range(5):
        name = RawName("raw") if raw is not None and number == 3 else "ce_id"
        value = LARGE if number == 1 else f"{mark}/{number}".encode()
        headers = [(name, b"\xff"), ("null", None)]
        batch.append(timestamp=None, key=b"k", value=value, headers=headers)
    batch.append(timestamp=None, key=None, value=None, headers=[])
    await (await producer.send_batch(batch, partition.topic, partition=partition.partition))


async def test_both_read_the_same(kafka: EmbeddedKafka, prefix: str) -> None:
    """Records of no transaction, of one committed, aborted or still open, in every compression.

    The beginning was moved into a batch, and the end is where the open transaction begins.
    """
    partition, servers = TopicPartition(f"{prefix}messy", 0), kafka.bootstrap_servers
    clients = connect(KafkaSettings(bootstrap_servers=servers), "messy")
    async with an_admin(servers) as admin, producing(servers, "none") as plain:
        await admin.create_topics([NewTopic(partition.topic, 1, 1)])
        for codec, number in CODECS.items():
            async with (
                producing(servers, codec, f"{prefix}a") as one,
                producing(servers, codec, f"{prefix}b") as other,
                one.transaction(),
            ):
                await send(one, partition, f"{codec} committed")
                with suppress(GiveUpError):
                    async with other.transaction():
                        await send(other, partition, "aborted")
                        await send(plain, partition, f"{codec} raw", raw=number)
                        raise GiveUpError
                await send(one, partition, f"{codec} committed too")
        await admin.delete_records({partition: RecordsToDelete(before_offset=3)})
        async with producing(servers, "none", f"{prefix}open") as still:
            await still.begin_transaction()
            await send(still, partition, "open")
            await send(plain, partition, "behind")

            reader = clients.reader(partition.topic)
            await reader.start()
            await reader.seek_to_beginning(partition)
            ends = await reader.end_offsets([partition])
            theirs = [each async for each in read_to_end(reader, ends)]
            await reader.stop()

            whole = clients.partition_reader(partition)
            await whole.start()
            ours = [each async for records in whole.records(-1) for each in records]
            values = [each async for found in whole.values(-1) for each in found]
            await whole.stop()
            await still.abort_transaction()

    def all_of(record: Any) -> tuple[Any, ...]:
        place = (record.topic, record.partition, record.offset, record.timestamp)
        return (*place, record.key, record.value, tuple(record.headers))

    assert [all_of(each) for each in ours] == [all_of(each) for each in theirs]
    assert values == [(each.offset, each.value) for each in theirs]
    # Of each compression three batches of six count, but for the three records that were deleted.
    assert len(ours) == 3 * 6 * len(CODECS) - 3
    assert {name for each in ours for name, _ in each.headers} == {
        "ce_id",
        "\\xffnäme\\xe9",
        "null",
    }
