import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from services.local.load.command import plan_load, way_of
from services.local.load.run import send_load
from services.stream.kafka import connect
from services.stream.settings import KafkaSettings
from tests.broker.at_rest import read_all
from tests.broker.pipeline import Pipeline

TRIAGE = str(Path(sys.executable).with_name("triage"))


async def load_on(
    pipeline: Pipeline, *arguments: str, **others: str
) -> tuple[int | None, str, str]:
    """Run `triage load` on a pipeline, and give its exit code and what it printed."""
    settings = pipeline.environment("classifier") | pipeline.environment("router")
    process = await asyncio.create_subprocess_exec(
        TRIAGE,
        "load",
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": pipeline.servers, **settings, **others},
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


async def test_a_load_comes_back_whole_and_keeps_its_schedule(pipeline: Pipeline) -> None:
    """Every inquiry comes back once, and was sent when it was due: never early, late as said."""
    await pipeline.started(pipeline.service("classifier"), pipeline.service("router"))
    load = plan_load(None, rate=60, seconds=4, bursty=True, seed=7)
    way = way_of(pipeline.classifier_settings, pipeline.router_settings)
    clients = connect(KafkaSettings(bootstrap_servers=pipeline.servers), "load")
    figures = await send_load(clients, way, load, time.monotonic, 60)
    assert (figures.inquiries, figures.lost, figures.doubled) == (len(load.due), 0, 0)
    assert figures.latency
    assert figures.late
    assert 0 < figures.latency.p50 <= figures.latency.p999 <= figures.latency.max
    records = await read_all(pipeline.servers, [way.first])
    sent = {load.tags.number(record): record.timestamp for record in records}
    assert sent.keys() == set(range(len(load.due)))
    late = [sent[number] - due * 1000 for number, due in enumerate(load.due)]
    # To the millisecond, in which Kafka counts.
    assert max(late) - min(late) <= figures.late.max + 2
    assert len({record.partition for record in records}) > 1


async def test_the_command_says_how_long_inquiries_take(pipeline: Pipeline) -> None:
    """`triage load` sends what it is given, prints its figures, and exits 0."""
    await pipeline.started(pipeline.service("classifier"), pipeline.service("router"))
    code, output, errors = await load_on(pipeline, "--rate", "30", "--seconds", "2")
    assert (code, errors) == (0, "")
    offered, _, came_back, latency = output.splitlines()
    assert offered.startswith("offered ")
    assert came_back.endswith("; lost 0, doubled 0")
    assert "p99.9" in latency


async def test_what_does_not_come_back_is_one_sentence(pipeline: Pipeline) -> None:
    """Where no service runs, the load says how many were lost and exits 1."""
    code, output, errors = await load_on(
        pipeline, "--rate", "20", "--seconds", "1", "--wait", "0.5"
    )
    assert code == 1
    assert "latency    unknown" in output
    [line] = errors.splitlines()
    assert line.startswith("triage: ")
    assert "had not come back" in line


async def test_a_topic_that_is_not_there_is_named(pipeline: Pipeline) -> None:
    """A first topic that does not exist ends the load before anything is sent, exit code 2."""
    code, output, errors = await load_on(pipeline, "--rate", "20", CLASSIFIER_INPUT_TOPIC="nowhere")
    assert (code, output) == (2, "")
    [line] = errors.splitlines()
    assert line.startswith("triage: ")
    assert "nowhere" in line
    assert "triage topics" in line
