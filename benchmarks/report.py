"""The figures for people, as a table, and for programs, as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.effort import Effort
from benchmarks.figures import LEGEND, Figure
from benchmarks.latency import show as show_latency
from benchmarks.latency_line import SHOWN, Latency
from benchmarks.plots import PLOTS, write_plots
from benchmarks.shares import LEGEND as STAGE_LEGEND
from benchmarks.shares import Share

COLUMNS = ("", "length", "goal", "median", "lowest", "highest")
STAGE_COLUMNS = ("service", "stage", "length", "µs a record", "share")
LATENCY_COLUMNS = ("a second", "of capacity", *(f"{name}, ms" for name in SHOWN))


@dataclass(frozen=True)
class Report:
    """All that a run has found, and on what."""

    effort: Effort
    machine: Mapping[str, str]
    remarks: Sequence[str]
    figures: Sequence[Figure]
    shares: Sequence[Share]
    latency: Sequence[Latency]


def show(console: Console, report: Report) -> None:
    """Print the figures, what they mean, and what they were measured on."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for name, group in groupby(report.figures, lambda figure: figure.name):
        table.add_row(name, style="bold")
        for figure in group:
            table.add_row(*_row(figure))
        table.add_section()
    console.print(table)
    console.print(_stage_table(report.shares))
    if report.latency:
        show_latency(console, report.latency)
    for sentence in _sentences(report):
        console.print(sentence)


def _stage_table(shares: Sequence[Share]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="CPU time", title_justify="left")
    for number, column in enumerate(STAGE_COLUMNS):
        table.add_column(column, justify="right" if number > 1 else "left", no_wrap=True)
    for share in shares:
        table.add_row(*_stage(share))
    return table


def write(folder: Path, report: Report) -> None:
    """Write `bench.json`, `bench.md` and the plots that it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {
        "machine": report.machine,
        "effort": report.effort._asdict(),
        "remarks": report.remarks,
        "figures": [_as_json(figure) for figure in report.figures],
        "stages": [share._asdict() for share in report.shares],
        "latency": [asdict(each) for each in report.latency],
    }
    (folder / "bench.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    parts = [
        *markdown(("", *COLUMNS), [(each.name, *_row(each)) for each in report.figures]),
        *markdown(STAGE_COLUMNS, map(_stage, report.shares)),
        *markdown(LATENCY_COLUMNS, map(_latency, report.latency)),
        *_sentences(report),
        "",
        *map(_picture, PLOTS),
        "",
    ]
    (folder / "bench.md").write_text("\n".join(parts), encoding="utf-8")
    write_plots(folder, report.figures)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Write a table, or nothing where it has no row."""
    rows = list(rows)
    if not rows:
        return []
    lines = [columns, ["---"] * len(columns), *rows]
    return [*("| " + " | ".join(line) + " |" for line in lines), ""]


def _stage(share: Share) -> tuple[str, ...]:
    taken = f"{share.microseconds:.1f}"
    return share.service, share.stage, str(share.length), taken, f"{share.share:.0%}"


def _latency(each: Latency) -> tuple[str, ...]:
    share = f"{each.share:.0%}" if each.share else ""
    return f"{each.rate:,.0f}", share, *(f"{value:,.0f}" for value in each.milliseconds.values())


def _picture(plot: str) -> str:
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{plot}-dark.svg">'
        f'<img alt="{plot}" src="{plot}-light.svg"></picture>'
    )


def _row(figure: Figure) -> tuple[str, ...]:
    goal = figure.goal
    shown = [_number(each) for each in (figure.median, min(figure.values), max(figure.values))]
    asked = f"{'≤' if goal.at_most else '≥'} {goal.value:,g}" if goal else ""
    return (figure.unit, str(figure.length), asked, *shown)


def _as_json(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.name,
        "unit": figure.unit,
        "characters": figure.length,
        "goal": figure.goal._asdict() if figure.goal else None,
        "median": figure.median,
        "rounds": list(figure.values),
    }


def _number(value: float) -> str:
    """Write three digits at least, and all of those before the point."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3  # noqa: PLR2004
    return f"{value:,.{digits}f}"


def _sentences(report: Report) -> list[str]:
    described = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    return [*LEGEND, STAGE_LEGEND, *report.remarks, f"Measured on: {described}."]
