"""`triage demo`: the whole pipeline on this machine, from an empty folder to a table of figures."""

import asyncio
import json
import logging
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from services.errors import ConfigurationError, TriageError
from services.local.console.steps import OnStep
from services.local.console.temporary_folder import temporary_folder
from services.local.console.terminal import steps_on, stopping_on_sigterm
from services.local.demo.outcome import Outcome
from services.local.demo.send import send_through
from services.local.demo.summary import show_end, show_example, show_table
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.examples import EXAMPLES, numbered_lines
from services.local.live_view.display import showing
from services.local.live_view.run import watch
from services.local.live_view.snapshot import Address
from services.local.live_view.steady_load import publish_steadily
from services.local.processes.pipeline import create_all_topics, plan_installation, start_services
from services.local.processes.running_pipeline import RunningPipeline
from services.local.unreadable import unreadable
from services.operate.installation import Installation

PARTITIONS = 4
# Of a partition, in bytes: whoever forgets a demo that they watch finds room on their disk.
BOUNDED = {"log.segment.bytes": "8388608", "log.retention.bytes": "33554432"}


def run_demo(inquiries: Path | None, summary: Path | None, *, rate: float | None) -> None:
    """Run the demo, print what happened, and stop everything that it started.

    With a rate it goes on before it stops, until Ctrl-C: so many inquiries a second are published,
    and what becomes of them is shown live.

    Raises:
        ConfigurationError: The file of inquiries cannot be read, or a setting, the routing table
            or the model is wrong.
        TriageError: A step failed, a circuit breaker opened, or not every inquiry is accounted for.
    """
    numbered = numbered_lines(inquiries or EXAMPLES)
    lines = [line for _, line in numbered]
    installation = plan_installation()
    console = Console()
    for line in unreadable(numbered):
        console.print(line, style="dim", markup=False, highlight=False)
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
            running = stack.enter_context(_start(stack, installation, kafka, folder))
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


def _start(
    stack: ExitStack, installation: Installation, kafka: EmbeddedKafka, folder: Path
) -> RunningPipeline:
    create_all_topics(installation, kafka.bootstrap_servers, PARTITIONS)
    services = start_services(stack, installation, kafka.bootstrap_servers, folder)
    return RunningPipeline(kafka, services, installation)


def _send(running: RunningPipeline, lines: list[bytes], on_step: OnStep) -> Outcome:
    def note(arrived: int) -> None:
        on_step("Sending inquiries through the pipeline", arrived, len(lines))
        running.check()
        running.check_reading()

    with running.explaining():
        return asyncio.run(send_through(running.servers, running.installation, lines, note))


def _watch(console: Console, running: RunningPipeline, lines: list[bytes], rate: float) -> None:
    def publish() -> Coroutine[None, None, None]:
        return publish_steadily(running.servers, running.installation.received_topic, lines, rate)

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
