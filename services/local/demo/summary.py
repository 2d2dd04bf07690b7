"""What the demo prints: one inquiry before and after, and what went where."""

import json
from collections import Counter
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from services.local.demo.learnt import agreement_of, precision_of
from services.local.demo.outcome import LINE, Outcome
from services.local.examples import key_of
from services.local.live_view.snapshot import PATHS
from services.messages.judgement import Settled
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
    """Show how many inquiries went where, as router and people sent them, and how fast."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("What went where", no_wrap=True)
    table.add_column("router", justify="right")
    table.add_column("people", justify="right")
    installation, people = outcome.installation, outcome.back.by_topic

    def add(topic: str) -> None:
        counts = (outcome.by_topic[topic], people[topic])
        table.add_row(topic, *(str(count) if count else "" for count in counts))

    departments = {topic: outcome.by_topic[topic] for topic in installation.department_topics}
    for topic in sorted(departments, key=lambda topic: (-departments[topic], topic)):
        if departments[topic] or people[topic]:
            add(topic)
    add(installation.settler.not_ours_topic)
    review = {reason: n for reason, n in outcome.reasons.items() if reason != "confident"}
    left = {
        installation.table.review_topic: review,
        installation.classifier.rejected_topic: outcome.rejected,
    }
    for topic, reasons in left.items():
        table.add_row()
        add(topic)
        for reason, count in sorted(reasons.items()):
            table.add_row(f"  {reason}", str(count), style="dim")
    console.print(table)
    figures = outcome.summary()
    verdict = "each came out exactly once" if outcome.exact else "NOT EACH CAME OUT ONCE"
    console.print(
        f"\n{figures['published']:,} inquiries published, {verdict}: {figures['seconds']:.1f} s, "
        f"{figures['per_second']:,.0f} a second."
    )


def show_way_back(console: Console, outcome: Outcome, promised: float) -> None:
    """Say what people decided, that it was done once, and what it says of the model.

    Args:
        console: Where.
        outcome: What came out.
        promised: The precision that the model promises.
    """
    back, review = outcome.back, outcome.installation.table.review_topic
    if not back.desk.judged:
        console.print(
            f"{outcome.by_topic[review]:,} wait on {review}: nobody judged them"
            f"{'' if back.desk.truths else ', for want of truths (`--truths FILE`)'}."
        )
        return
    for line in _lines_of_way_back(outcome, promised):
        console.print(line, highlight=False)


def _lines_of_way_back(outcome: Outcome, promised: float) -> Iterator[str]:
    back, review = outcome.back, outcome.installation.table.review_topic
    verdicts, who = back.verdicts, back.desk.who
    by = Counter(each.outcome for each in back.notes if _decides(each))
    once = "each was done exactly once" if back.exact else "NOT EACH WAS DONE ONCE"
    yield (
        f"Of {outcome.by_topic[review]:,} on review {who} sent {by['department']:,} to a "
        f"department, found {by['not-ours']:,} not ours and handed on {by['escalate']:,}: {once}. "
        f"{verdicts['repeated']:,} double clicks and {verdicts['late']:,} second opinions came too "
        "late and did nothing."
    )
    agreed, decided = agreement_of(back.notes)
    yield f"The model's first choice was theirs in {agreed:,} of {decided:,} that they decided."
    if precision := precision_of(back.notes):
        corrected = sum(each.corrected for each in back.notes)
        truth = outcome.right / outcome.known if outcome.known else 0.0
        yield (
            f"Of what went by itself they judged {precision.judged:,} copies, drawn at random: by "
            f"these {precision.value:.3f} of it went right (95 %: {precision.low:.3f} to "
            f"{precision.high:.3f}), in truth {truth:.3f}, and the model promises {promised:.2f}. "
            f"{corrected:,} were sent on to where people say."
        )


def _decides(note: Settled) -> bool:
    return note.verdict == "counted" and note.record.topic == "review"


def show_end(console: Console, *, watched: bool) -> None:
    """Say that everything has stopped, and how to look at it while it runs."""
    console.print("Everything that was started has stopped.", style="dim")
    if not watched:
        console.print(
            f"While it ran each service served {', '.join(PATHS)}. To look at these, `make demo "
            "WATCH=1` or `triage demo --watch` goes on until Ctrl-C: it publishes a steady stream "
            "of inquiries and shows live what becomes of them. `make demo DESK=1` lets you decide.",
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
