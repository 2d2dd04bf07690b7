"""What it costs and gains to let transactions wait: the same loads with several ceilings.

The bare pair and services with each ceiling take turns, on one broker and in one run.

    python -m benchmarks.lingers --rate 100 --rate 1000 --most 10 --most 100
"""

from contextlib import ExitStack
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.latency import COLUMNS, LEGEND, measure, rows_of, start_pairs, warm_up
from benchmarks.report import publish, table
from benchmarks.testbed import testbed


def main(
    rate: Annotated[list[float], typer.Option(help="Inquiries a second; several, in turn.")],
    most: Annotated[list[int], typer.Option(help="*_LINGER_MS of both services; several.")],
    rounds: Annotated[int, typer.Option(help="How often all is measured.")] = 3,
    seconds: Annotated[float, typer.Option(help="How long each load is.")] = 10,
) -> None:
    """Measure latency and CPU time on a real Kafka."""
    console = Console()
    variants = {
        f"at most {each} ms": {"CLASSIFIER_LINGER_MS": str(each), "ROUTER_LINGER_MS": str(each)}
        for each in most
    }
    with testbed("lingers", console) as bed, ExitStack() as stack:
        pairs = start_pairs(stack, bed, variants)
        warm_up(bed, *pairs)
        bed.on_step("Measuring")
        loads = [(each, pair) for each in rate for _ in range(rounds) for pair in pairs]
        found = [measure(bed, pair, each, seconds) for each, pair in loads]
    publish(console, "lingers", [table(COLUMNS, rows_of(found)), LEGEND], [*map(asdict, found)])


if __name__ == "__main__":
    typer.run(main)
