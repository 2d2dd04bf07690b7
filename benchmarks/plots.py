"""The figures as bars: SVG, for a light and for a dark background."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from benchmarks.effort import (
    CLASSIFIER,
    CONFLUENT,
    EXPORT,
    FASTSTREAM,
    FASTSTREAM_BARE,
    FASTSTREAM_BATCH,
    FASTSTREAM_WORKERS,
    MODEL,
    PASS_THROUGH,
    SKLEARN,
    TWO_CLASSIFIERS,
)
from benchmarks.figures import PER_CPU_SECOND, PER_SECOND, Figure

WIDTH, LEFT, RIGHT, TOP = 720, 190, 80, 34
BAR, GAP = 13, 12


class Theme(NamedTuple):
    """Colours for one background; a bar has one by the length of the inquiries."""

    ink: str
    dim: str
    paper: str
    bars: tuple[str, str]


# As on the evaluation's page, services/training/report.html.
THEMES = {
    "light": Theme("#1a1d21", "#626a73", "#fff", ("#1f5fbf", "#b3541e")),
    "dark": Theme("#e8eaed", "#9aa2ab", "#16181b", ("#7fb0ff", "#ff9d5c")),
}
SAME_JOB = (
    PASS_THROUGH,
    CLASSIFIER,
    TWO_CLASSIFIERS,
    CONFLUENT,
    FASTSTREAM_BATCH,
    FASTSTREAM_BARE,
    FASTSTREAM_WORKERS,
    FASTSTREAM,
)
# Which contestants a plot shows, by which figure, and under which title.
PLOTS = {
    "per-second": (SAME_JOB, PER_SECOND, "inquiries a second"),
    "per-cpu-second": (SAME_JOB, PER_CPU_SECOND, "inquiries a CPU-second"),
    "model-alone": ((MODEL, SKLEARN, EXPORT), PER_CPU_SECOND, "texts a CPU-second"),
}


def write_plots(folder: Path, figures: Sequence[Figure]) -> None:
    """Write each plot for each background, `PLOT-BACKGROUND.svg`."""
    for name, (contestants, unit, title) in PLOTS.items():
        shown = [
            figure
            for contestant in contestants
            for figure in figures
            if (figure.name, figure.unit) == (contestant, unit)
        ]
        for theme in THEMES:
            plot = bar_plot(shown, title, theme)
            (folder / f"{name}-{theme}.svg").write_text(plot + "\n", encoding="utf-8")


def bar_plot(figures: Sequence[Figure], title: str, theme: str) -> str:
    """Plot medians as bars, a line on each from the lowest to the highest round.

    Args:
        figures: Of one unit; those of one contestant next to each other.
        title: What is plotted.
        theme: One of `THEMES`.
    """
    most = max(max(figure.values) for figure in figures)
    lengths = list(dict.fromkeys(figure.length for figure in figures))
    body, y = [*_legend(lengths)], float(TOP)
    for name, group in groupby(figures, lambda figure: figure.name):
        bars = list(group)
        middle = y + BAR * len(bars) / 2 + 4
        body.append(f'<text class="name" x="{LEFT - 10}" y="{middle:.1f}">{escape(name)}</text>')
        for figure in bars:
            body.append(_bar(figure, y, most, lengths.index(figure.length)))
            y += BAR
        y += GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" role="img" '
        f'aria-label="{escape(title)}"><style>{_style(theme)}</style>'
        f'<rect class="paper" width="{WIDTH}" height="{y:.0f}"/>'
        f'<text class="title" x="10" y="20">{escape(title)}</text>{"".join(body)}</svg>'
    )


def _legend(lengths: Sequence[int]) -> Iterator[str]:
    for place, length in enumerate(lengths):
        x = LEFT + 130 * place
        yield f'<rect class="bar{place}" x="{x}" y="11" width="10" height="10"/>'
        yield f'<text x="{x + 16}" y="20">{length} characters</text>'


def _bar(figure: Figure, y: float, most: float, place: int) -> str:
    scale = (WIDTH - LEFT - RIGHT) / most
    low, high = (LEFT + scale * each for each in (min(figure.values), max(figure.values)))
    said = f"{figure.name}, {figure.length} characters: {figure.median:,.0f}"
    return (
        f'<rect class="bar{place}" x="{LEFT}" y="{y:.1f}" width="{scale * figure.median:.1f}" '
        f'height="{BAR - 2}"><title>{escape(said)}</title></rect>'
        f'<path class="range" d="M{low:.1f} {y + BAR / 2 - 1:.1f}H{high:.1f}"/>'
        f'<text x="{high + 6:.1f}" y="{y + BAR - 3:.1f}">{figure.median:,.0f}</text>'
    )


def _style(theme: str) -> str:
    ink, dim, paper, bars = THEMES[theme]
    return (
        f"text{{font:11px system-ui,sans-serif;fill:{dim}}}.title{{font-weight:600;fill:{ink}}}"
        f".name{{text-anchor:end;fill:{ink}}}.paper{{fill:{paper}}}.range{{stroke:{ink}}}"
        f".bar0{{fill:{bars[0]}}}.bar1{{fill:{bars[1]}}}"
    )
