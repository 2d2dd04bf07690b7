"""How long it takes from a judgement that Kafka has to the record on the department's topic.

Inquiries wait on review; people judge them at a steady rate, each when it is due, whatever became
of the ones before; a consumer with `read_committed` waits for what the settler sends on.

    python -m benchmarks.judged
"""

import asyncio
from datetime import UTC, datetime
from time import monotonic

import typer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from msgspec import json
from rich.console import Console

from benchmarks.contestants import PARTITIONS
from benchmarks.testbed import Testbed, testbed
from benchmarks.waiting import let_wait
from services.local.load.latency import quantiles_of
from services.local.processes.pipeline import create_all_topics
from services.local.processes.service_process import ServiceProcess
from services.messages.codec import write_judgement
from services.messages.judgement import Judgement, Place

DEPARTMENT = "home-office"
BY = "/inquiry-triage/benchmark"
WARM_UP_SECONDS = 5


def main(rate: int = 100, seconds: int = 60) -> None:
    """Print quantiles of the seconds, without those of the first few judgements."""
    with testbed("judged", Console()) as bed:
        servers = bed.plan.kafka.bootstrap_servers
        create_all_topics(bed.plan, servers, PARTITIONS)
        count = rate * (WARM_UP_SECONDS + seconds)
        with ServiceProcess("settler", servers, bed.folder) as settler:
            settler.wait_until_ready()
            sent, arrived = asyncio.run(_judge(bed, rate, count))
            settler.check()
    warm = rate * WARM_UP_SECONDS
    took = [arrived[number] - sent[number] for number in range(warm, count)]
    if found := quantiles_of(took):
        typer.echo(
            f"{len(took):,} judgements at {rate} a second: p50 {found.p50:.0f} ms, "
            f"p95 {found.p95:.0f}, p99 {found.p99:.0f}, longest {found.max:.0f}"
        )


async def _judge(bed: Testbed, rate: int, count: int) -> tuple[dict[int, float], dict[int, float]]:
    """Judge so many, and return when each was acknowledged and when it had arrived."""
    plan = bed.plan
    servers = plan.kafka.bootstrap_servers
    sent, arrived = dict[int, float](), dict[int, float]()
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all")
    department = AIOKafkaConsumer(
        plan.table.departments[DEPARTMENT].topic,
        bootstrap_servers=servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    places = await let_wait(servers, plan.table.review_topic, count, PARTITIONS)
    async with producer, department:
        reading = asyncio.create_task(_read(department, arrived, count))
        began = monotonic()
        judging = []
        for number, place in enumerate(places):
            await asyncio.sleep(max(began + number / rate - monotonic(), 0))
            judging.append(
                asyncio.create_task(_send(producer, plan.settler.input_topic, number, place, sent))
            )
        await asyncio.gather(*judging)
        await reading
    return sent, arrived


async def _send(
    producer: AIOKafkaProducer, topic: str, number: int, place: Place, sent: dict[int, float]
) -> None:
    judgement = Judgement(
        id=f"judgement-{number}",
        record=place,
        outcome="department",
        department=DEPARTMENT,
        mode="blind",
        seconds=7,
        by="person-1",
        at=datetime.now(UTC),
    )
    output = write_judgement(judgement, topic=topic, by=BY)
    await producer.send_and_wait(
        output.topic, output.value, output.key, output.partition, headers=output.headers
    )
    sent[number] = monotonic()


async def _read(department: AIOKafkaConsumer, arrived: dict[int, float], count: int) -> None:
    """Note when each record of a department came, until all have."""
    while len(arrived) < count:
        for records in (await department.getmany(timeout_ms=100)).values():
            for record in records:
                number = int(json.decode(record.value)["inquiry"]["id"])
                arrived.setdefault(number, monotonic())


if __name__ == "__main__":
    typer.run(main)
