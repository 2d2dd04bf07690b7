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

from benchmarks import cpu_profile, latency
from benchmarks.contestants import Size
from benchmarks.figures import LEGEND, Figure
from services.local.embedded_kafka.jars import pinned

RESULTS = Path("build", "bench")
WIDTH = 160  # of a line in a file
COLUMNS = ("", "length", "goal", "median", "lowest", "highest")
PACKAGES = (
    "aiokafka onnxruntime numpy msgspec uvloop faststream confluent-kafka scikit-learn skl2onnx"
)


@dataclass(frozen=True)
class Report:
    """What a run of a size has found, and on what."""

    size: Size
    machine: Mapping[str, str]
    remark: str
    figures: Sequence[Figure]
    profile: Sequence[cpu_profile.StageTime]
    latency: Sequence[latency.Latency]

    def parts(self) -> list[Table | str]:
        """Return it as tables and sentences."""
        described = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        stages = [stage.cells() for stage in self.profile]
        figures = table(COLUMNS, _figure_rows(self.figures))
        parts: list[Table | str] = [figures, *LEGEND, self.remark]
        parts += [table(cpu_profile.COLUMNS, stages), cpu_profile.LEGEND]
        if self.latency:
            parts += [table(latency.COLUMNS, latency.rows_of(self.latency)), latency.LEGEND]
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
            goal = figure.goal
            asked = f"{'≤' if goal.at_most else '≥'} {goal.value:,g}" if goal else ""
            shown = (figure.median, min(figure.rounds), max(figure.rounds))
            yield figure.unit, str(figure.characters), asked, *map(_number, shown)


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
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.md").open("w", encoding="utf-8") as file:
        for each in (console, Console(file=file, width=WIDTH)):
            each.print(*parts, sep="\n")
    (folder / f"{name}.json").write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    console.print(f"Written to {folder}.")
