"""`triage demo`: the whole pipeline on this machine, from an empty folder to a table of figures."""

import asyncio
import json
import logging
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from services.errors import ConfigurationError, TriageError
from services.local.kafka import EmbeddedKafka
from services.local.outcome import Outcome
from services.local.pipeline import Plan, create_pipeline_topics, plan_pipeline, start_services
from services.local.running import Running
from services.local.show import show_end, show_example, show_table
from services.local.steps import OnStep
from services.local.temporary import temporary_folder
from services.local.terminal import steps_on, stopping_on_sigterm
from services.local.traffic import send_through
from services.local.watch.picture import Address
from services.local.watch.run import watch
from services.local.watch.show import showing
from services.local.watch.steady import publish_steadily

EXAMPLES = Path(__file__).with_name("inquiries.jsonl")
PARTITIONS = 4
MAX_LINE = 1_000_000  # bytes; a Kafka topic takes little more unless it is told to
# Of a partition, in bytes: whoever forgets a demo that they watch finds room on their disk.
BOUNDED = {"log.segment.bytes": "8388608", "log.retention.bytes": "33554432"}


def run_demo(inquiries: Path | None, summary: Path | None, *, rate: float | None) -> None:
    """Run the demo, print what happened, and stop everything that it started.

    With a rate it goes on before it stops, until Ctrl-C: so many inquiries a second are published,
    and what becomes of them is shown live.

    Raises:
        ConfigurationError: The file of inquiries cannot be read, or a setting, the routing table
            or the model is wrong.
        TriageError: A step failed, or not every inquiry is accounted for.
    """
    lines = read_lines(inquiries or EXAMPLES)
    plan = plan_pipeline()
    console = Console()
    # Where the broker is gone, one sentence of ours says so; aiokafka would add a screenful.
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    with ExitStack() as stack:
        stack.enter_context(stopping_on_sigterm())
        folder = stack.enter_context(temporary_folder("triage-demo-"))
        with steps_on(console) as on_step:
            kafka = EmbeddedKafka(
                folder / "kafka", properties=BOUNDED if rate else {}, on_step=on_step
            )
            stack.enter_context(kafka)
            on_step("Starting classifier and router")
            running = stack.enter_context(_start(stack, plan, kafka, folder))
            outcome = _send(running, lines, on_step)
        _show(console, outcome, lines, summary)
        if not outcome.accounted:
            raise TriageError(
                "Not every inquiry came out exactly once: the table says which did, and the logs "
                f"in {folder} may say why."
            )
        if rate:
            with suppress(KeyboardInterrupt):
                _watch(console, running, lines, rate)
    show_end(console, watched=rate is not None)


def _start(stack: ExitStack, plan: Plan, kafka: EmbeddedKafka, folder: Path) -> Running:
    create_pipeline_topics(plan, kafka.bootstrap_servers, PARTITIONS)
    services = start_services(stack, plan, kafka.bootstrap_servers, folder)
    return Running(kafka, services, plan.topics)


def _send(running: Running, lines: list[bytes], on_step: OnStep) -> Outcome:
    def note(arrived: int) -> None:
        on_step("Sending inquiries through the pipeline", arrived, len(lines))
        running.check()

    note(0)
    with running.explaining():
        return asyncio.run(send_through(running.servers, running.topics, lines, note))


def _watch(console: Console, running: Running, lines: list[bytes], rate: float) -> None:
    def publish() -> Coroutine[None, None, None]:
        return publish_steadily(running.servers, running.topics.received, lines, rate)

    address = Address(running.servers, running.urls)
    with running.explaining(), showing(console, address) as show:
        asyncio.run(watch(running.services, publish, running.check, show))


def _show(console: Console, outcome: Outcome, lines: list[bytes], summary: Path | None) -> None:
    show_example(console, outcome, lines)
    show_table(console, outcome)
    if summary:
        try:
            summary.write_text(json.dumps(outcome.summary(), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(
                f"{summary} cannot be written ({error.strerror}): name a file that can."
            ) from None


def read_lines(path: Path) -> list[bytes]:
    """Read a file's lines, each the value of a record; blank lines are left out.

    Raises:
        ConfigurationError: The file cannot be read, has no line, or one that Kafka does not take.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): name a file of JSON Lines, one inquiry "
            "a line."
        ) from None
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE:
            raise ConfigurationError(
                f"Line {number} of {path} has {len(line):,} bytes, and Kafka takes "
                f"{MAX_LINE:,}: shorten it or leave it out."
            )
    filled = [line for line in lines if line.strip()]
    if not filled:
        raise ConfigurationError(f"{path} has no inquiries: write one a line, as JSON.")
    return filled
