import time

from services.kafka.clients import connect
from services.local.load.command import plan_load
from services.local.load.send import send_load
from tests.broker.at_rest import read_all
from tests.broker.command import triage
from tests.broker.pipeline import Pipeline
from tests.warm import Ended


async def load_on(pipeline: Pipeline, *arguments: str, **others: str) -> Ended:
    """Run `triage load` on a pipeline."""
    return await triage("load", *arguments, settings=pipeline.environment | others)


async def test_a_load_comes_back_whole_and_keeps_its_schedule(pipeline: Pipeline) -> None:
    """Every inquiry comes back once, and is sent no earlier than due and no less late than said."""
    await pipeline.started(pipeline.service("classifier"), pipeline.service("router"))
    load = plan_load(None, rate=60, seconds=4, bursty=True, seed=7)
    clients = connect(pipeline.installation.kafka, "load")
    before = time.time() * 1000
    figures = await send_load(clients, pipeline.installation, load, time.monotonic, 60)
    assert (figures.inquiries, figures.lost, figures.doubled) == (len(load.due), 0, 0)
    assert figures.latency
    assert figures.late
    assert 0 < figures.latency.p50 <= figures.latency.p999 <= figures.latency.max
    records = await read_all(pipeline.servers, [pipeline.installation.received_topic])
    sent = {load.tags.number(record): record.timestamp for record in records}
    assert sent.keys() == set(range(len(load.due)))
    late = [sent[number] - due * 1000 - before for number, due in enumerate(load.due)]
    # To the millisecond, in which Kafka counts. How much later a record is queued than it was
    # taken up is the machine's: with a clock of their own the unit tests are exact.
    assert min(late) > -1
    assert max(late) > figures.late.max - 1
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
