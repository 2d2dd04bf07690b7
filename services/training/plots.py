"""The report's plots, as SVG that takes its colours from the page."""

from collections.abc import Iterable, Sequence
from html import escape

from services.training.figures import Bin

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT, MARGIN = 460, 320, 46
CELL = 26
SHOWN = 0.1  # smaller shares would crowd the plot; pointing at a cell shows them


def curve_plot(points: Points, precision: float) -> str:
    """Plot precision over coverage, with a line at the precision that is asked for."""
    low = min(0.5, *(precision for _, precision in points))
    marks = [_line([(0, precision), (1, precision)], "goal", low), _line(points, "data", low)]
    return _frame(marks, "share of inquiries routed without a person", "share of them right", low)


def reliability_plot(bins: Sequence[Bin]) -> str:
    """Plot how often the first choice was right over how probable it was said to be."""
    points = [(b.sure, b.right) for b in bins]
    most = max(b.rows for b in bins)
    dots = [
        f'<circle class="dot" cx="{_x(b.sure):.1f}" cy="{_y(b.right, 0):.1f}" '
        f'r="{3 + 7 * (b.rows / most) ** 0.5:.1f}"><title>{b.rows:,} texts: said {b.sure:.1%}, '
        f"right {b.right:.1%}</title></circle>"
        for b in bins
    ]
    marks = [_line([(0, 0), (1, 1)], "goal", 0), _line(points, "data", 0), *dots]
    return _frame(marks, "probability of the first choice", "share that was right", 0)


def confusion_plot(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Plot where each department's texts went: a row for each, its cells shaded by their share."""
    left, top = 6.6 * max(map(len, labels)), 40
    size = CELL * len(labels)
    cells = [
        f'<g transform="translate({left + CELL * j:.0f} {top + CELL * i})">'
        f"{_cell(count, sum(row), labels[i], labels[j])}</g>"
        for i, row in enumerate(counts)
        for j, count in enumerate(row)
    ]
    names = [
        f'<text x="{left - 8:.0f}" y="{top + CELL * i + 17}" text-anchor="end">'
        f"{escape(label)}</text>"
        for i, label in enumerate(labels)
    ]
    numbers = [
        f'<text x="{left + CELL * (j + 0.5):.0f}" y="{top - 8}" text-anchor="middle">{j + 1}</text>'
        for j in range(len(labels))
    ]
    rows = [
        f'<text x="{left + size + 8:.0f}" y="{top + CELL * i + 17}">{i + 1}</text>'
        for i in range(len(labels))
    ]
    body = "".join([*cells, *names, *numbers, *rows])
    return _svg(left + size + 34, top + size + 8, body, "where each department's texts went")


def _cell(count: int, total: int, right: str, given: str) -> str:
    share = count / total if total else 0.0
    kind = "right" if right == given else "wrong"
    side = CELL - 2
    shade = "count strong" if share > 0.5 else "count"  # noqa: PLR2004 - dark enough for light text
    shown = f'<text class="{shade}" x="{side / 2}" y="16">{share:.0%}</text>'
    return (
        f"<title>{escape(right)} to {escape(given)}: {count:,} ({share:.0%})</title>"
        f'<rect class="{kind}" width="{side}" height="{side}" fill-opacity="{share:.2f}"/>'
        f'<rect class="cell" width="{side}" height="{side}"/>'
        f"{shown if share >= SHOWN else ''}"
    )


def _frame(marks: Iterable[str], across: str, up: str, low: float) -> str:
    ticks = []
    for step in range(6):
        share = step / 5
        value = low + (1 - low) * share
        ticks.append(
            f'<path class="grid" d="M{_x(0):.1f} {_y(value, low):.1f}H{_x(1):.1f}"/>'
            f'<text x="{MARGIN - 8}" y="{_y(value, low) + 4:.1f}" text-anchor="end">'
            f"{value:.0%}</text>"
            f'<text x="{_x(share):.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">'
            f"{share:.0%}</text>"
        )
    names = (
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" text-anchor="middle">{across}</text>'
        f'<text x="{MARGIN}" y="16">{up}</text>'
    )
    return _svg(WIDTH, HEIGHT, "".join([*ticks, *marks, names]), f"{up} over {across}")


def _line(points: Points, kind: str, low: float) -> str:
    path = " ".join(f"{_x(x):.1f},{_y(y, low):.1f}" for x, y in points)
    return f'<polyline class="{kind}" points="{path}"/>'


def _x(share: float) -> float:
    return MARGIN + share * (WIDTH - MARGIN - 16)


def _y(value: float, low: float) -> float:
    return HEIGHT - MARGIN - (value - low) / (1 - low) * (HEIGHT - MARGIN - 28)


def _svg(width: float, height: float, body: str, name: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(name)}">{body}</svg>'
    )
