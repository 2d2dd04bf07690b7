"""`make bench`: measures, prints the tables, and writes them to `build/bench`.

It measures and does not judge: a goal that is missed is seen in the table. But answers that were
lost, doubled or wrong end it, with exit code 1.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.contestants import FULL, LENGTHS, SHORT, Name, Size
from benchmarks.cpu_profile import cpu_profile
from benchmarks.figures import PER_SECOND, Figure, figures_of
from benchmarks.inquiries import texts
from benchmarks.latency import measure_latency
from benchmarks.plots import write_plots
from benchmarks.report import RESULTS, Report, describe_machine, publish
from benchmarks.rounds import Bench
from benchmarks.sklearn_baseline import Baseline
from benchmarks.testbed import Testbed, testbed

AGREEMENT_TEXTS = 1_000


def main(
    short: Annotated[bool, typer.Option(help="Fewer records, for a quick look.")] = False,  # noqa: FBT002 - a command-line switch
) -> None:
    """Measure speed and memory on a real Kafka, beside what the client library alone can do."""
    console = Console()
    with testbed("bench", console) as bed:
        report = _measure(bed, SHORT if short else FULL)
    publish(console, "bench", report.parts(), asdict(report))
    write_plots(RESULTS, report.figures)


def _measure(bed: Testbed, size: Size) -> Report:
    bed.on_step("Fitting the scikit-learn baseline")
    baseline = Baseline(bed.model, size.fitted, bed.folder)
    figures = figures_of(Bench(bed, baseline, size).rounds())
    bed.on_step("Measuring each stage")
    profile = cpu_profile(figures, bed.model, bed.decider)
    seconds = size.latency_seconds
    latency = measure_latency(bed, _capacity(figures), seconds) if seconds else []
    return Report(size, describe_machine(), _remark(baseline, bed), figures, profile, latency)


def _capacity(figures: Sequence[Figure]) -> float:
    """Return how many inquiries both services answer a second, one after the other."""
    rates = {(each.name, each.unit, each.characters): each.median for each in figures}
    services = (Name.CLASSIFIER, Name.ROUTER)
    return 1 / sum(1 / rates[name, PER_SECOND.name, LENGTHS[0]] for name in services)


def _remark(baseline: Baseline, bed: Testbed) -> str:
    shares = [baseline.agreement(bed.model, texts(each, AGREEMENT_TEXTS)) for each in LENGTHS]
    same = " and ".join(f"{s:.0%} of {n} characters" for s, n in zip(shares, LENGTHS, strict=True))
    return (
        f"The scikit-learn baseline has {baseline.terms:,} terms and chooses as our model does for "
        f"{same}, in {AGREEMENT_TEXTS:,} other excerpts each of the inquiries it was fitted to."
    )


if __name__ == "__main__":
    typer.run(main)
