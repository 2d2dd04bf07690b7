"""What it costs and gains to let transactions wait: the same loads with several lingers.

The bare pair, services as they are, and services with each fixed linger take turns, on one broker
and in one run.

    python -m benchmarks.lingers --rate 100 --rate 1000 --fixed 10
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.latency import COLUMNS, LEGEND, SERVICES, measure, rows_of, start_pairs, warm_up
from benchmarks.report import publish, table
from benchmarks.testbed import testbed


def main(
    rate: Annotated[list[float], typer.Option(help="Inquiries a second; several, in turn.")],
    fixed: Annotated[list[int], typer.Option(help="*_LINGER_MS of both services; several.")],
    rounds: Annotated[int, typer.Option(help="How often all is measured.")] = 3,
    seconds: Annotated[float, typer.Option(help="How long each load is.")] = 10,
) -> None:
    """Measure latency and CPU time on a real Kafka."""
    console = Console()
    variants: dict[str, Mapping[str, str]] = {SERVICES: {}}
    for each in fixed:
        linger = dict.fromkeys(("CLASSIFIER_LINGER_MS", "ROUTER_LINGER_MS"), str(each))
        variants[f"every {each} ms"] = linger
    with testbed("lingers", console) as bed, ExitStack() as stack:
        pairs = start_pairs(stack, bed, variants)
        warm_up(bed, *pairs)
        bed.on_step("Measuring")
        loads = [(speed, pair) for speed in rate for _ in range(rounds) for pair in pairs]
        found = [measure(bed, pair, speed, seconds) for speed, pair in loads]
    publish(console, "lingers", [table(COLUMNS, rows_of(found)), LEGEND], [*map(asdict, found)])


if __name__ == "__main__":
    typer.run(main)
