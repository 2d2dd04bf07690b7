"""Results for people, on the terminal and as Markdown, and for programs, as JSON."""

import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import cpu_profile
from benchmarks.contestants import Size
from benchmarks.figures import LEGEND, Figure
from benchmarks.latency import COLUMNS as LATENCY_COLUMNS
from benchmarks.latency import LEGEND as LATENCY_LEGEND
from benchmarks.latency import Latency, rows_of
from services.local.embedded_kafka.jars import pinned

RESULTS = Path("build", "bench")
WIDTH = 160  # of a line in a file
COLUMNS = ("", "length", "goal", "median", "lowest", "highest")
UNFINISHED = "This run was not finished: it has what was measured before it ended."
PACKAGES = (
    "aiokafka onnxruntime numpy msgspec uvloop faststream confluent-kafka scikit-learn skl2onnx"
)


@dataclass(frozen=True)
class Report:
    """What a run of a size has found so far, and on what."""

    size: Size
    machine: Mapping[str, str]
    remark: str
    figures: Sequence[Figure]
    profile: Sequence[cpu_profile.StageTime] = ()
    latency: Sequence[Latency] = ()
    finished: bool = False

    def parts(self) -> list[Table | str]:
        """Return it as tables and sentences."""
        described = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        parts: list[Table | str] = [] if self.finished else [UNFINISHED]
        parts += [table(COLUMNS, _figure_rows(self.figures)), *LEGEND, self.remark]
        if self.profile:
            stages = [stage.cells() for stage in self.profile]
            parts += [table(cpu_profile.COLUMNS, stages), cpu_profile.LEGEND]
        if self.latency:
            parts += [table(LATENCY_COLUMNS, rows_of(self.latency)), LATENCY_LEGEND]
        return [*parts, f"Measured on: {described}."]


def describe_machine() -> dict[str, str]:
    """Return cores, system and the versions that matter: no name of a host, a user or a folder."""
    versions = {}
    for package in PACKAGES.split():
        with suppress(PackageNotFoundError):  # those that the benchmark alone needs
            versions[package] = version(package)
    return {
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **versions,
        "Kafka": next(jar.version for jar in pinned() if jar.group == "org.apache.kafka"),
    }


def _figure_rows(figures: Sequence[Figure]) -> Iterator[Sequence[str]]:
    for name, group in groupby(figures, lambda figure: figure.name):
        yield (f"[bold]{name}",)
        for figure in group:
            shown = (figure.median, min(figure.rounds), max(figure.rounds))
            yield figure.unit, str(figure.characters), _asked(figure), *map(_number, shown)


def _asked(figure: Figure) -> str:
    """Return the goal, if there is one, and whether the median meets it."""
    if (goal := figure.goal) is None:
        return ""
    met = "✓" if goal.met_by(figure.median) else "✗"
    return f"{met} {'≤' if goal.at_most else '≥'} {goal.value:,g}"


def _number(value: float) -> str:
    """Write three digits at least, and all of those before the point."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3  # noqa: PLR2004
    return f"{value:,.{digits}f}"


def table(columns: Iterable[str], rows: Iterable[Sequence[str]]) -> Table:
    """Return a table that is one in Markdown too; all but its first column hold numbers."""
    made = Table(box=box.MARKDOWN)
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    return made


def publish(
    console: Console, name: str, parts: Sequence[Table | str], data: object, folder: Path = RESULTS
) -> None:
    """Print results, and write them to `NAME.md` and, as data, to `NAME.json`."""
    write(name, parts, data, folder)
    console.print(*parts, sep="\n")
    console.print(f"Written to {folder}.")


def write(name: str, parts: Sequence[Table | str], data: object, folder: Path = RESULTS) -> None:
    """Write results to `NAME.md` and, as data, to `NAME.json`, in place of what was there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.md").open("w", encoding="utf-8") as file:
        Console(file=file, width=WIDTH).print(*parts, sep="\n")
    (folder / f"{name}.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
