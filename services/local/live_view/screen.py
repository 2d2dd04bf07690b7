"""The live view: a picture as a full screen, which takes the room that there is."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.bar import Bar
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.layout import Layout
from rich.table import Table
from rich.text import Text

from services.local.live_view.rates import Flow, ServiceFigures
from services.local.live_view.snapshot import PATHS, Address, Snapshot
from services.local.live_view.units import age, clock, share


def screen_of(picture: Snapshot, address: Address) -> Layout:
    """Show a picture and where to look for more; 24 lines of 80 characters hold the essentials."""
    screen = Layout()
    screen.split_column(
        Layout(_title(picture), size=2),
        Layout(_services(picture.services), size=len(picture.services) + 2),
        _flow(picture.flow) if picture.flow else Layout(""),
        Layout(_footer(address), size=len(address.urls) + 2),
    )
    return screen


def _flow(flow: Flow) -> Layout:
    reasons = Layout(ratio=2)
    decided = sum(flow.decided.values())
    review = {reason: rate for reason, rate in flow.review.items() if rate}
    reasons.split_column(
        Layout(_Ranking("to a person", review, flow.total), size=len(review) + 2),
        Layout(_Ranking("people decided", flow.decided, decided), size=len(flow.decided) + 2),
        Layout(_Ranking("rejected", flow.rejected, flow.total)),
    )
    departments = _Ranking("to departments", flow.departments, flow.total, bars=True)
    ends = Layout()
    ends.split_row(Layout(departments, ratio=3), reasons)
    return ends


@dataclass(frozen=True)
class _Ranking:
    """How many inquiries a second went where, the most first, in as many lines as there are."""

    title: str
    rates: Mapping[str, float]
    whole: float
    bars: bool = False

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table.grid(padding=(0, 2, 0, 0), pad_edge=True, expand=self.bars)
        table.add_column(no_wrap=True, ratio=2 if self.bars else None)
        if self.bars:
            table.add_column(ratio=1)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        total, top = sum(self.rates.values()), max(self.rates.values(), default=0)
        self._add(table, self.title, total, None, style="bold")
        ranked = sorted(self.rates.items(), key=lambda each: (-each[1], each[0]))
        lines = (options.height or len(ranked) + 1) - 1
        fitting = len(ranked) if len(ranked) <= lines else max(lines - 1, 0)
        for name, rate in ranked[:fitting]:
            bar = Bar(top, 0, rate, color="cyan") if rate else None
            self._add(table, name, rate, bar, style="" if rate else "dim")
        if rest := ranked[fitting:]:
            self._add(table, f"{len(rest)} more", sum(rate for _, rate in rest), None, style="dim")
        yield table

    def _add(
        self, table: Table, name: str, rate: float, bar: RenderableType | None, style: str = ""
    ) -> None:
        bars = [bar or ""] if self.bars else []
        table.add_row(name, *bars, f"{rate:,.1f}/s", share(rate, self.whole), style=style)


def _title(picture: Snapshot) -> Text:
    span = f"the last {picture.span_seconds:.0f} s"
    return Text.assemble(
        ("Inquiry triage", "bold"),
        f"  {clock(picture.watched_seconds)}  figures of {span}  ",
        ("Ctrl-C stops", "reverse"),
    )


def _services(services: Mapping[str, ServiceFigures | None]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True)
    table.add_column("service", no_wrap=True)
    for name in ("read/s", "written/s", "lag", "p50 age", "p95 age", "partitions", "state", "up"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, figures in services.items():
        table.add_row(name, *(_cells(figures) if figures else [Text("no answer", "bold red")]))
    return table


def _cells(figures: ServiceFigures) -> list[RenderableType]:
    return [
        f"{figures.read:,.0f}",
        f"{figures.written:,.0f}",
        f"{figures.lag:,}",
        age(figures.age_p50),
        age(figures.age_p95),
        str(figures.partitions),
        Text(figures.state, "green" if figures.state == "ready" else "bold red"),
        clock(figures.up_seconds),
    ]


def _footer(address: Address) -> Group:
    # A small terminal has no room for the last path, which says what the page before it shows.
    services = Table.grid(padding=(0, 2, 0, 0))
    for name, url in address.urls.items():
        paths = Text("  ").join(Text(path, f"link {url}{path}") for path in PATHS[:-1])
        services.add_row(name, Text(url, f"link {url}/metrics"), paths)
    kafka = Text(f"export KAFKA_BOOTSTRAP_SERVERS={address.servers}", "dim")
    return Group("", services, kafka)
