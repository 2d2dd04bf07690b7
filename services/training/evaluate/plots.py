"""The report's plots, as SVG that takes its colours from the page."""

import io
import re
from collections.abc import Sequence

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from services.palette import LIGHT
from services.training.evaluate.figures import Bin

Points = Sequence[tuple[float, float]]

SHOWN = 0.1  # smaller shares would crowd the plot
STRONG = 0.5  # the share from which on a cell is dark enough for light text


def curve_plot(points: Points, precision: float) -> Markup:
    """Plot precision over coverage, with a line at the precision that is asked for."""
    figure, axes = _axes("share of inquiries routed without a person", "share of them right")
    axes.axhline(precision, color=LIGHT["goal"], linestyle="--")
    axes.plot(*zip(*points, strict=True), color=LIGHT["data"])
    axes.set(xlim=(0, 1), ylim=(min(0.5, *(right for _, right in points)), 1))
    return _svg(figure, "share of inquiries right over the share routed without a person")


def reliability_plot(bins: Sequence[Bin]) -> Markup:
    """Plot how often the first choice was right over how probable it was said to be."""
    figure, axes = _axes("probability of the first choice", "share that was right")
    axes.plot([0, 1], [0, 1], color=LIGHT["goal"], linestyle="--")
    confidence, right = [b.sure for b in bins], [b.right for b in bins]
    most = max(b.rows for b in bins)
    axes.plot(confidence, right, color=LIGHT["data"])
    sizes = [20 + 180 * b.rows / most for b in bins]
    axes.scatter(confidence, right, sizes, color=LIGHT["data"], alpha=0.5)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    return _svg(figure, "share right over the probability of the first choice")


def confusion_plot(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> Markup:
    """Plot where each department's texts went: a row for each, its cells shaded by their share."""
    size = len(labels)
    figure = Figure(figsize=(3.2 + 0.34 * size, 0.8 + 0.3 * size), layout="constrained")
    axes = figure.subplots()
    for row, given in enumerate(counts):
        for column, count in enumerate(given):
            share = count / sum(given) if sum(given) else 0.0
            colour = LIGHT["data" if row == column else "goal"]
            axes.add_patch(_cell(row, column, colour, share))
            if share >= SHOWN:
                ink = LIGHT["paper" if share > STRONG else "ink"]
                axes.text(column, row, f"{share:.0%}", color=ink, size=7, ha="center", va="center")
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
    axes.set_xticks(range(size), [str(number + 1) for number in range(size)])
    axes.set_yticks(range(size), [f"{name}  {n}" for n, name in enumerate(labels, start=1)])
    axes.xaxis.tick_top()
    _plain(axes)
    return _svg(figure, "where each department's texts went")


def _cell(row: int, column: int, colour: str, share: float) -> mpl.patches.Rectangle:
    return mpl.patches.Rectangle(
        (column - 0.46, row - 0.46), 0.92, 0.92, facecolor=(colour, share), edgecolor=LIGHT["line"]
    )


def _axes(across: str, up: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.4, 3.8), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(across, color=LIGHT["dim"])
    axes.set_ylabel(up, color=LIGHT["dim"])
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(color=LIGHT["line"])
    _plain(axes)
    return figure, axes


def _plain(axes: Axes) -> None:
    axes.tick_params(colors=LIGHT["dim"], length=0)
    axes.spines[:].set_visible(False)
    axes.set_axisbelow(True)


def _svg(figure: Figure, name: str) -> Markup:
    """Return a figure as an element of a page, its colours by the names of the palette."""
    text = io.StringIO()
    # Text stays text, and the same figure is the same SVG.
    unsaid = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(text, format="svg", transparent=True, metadata=unsaid)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{name}"', 1)
    # Within HTML no namespace is named.
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    for colour, value in LIGHT.items():
        svg = svg.replace(value, f"var(--{colour})")
    return Markup(svg)  # noqa: S704 - matplotlib has escaped the labels
