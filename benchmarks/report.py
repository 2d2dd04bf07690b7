"""The figures for people, as a table, and for programs, as JSON."""

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.effort import Effort
from benchmarks.figures import LEGEND, Figure
from benchmarks.plots import PLOTS, write_plots

COLUMNS = ("", "length", "goal", "median", "lowest", "highest")


def show(
    console: Console,
    figures: Sequence[Figure],
    machine: Mapping[str, str],
    remarks: Sequence[str] = (),
) -> None:
    """Print the figures, and remarks under them."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for name, group in groupby(figures, lambda figure: figure.name):
        table.add_row(name, style="bold")
        for figure in group:
            table.add_row(*_row(figure))
        table.add_section()
    console.print(table)
    for sentence in _sentences(machine, remarks):
        console.print(sentence)


def write(
    folder: Path,
    figures: Sequence[Figure],
    machine: Mapping[str, str],
    effort: Effort,
    remarks: Sequence[str] = (),
) -> None:
    """Write `bench.json`, `bench.md` and the plots that it shows."""
    folder.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": machine,
        "effort": effort._asdict(),
        "remarks": remarks,
        "figures": [_as_json(figure) for figure in figures],
    }
    (folder / "bench.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    rows = [("", *COLUMNS), ("---", "---", *["---:"] * (len(COLUMNS) - 1))]
    rows += [(figure.name, *_row(figure)) for figure in figures]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    text = "\n".join([*lines, "", *_sentences(machine, remarks), "", *map(_picture, PLOTS), ""])
    (folder / "bench.md").write_text(text, encoding="utf-8")
    write_plots(folder, figures)


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


def _sentences(machine: Mapping[str, str], remarks: Sequence[str]) -> list[str]:
    described = ", ".join(f"{name} {value}" for name, value in machine.items())
    return [*LEGEND, *remarks, f"Measured on: {described}."]
