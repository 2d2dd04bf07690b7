"""`make bench`: measures, prints the table, and writes it to `build/bench`.

It measures and does not judge: a goal that is missed is seen in the table. But answers that were
lost, doubled or wrong end it, with exit code 1.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from rich.console import Console

from benchmarks.contestants import Arena
from benchmarks.effort import CLASSIFIER, FULL, LENGTHS, ROUTER, SHORT, Effort
from benchmarks.figures import PER_SECOND, Figure, figures_of
from benchmarks.inquiries import texts
from benchmarks.latency import latency
from benchmarks.latency_line import Latency, Line, running
from benchmarks.machine import describe_machine
from benchmarks.report import Report, show, write
from benchmarks.rounds import Bench
from benchmarks.shares import shares_of
from benchmarks.stock_training import Trained, agreement, train_stock
from benchmarks.turn import TIDY
from services.classifier.model import Model, load
from services.errors import TriageError
from services.local.kafka import EmbeddedKafka
from services.local.pipeline import plan_pipeline
from services.local.steps import OnStep
from services.local.temporary import temporary_folder
from services.local.terminal import steps_on, stopping_on_sigterm
from services.router.app import create_decider

RESULTS = Path("build", "bench")
AGREEMENT_TEXTS = 1_000


def main(
    short: Annotated[bool, typer.Option(help="Fewer records, for a quick look.")] = False,  # noqa: FBT002 - a command-line switch
) -> None:
    """Measure speed and memory on a real Kafka, beside what the client library alone can do."""
    effort = SHORT if short else FULL
    console = Console()
    try:
        report = _measure(console, effort)
    except (TriageError, KafkaError) as error:
        typer.echo(f"bench: {error}", err=True)
        sys.exit(getattr(error, "exit_code", 1))
    show(console, report)
    write(RESULTS, report)
    console.print(f"Written to {RESULTS}.")


def _measure(console: Console, effort: Effort) -> Report:
    plan = plan_pipeline()
    with ExitStack() as stack:
        stack.enter_context(stopping_on_sigterm())
        folder = stack.enter_context(temporary_folder("triage-bench-"))
        on_step = stack.enter_context(steps_on(console))
        model = load(plan.classifier.model, threads=1)
        # Kafka starts on one core, so the other is free for it.
        with ThreadPoolExecutor(1) as beside:
            fit = beside.submit(train_stock, model, effort.fitted, folder)
            kafka = stack.enter_context(
                EmbeddedKafka(folder / "kafka", properties=TIDY, on_step=on_step)
            )
            on_step("Fitting the stock pipeline")
            stock = fit.result()
        servers, decider = kafka.bootstrap_servers, create_decider(plan.router)
        with ExitStack() as arena:
            on_step("Starting the contestants")
            contestants = Arena(arena, plan, servers, folder, stock.path).start()
            bench = Bench(servers, contestants, folder, model, stock, effort)
            figures = figures_of(bench.rounds(decider, on_step))
        on_step("Measuring each stage alone")
        line = running(servers, plan, folder)
        return Report(
            effort=effort,
            machine=describe_machine(),
            remarks=list(_remarks(stock, model)),
            figures=figures,
            shares=shares_of(figures, model, decider),
            latency=_latency(line, figures, effort, on_step),
        )


def _latency(
    line: AbstractContextManager[Line], figures: list[Figure], effort: Effort, on_step: OnStep
) -> list[Latency]:
    """Measure latency; the capacity of both services is what they do one after the other."""
    if not effort.latency_seconds:
        return []
    seconds = [
        1 / figure.median
        for figure in figures
        if (figure.unit, figure.length) == (PER_SECOND, LENGTHS[0])
        and figure.name in {CLASSIFIER, ROUTER}
    ]
    with line as ready:
        return latency(ready, on_step, capacity=1 / sum(seconds), seconds=effort.latency_seconds)


def _remarks(stock: Trained, model: Model) -> Iterator[str]:
    same = {
        length: agreement(stock.export, model, texts(length, AGREEMENT_TEXTS)) for length in LENGTHS
    }
    shares = " and ".join(f"{share:.0%} of {length} characters" for length, share in same.items())
    yield (
        f"The stock pipeline has {stock.terms:,} terms and chooses as our model does for {shares}, "
        f"in {AGREEMENT_TEXTS:,} other excerpts each of the inquiries that it was fitted to."
    )


if __name__ == "__main__":
    typer.run(main)
