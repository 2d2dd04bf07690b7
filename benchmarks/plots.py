"""The figures as bars: SVG, for a light and for a dark background."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Plot

from benchmarks.contestants import LENGTHS, Name
from benchmarks.figures import PER_CPU_SECOND, PER_SECOND, TIMES, Figure
from services.palette import DARK, LIGHT

THEMES = {"light": LIGHT, "dark": DARK}
BARS = ("data", "goal")  # the colours, by the length of the inquiries
SAME_JOB = (Name.PASSTHROUGH, Name.CLASSIFIER, Name.TWO_CLASSIFIERS, *(u.against for u in TIMES))
# Which contestants a plot shows, by which figure, and under which title.
PLOTS = {
    "per-second": (SAME_JOB, PER_SECOND, "inquiries a second"),
    "per-cpu-second": (SAME_JOB, PER_CPU_SECOND, "inquiries a CPU-second"),
    "models": ((Name.MODEL, Name.SKLEARN, Name.EXPORT), PER_CPU_SECOND, "texts a CPU-second"),
}
HEIGHT = 0.4  # of a bar, where 1 is from contestant to contestant


def write_plots(folder: Path, figures: Sequence[Figure]) -> None:
    """Write each plot for each background, `PLOT-BACKGROUND.svg`."""
    for theme, colours in THEMES.items():
        for name, (contestants, unit, title) in PLOTS.items():
            bars = [e for e in figures if e.unit == unit.name and e.name in contestants]
            with mpl.rc_context(_style(colours)):
                plot = _bar_plot(bars, colours)
                plot.suptitle(title)
                plot.savefig(folder / f"{name}-{theme}.svg", facecolor=colours["paper"])


def _style(colours: dict[str, str]) -> Any:  # noqa: ANN401 - matplotlib lists all there could be
    coloured = ("text.color", "xtick.color", "ytick.color")
    return {"svg.fonttype": "none", **dict.fromkeys(coloured, colours["ink"])}


def _bar_plot(figures: Sequence[Figure], colours: dict[str, str]) -> Plot:
    """Plot medians as bars, a line on each from the lowest to the highest round."""
    names = list(dict.fromkeys(each.name for each in figures))
    plot = Plot(figsize=(8, 1 + len(names) / 2), layout="constrained")
    axes = plot.subplots()
    axes.set_facecolor(colours["paper"])
    for number, (length, colour) in enumerate(zip(LENGTHS, BARS, strict=True)):
        bars = [each for each in figures if each.characters == length]
        rows = [names.index(each.name) + HEIGHT * number for each in bars]
        medians = [each.median for each in bars]
        axes.barh(rows, medians, HEIGHT, color=colours[colour], label=f"{length} characters")
        for row, each in zip(rows, bars, strict=True):
            axes.plot((min(each.rounds), max(each.rounds)), (row, row), color=colours["ink"])
            axes.annotate(f" {each.median:,.0f}", (max(each.rounds), row), va="center")
    axes.set_yticks([row + HEIGHT / 2 for row in range(len(names))], names)
    axes.margins(x=0.12)  # for the numbers beside the bars
    axes.invert_yaxis()
    axes.legend(facecolor=colours["paper"])
    return plot
