"""`make bench`: measures, prints the table, and writes it to `build/bench`.

It measures and does not judge: a goal that is missed is seen in the table. But answers that were
lost, doubled or wrong end it, with exit code 1.
"""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from rich.console import Console

from benchmarks.contestants import start_contestants
from benchmarks.effort import FULL, SHORT, Effort
from benchmarks.figures import figures_of
from benchmarks.machine import describe_machine
from benchmarks.report import show, write
from benchmarks.rounds import Bench, Round
from services.classifier.model import load
from services.errors import TriageError
from services.local.kafka import EmbeddedKafka
from services.local.pipeline import plan_pipeline
from services.local.temporary import temporary_folder
from services.local.terminal import steps_on, stopping_on_sigterm
from services.router.app import create_decider

RESULTS = Path("build", "bench")
# Records that a turn has deleted leave the disk while the next turns are taken.
TIDY = {
    "log.segment.bytes": str(64 * 1024 * 1024),
    "log.retention.check.interval.ms": "5000",
    "log.segment.delete.delay.ms": "1000",
}


def main(
    short: Annotated[bool, typer.Option(help="Fewer records, for a quick look.")] = False,  # noqa: FBT002 - a command-line switch
) -> None:
    """Measure speed and memory on a real Kafka, beside what the client library alone can do."""
    effort = SHORT if short else FULL
    console = Console()
    try:
        figures = figures_of(_measure(console, effort))
    except (TriageError, KafkaError) as error:
        typer.echo(f"bench: {error}", err=True)
        sys.exit(getattr(error, "exit_code", 1))
    machine = describe_machine()
    show(console, figures, machine)
    write(RESULTS, figures, machine, effort)
    console.print(f"Written to {RESULTS}.")


def _measure(console: Console, effort: Effort) -> list[Round]:
    plan = plan_pipeline()
    with ExitStack() as stack:
        stack.enter_context(stopping_on_sigterm())
        folder = stack.enter_context(temporary_folder("triage-bench-"))
        on_step = stack.enter_context(steps_on(console))
        kafka = stack.enter_context(
            EmbeddedKafka(folder / "kafka", properties=TIDY, on_step=on_step)
        )
        on_step("Starting pass-through, classifier and router")
        servers = kafka.bootstrap_servers
        contestants = start_contestants(stack, plan, servers, folder)
        model = load(plan.classifier.model, threads=1)
        bench = Bench(servers, contestants, folder, model, effort)
        return bench.rounds(create_decider(plan.router), on_step)


if __name__ == "__main__":
    typer.run(main)
