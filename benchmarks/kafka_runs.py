"""One run of a contestant on Kafka: a backlog, the time and CPU time it took, and a check."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from benchmarks.processes import POLL_SECONDS, Contestant
from benchmarks.runs import Run, Stopwatch
from benchmarks.workloads import Results, Workload
from services.engine.batching import pack
from services.errors import TriageError
from services.kafka.connected import an_admin
from services.kafka.topic_reader import read_to_end

Ends = Mapping[TopicPartition, int]

BATCH_BYTES = 262_144
# For a process to have done with whatever the run before left it to do.
SETTLE_SECONDS = 0.3
STALLED_SECONDS, LATE_SECONDS = 60, 10


async def run_on_kafka(contestant: Contestant, workload: Workload, numbers: range) -> Run:
    """Publish records, and measure until all are answered.

    The clocks start right before the backlog can be read, when the process has long been ready,
    and stop when its group's offset is at the end: start-up is no part of it, nor is the broker.
    """
    async with an_admin(contestant.kafka.bootstrap_servers) as admin:
        async with backlog(contestant, workload, numbers) as ends:
            await asyncio.sleep(SETTLE_SECONDS)
            stopwatch = Stopwatch(*[process.pid for process in contestant.processes])
        await wait_until_answered(admin, contestant, ends)
        run = stopwatch.run(len(numbers))
        answers = Results(workload, numbers, contestant.kafka.topic_prefix)
        done = {**ends, **await _read_all(contestant, answers)}
        answers.check(contestant.name)
        # What was checked goes, so that a long run fits a small disk.
        await admin.delete_records({each: RecordsToDelete(end) for each, end in done.items()})
    return run


@asynccontextmanager
async def backlog(
    contestant: Contestant, workload: Workload, numbers: range
) -> AsyncIterator[Ends]:
    """Publish records in one transaction, which is committed at the end of the block.

    A `read_committed` consumer, which every contestant is, reads none of it before that and may
    read all of it after: so a process that has long been ready waits, idle, until it is let go.

    Yields:
        The offset after the last record of each partition.
    """
    topic, servers = contestant.settings.input_topic, contestant.kafka.bootstrap_servers
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, transactional_id="bench", max_batch_size=BATCH_BYTES
    )
    async with producer, producer.transaction():
        records = [workload.record(topic, number) for number in numbers]
        packed = pack(records, {topic: contestant.partitions}, 0, producer.create_batch)
        sent = [await producer.send_batch(p.batch, topic, partition=p.partition) for p in packed]
        yield {
            TopicPartition(topic, each.partition): last.offset + each.batch.record_count()
            for each, last in zip(packed, await asyncio.gather(*sent), strict=True)
        }


async def wait_until_answered(
    admin: AIOKafkaAdminClient, contestant: Contestant, ends: Ends
) -> None:
    """Wait until the group's offset stands at the end of each partition.

    A group's offset is committed by the transaction that holds the outputs, so that is when a
    `read_committed` consumer may have the last of them. To ask for it costs the broker next to
    nothing, where a consumer of all outputs would take its share of the cores.
    """
    offsets: Ends = {}
    moved = monotonic()
    while any(offsets.get(partition, 0) < end for partition, end in ends.items()):
        await asyncio.sleep(POLL_SECONDS)
        for process in contestant.processes:
            process.check()
        committed = await admin.list_consumer_group_offsets(contestant.settings.group_id)
        before, offsets = offsets, {each: committed[each].offset for each in committed}
        if offsets != before:
            moved = monotonic()
        elif monotonic() - moved > STALLED_SECONDS:
            log = contestant.processes[0].log
            raise TriageError(f"{contestant.name} answers nothing any more: see its log {log}.")


async def _read_all(contestant: Contestant, answers: Results) -> Ends:
    """Note every committed answer, and return up to where each partition was read.

    A consumer group's offset may be seen a moment before the outputs of the same transaction are:
    records that are missing are waited for, ten seconds at most.
    """
    ends: Ends = {}
    deadline = monotonic() + LATE_SECONDS
    async with AIOKafkaConsumer(
        *contestant.writes,
        bootstrap_servers=contestant.kafka.bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    ) as consumer:
        while not ends or (answers.account.lost and monotonic() < deadline):
            for partition, end in ends.items():  # nothing beyond it was noted
                consumer.seek(partition, end)
            ends = await consumer.end_offsets(consumer.assignment())
            async for record in read_to_end(consumer, ends):
                answers.note(record)
    return ends
