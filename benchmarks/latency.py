"""How long inquiries take from end to end, under loads that wait for no answer.

One classifier and one router. The clock of an inquiry starts when it is due and stops when a
`read_committed` consumer has it from its last topic; so the wait for a generator, broker or service
that cannot keep up is in it (see `services.local.load`).

    python -m benchmarks.latency --rate 1000 --seconds 20
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.latency_line import RATE, SHOWN, Latency, Line, running
from services.errors import TriageError
from services.local.kafka import EmbeddedKafka
from services.local.pipeline import plan_pipeline
from services.local.steps import OnStep
from services.local.temporary import temporary_folder
from services.local.terminal import steps_on, stopping_on_sigterm

SHARES = (0.1, 0.5, 0.8)
SECONDS = 20.0


def latency(
    line: Line, on_step: OnStep, *, capacity: float, seconds: float = SECONDS
) -> list[Latency]:
    """Measure at 1,000 inquiries a second, and at 10, 50 and 80 % of a capacity.

    Args:
        line: The pipeline, as `running` gives it.
        on_step: Told what is going on.
        capacity: What the pipeline answers at most, in inquiries a second.
        seconds: How long each load is.

    Raises:
        TriageError: Not every inquiry came back exactly once.
    """
    rates = [(RATE, None), *((capacity * share, share) for share in SHARES)]
    found = []
    for number, (rate, share) in enumerate(rates):
        on_step("Measuring latency", number, len(rates))
        found.append(replace(line.send(rate, seconds), share=share))
    return found


def show(console: Console, found: Sequence[Latency]) -> None:
    """Print what was found, in milliseconds, and the goals under what has them."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Latency, ms", title_justify="left")
    for column in ("a second", "capacity", "", *SHOWN, "sent late"):
        table.add_column(column, justify="right", no_wrap=True)
    for each in found:
        share = f"{each.share:.0%}" if each.share else ""
        times = [f"{value:,.1f}" for value in each.milliseconds.values()]
        late = f"{each.load.late.p99:,.1f}" if each.load.late else ""
        table.add_row(f"{each.rate:,.0f}", share, "bursts" * each.bursty, *times, late)
        if each.goals:
            goals = [f"≤ {each.goals[name]:g}" if name in each.goals else "" for name in SHOWN]
            table.add_row("goal", "", "", *goals, style="dim")
    console.print(table)
    console.print("From when it was due to its last topic; sent late is the generator's own p99.")


def main(
    rate: Annotated[float, typer.Option(help="Inquiries a second.")] = RATE,
    seconds: Annotated[float, typer.Option(help="How long they come.")] = SECONDS,
    bursty: Annotated[bool, typer.Option("--bursts", help="In bursts.")] = False,  # noqa: FBT002 - a command-line switch
    rounds: Annotated[int, typer.Option(help="How often.")] = 1,
) -> None:
    """Measure the latency of one classifier and one router, on a Kafka of their own."""
    console = Console()
    try:
        with ExitStack() as stack:
            stack.enter_context(stopping_on_sigterm())
            folder = stack.enter_context(temporary_folder("triage-latency-"))
            on_step = stack.enter_context(steps_on(console))
            kafka = stack.enter_context(EmbeddedKafka(folder / "kafka", on_step=on_step))
            on_step("Starting classifier and router")
            line = stack.enter_context(running(kafka.bootstrap_servers, plan_pipeline(), folder))
            on_step("Measuring latency")
            found = [
                line.send(rate, seconds, bursty=bursty, seed=number) for number in range(rounds)
            ]
        show(console, found)
    except TriageError as error:
        typer.echo(f"latency: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    typer.run(main)
