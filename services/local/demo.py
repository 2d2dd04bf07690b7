"""`triage demo`: the whole pipeline on this machine, from an empty folder to a table of figures."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from aiokafka.errors import KafkaError
from rich.console import Console

from services.errors import ConfigurationError, TriageError
from services.local.kafka import EmbeddedKafka
from services.local.outcome import Outcome
from services.local.pipeline import Plan, create_pipeline_topics, plan_pipeline, start_services
from services.local.service_process import ServiceProcess
from services.local.show import show_example, show_table
from services.local.steps import OnStep
from services.local.temporary import temporary_folder
from services.local.terminal import steps_on, stopping_on_sigterm
from services.local.traffic import send_through

EXAMPLES = Path(__file__).with_name("inquiries.jsonl")
PARTITIONS = 4
MAX_LINE = 1_000_000  # bytes; a Kafka topic takes little more unless it is told to


def run_demo(inquiries: Path | None, summary: Path | None, *, keep: bool) -> None:
    """Run the demo, print what happened, and stop everything that it started.

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
            kafka = stack.enter_context(EmbeddedKafka(folder / "kafka", on_step=on_step))
            on_step("Starting classifier and router")
            create_pipeline_topics(plan, kafka.bootstrap_servers, PARTITIONS)
            services = start_services(stack, plan, kafka.bootstrap_servers, folder)
            outcome = _send(plan, kafka, services, lines, on_step)
        _show(console, outcome, lines, summary)
        if not outcome.accounted:
            raise TriageError(
                "Not every inquiry came out exactly once: the table says which did, and the logs "
                f"in {folder} may say why."
            )
        if keep:
            _keep(console, kafka, services)


def run_broker(folder: Path | None) -> None:
    """Run a Kafka of one node until Ctrl-C.

    Raises:
        TriageError: It cannot be started, or ended by itself.
    """
    console = Console()
    with ExitStack() as stack:
        stack.enter_context(stopping_on_sigterm())
        data = folder or stack.enter_context(temporary_folder("triage-broker-"))
        with suppress(KeyboardInterrupt):
            with steps_on(console) as on_step:
                kafka = stack.enter_context(EmbeddedKafka(data, on_step=on_step))
            console.print(f"export KAFKA_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}")
            console.print("Kafka runs until Ctrl-C.", style="dim")
            _watch(kafka.check)


def _send(
    plan: Plan,
    kafka: EmbeddedKafka,
    services: list[ServiceProcess],
    lines: list[bytes],
    on_step: OnStep,
) -> Outcome:
    def note(arrived: int) -> None:
        on_step("Sending inquiries through the pipeline", arrived, len(lines))
        kafka.check()
        for service in services:
            service.check()

    note(0)
    try:
        return asyncio.run(send_through(kafka.bootstrap_servers, plan.topics, lines, note))
    except KafkaError as error:
        kafka.check()  # where it has ended, that says more than what failed because of it
        raise TriageError(
            f"Kafka answers no more ({type(error).__name__}): see its log {kafka.log}."
        ) from None


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


def _keep(console: Console, kafka: EmbeddedKafka, services: list[ServiceProcess]) -> None:
    console.print(f"export KAFKA_BOOTSTRAP_SERVERS={kafka.bootstrap_servers}", soft_wrap=True)
    for service in services:
        paths = "/metrics  /livez  /readyz  /asyncapi.json"
        console.print(f"{service.name}: {service.url}{paths}", soft_wrap=True)
    console.print("Everything runs until Ctrl-C.", style="dim")
    with suppress(KeyboardInterrupt):
        _watch(kafka.check, *(service.check for service in services))


def _watch(*checks: Callable[[], None]) -> None:
    while True:
        for check in checks:
            check()
        time.sleep(1)


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
