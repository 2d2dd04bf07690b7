"""`make bench`: measures, prints the tables, and writes them to `build/bench`.

It measures and does not judge: a goal that is missed is seen in the table. But answers that were
lost, doubled or wrong end it, with exit code 1. What was measured is written after each round and
each load, so that a run that ends early is not lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.contestants import FULL, LENGTHS, SHORT, Name, Size
from benchmarks.cpu_profile import cpu_profile
from benchmarks.figures import PER_SECOND, Figure, figures_of
from benchmarks.inquiries import texts
from benchmarks.latency import Latency, measure_latency
from benchmarks.plots import write_plots
from benchmarks.report import RESULTS, Report, describe_machine, publish, write
from benchmarks.rounds import Bench
from benchmarks.runs import Round
from benchmarks.sklearn_baseline import Baseline
from benchmarks.testbed import Testbed, testbed

AGREEMENT_TEXTS = 1_000


def main(
    short: Annotated[bool, typer.Option(help="Fewer records, for a quick look.")] = False,  # noqa: FBT002 - a command-line switch
) -> None:
    """Measure speed and memory on a real Kafka, beside what the client library alone can do."""
    console, size = Console(), SHORT if short else FULL
    with testbed("bench", console) as bed:
        for report in _measure(bed, size):
            write("bench", report.parts(), asdict(report))
    publish(console, "bench", report.parts(), asdict(report))
    write_plots(RESULTS, report.figures)


def _measure(bed: Testbed, size: Size) -> Iterator[Report]:
    """Measure, and yield all that has been found after each part."""
    bed.on_step("Fitting the scikit-learn baseline")
    baseline = Baseline(bed.model, size.fitted, bed.folder)
    rounds, found = list[Round](), list[Latency]()
    report = Report(size, describe_machine(), _remark(baseline, bed), [])
    for each in Bench(bed, baseline, size).rounds():
        rounds.append(each)
        report = replace(report, figures=figures_of(rounds))
        yield report
    bed.on_step("Measuring each stage")
    profile = cpu_profile(report.figures, bed.model, bed.decider)
    report = replace(report, profile=profile, finished=not size.latency_seconds)
    yield report
    if seconds := size.latency_seconds:
        for latency in measure_latency(bed, _capacity(report.figures), seconds):
            found.append(latency)
            yield replace(report, latency=[*found])
        yield replace(report, latency=found, finished=True)


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
