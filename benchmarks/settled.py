"""How long the settler takes to work again with a million settled, the CPU and its memory for it.

It rebuilds what is settled from its notes, of which every tenth is of an audit copy. It works again
once it has answered a record on each partition: here none of judgement, which is a dead letter.

    python -m benchmarks.settled
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep, time

import psutil
import typer
from aiokafka import AIOKafkaProducer
from msgspec import json
from msgspec.structs import replace
from rich.console import Console

from benchmarks.contestants import PARTITIONS
from benchmarks.runs import peak_bytes
from benchmarks.testbed import Testbed, testbed
from services.local.live_view.scrape import read_scrape
from services.local.processes.pipeline import create_all_topics
from services.local.processes.service_process import ServiceProcess
from services.messages.cloudevents import context
from services.messages.decision import Model, Sample
from services.messages.events import SETTLED
from services.messages.judgement import Place, Settled, Suggested

NOTES = 1_000_000
TIMES = 3
DAYS = 28
OF_AUDIT = 10  # every so many
DEPARTMENT = "home-office"
BATCH_BYTES = 512 * 1024
BY = "/inquiry-triage/settler"
HEADERS = [("ce_id", b"inquiries.judged/0/1"), *context(SETTLED, BY, datetime.now(UTC))]
NOTE = Settled(
    record=Place(partition=0, offset=0, event_id=""),
    judgement="9f0c2e1a-4d0b-4f57-8a3e-6f1d2b7c8d90",
    verdict="counted",
    outcome="department",
    mode="blind",
    seconds=42.5,
    by="reviewer-17",
    at=datetime.now(UTC),
    settled_at=datetime.now(UTC),
    department=DEPARTMENT,
    model=Model("uk-departments", "28105cf8ce37"),
    suggested=Suggested(DEPARTMENT, 0.97),
    reason="confident",
)


def main(notes: int = NOTES) -> None:
    """Print how long each of some starts took, in all and on the CPU, and the peak of memory."""
    with testbed("settled", Console()) as bed:
        servers = bed.plan.kafka.bootstrap_servers
        create_all_topics(bed.plan, servers, PARTITIONS)
        asyncio.run(_settle(bed, notes))
        for _ in range(TIMES):
            process = ServiceProcess("settler", servers, bed.folder)
            asyncio.run(_ask(bed))
            typer.echo(f"{notes:,} settled: {_start(process)}")


def _start(process: ServiceProcess) -> str:
    began = monotonic()
    with process:
        process.wait_until_ready()
        while _rejected(process) < PARTITIONS:
            process.check()
            sleep(0.05)
        seconds, itself = monotonic() - began, psutil.Process(process.pid)
        cpu = sum(itself.cpu_times()[:2])
        return f"{seconds:.1f} s, {cpu:.1f} s on the CPU, {peak_bytes(itself) / 1e6:.0f} MB at most"


def _rejected(process: ServiceProcess) -> float:
    scraped = read_scrape(process.get("/metrics")[1], time())
    return scraped.total("triage_rejected_total")


async def _ask(bed: Testbed) -> None:
    """Put on each partition what is no judgement."""
    async with AIOKafkaProducer(bootstrap_servers=bed.plan.kafka.bootstrap_servers) as producer:
        for partition in range(PARTITIONS):
            await producer.send_and_wait(bed.plan.settler.input_topic, b"none", partition=partition)


async def _settle(bed: Testbed, notes: int) -> None:
    """Write the notes, as the settler does."""
    topic = bed.plan.settler.settled_topic
    async with AIOKafkaProducer(
        bootstrap_servers=bed.plan.kafka.bootstrap_servers, max_batch_size=BATCH_BYTES
    ) as producer:
        for partition in range(PARTITIONS):
            batch = producer.create_batch()
            for note in _notes(partition, notes // PARTITIONS):
                written = {"key": note.key.encode(), "value": json.encode(note), "headers": HEADERS}
                if not batch.append(**written, timestamp=None):
                    await producer.send_batch(batch, topic, partition=partition)
                    batch = producer.create_batch()
                    batch.append(**written, timestamp=None)
            await producer.send_batch(batch, topic, partition=partition)
        await producer.flush()


def _notes(partition: int, notes: int) -> Iterator[Settled]:
    now = datetime.now(UTC)
    for number in range(notes):
        audit = number % OF_AUDIT == 0
        event_id = f"inquiries.classified/{partition}/{number}"
        yield replace(
            NOTE,
            record=Place(
                topic="audit" if audit else "review",
                partition=partition,
                offset=number,
                event_id=event_id,
            ),
            settled_at=now - timedelta(days=number * DAYS / notes),
            sample=Sample(chance=0.02, band="middle") if audit else None,
        )


if __name__ == "__main__":
    typer.run(main)
