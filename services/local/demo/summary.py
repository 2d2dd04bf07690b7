"""What the demo prints: one inquiry before and after, and what went where."""

import json

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from services.local.demo.outcome import LINE, Outcome
from services.local.examples import key_of
from services.local.live_view.snapshot import PATHS
from services.visible import visible


def show_example(console: Console, outcome: Outcome, lines: list[bytes]) -> None:
    """Show the first inquiry that went straight to a department: as sent, and as it arrived."""
    record = outcome.example
    if record is None:
        return
    headers = [
        (name, (value or b"").decode(errors="backslashreplace")) for name, value in record.headers
    ]
    sent = lines[int(dict(headers)[LINE]) - 1]
    before = _message(key_of(sent), [header for header in headers if header[0] == LINE], sent)
    after = _message(record.key, headers, record.value)
    console.print(Panel(before, title=f"published to {outcome.installation.received_topic}"))
    console.print(Panel(after, title=f"arrived on {record.topic}"))


def show_table(console: Console, outcome: Outcome) -> None:
    """Show how many inquiries went where, and how fast."""
    table = Table(title="What went where", title_justify="left")
    table.add_column("topic", no_wrap=True)
    table.add_column("inquiries", justify="right")
    departments = [
        topic for topic in outcome.installation.department_topics if outcome.by_topic[topic]
    ]
    for topic in sorted(departments, key=lambda topic: (-outcome.by_topic[topic], topic)):
        table.add_row(topic, str(outcome.by_topic[topic]))
    review = {reason: n for reason, n in outcome.reasons.items() if reason != "confident"}
    left = {
        outcome.installation.table.review_topic: review,
        outcome.installation.classifier.rejected_topic: outcome.rejected,
    }
    for topic, reasons in left.items():
        table.add_section()
        table.add_row(topic, str(outcome.by_topic[topic]))
        for reason, count in sorted(reasons.items()):
            table.add_row(f"  {reason}", str(count), style="dim")
    console.print(table)
    figures = outcome.summary()
    verdict = "each came out exactly once" if outcome.accounted else "NOT EACH CAME OUT ONCE"
    console.print(
        f"{figures['published']:,} inquiries published, {verdict}: {figures['seconds']:.1f} s, "
        f"{figures['per_second']:,.0f} a second."
    )


def show_end(console: Console, *, watched: bool) -> None:
    """Say that everything has stopped, and how to look at it while it runs."""
    console.print("Everything that was started has stopped.", style="dim")
    if not watched:
        console.print(
            f"While it ran each service served {', '.join(PATHS)}. To look at these, `make demo "
            "WATCH=1` or `triage demo --watch` goes on until Ctrl-C: it publishes a steady stream "
            "of inquiries and shows live what becomes of them.",
            style="dim",
        )


def _message(key: bytes | None, headers: list[tuple[str, str]], value: bytes) -> RenderableType:
    shown = Text()
    said = visible(key.decode(errors="backslashreplace")) if key else "(none)"
    shown.append(f"key      {said}\n")
    for name, text in headers:
        shown.append(f"header   {visible(name)}: {visible(text)}\n")
    body = visible(json.dumps(json.loads(value), indent=2, ensure_ascii=False), lines=True)
    return Group(shown, Syntax(body, "json", word_wrap=True, background_color="default"))
