"""`triage lessons`: what people decided, with the texts that are still kept, as a file.

What was decided is read first, then each topic of inquiries once from beginning to end: looking up
single records would take longer where many are wanted, and those that are not are passed by.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import typer

from services.clock import utc_now
from services.errors import ConfigurationError, TriageError
from services.kafka.protocols import Clients
from services.kafka.topic_reader import read_topic
from services.messages.judgement import Source
from services.messages.lesson import Kind
from services.messages.record import Record
from services.messages.rejection import RejectedError
from services.operate.connected import connected
from services.operate.installation import Installation
from services.operate.lessons.join import NO_LESSON, NoLesson, Without, join
from services.operate.lessons.lines import KINDS, Lines
from services.operate.lessons.notes import Decisions, Window
from services.operate.lessons.writing import draft_beside, new_file

CLIENT = "inquiry-triage-lessons"
# So many of the records that cannot be read are named.
NAMED = 10


class Topics(NamedTuple):
    """Where notes lie, and where the inquiries do that were judged."""

    notes: str
    inquiries: Mapping[Source, str]


@dataclass
class Found:
    """What came of the notes: how many lessons of each kind, and how many without, by why."""

    kinds: Counter[Kind] = field(default_factory=Counter)
    audits_stand_for: float = 0.0
    without: Counter[NoLesson] = field(default_factory=Counter)
    notes_unreadable: int = 0
    unreadable: list[str] = field(default_factory=list)

    def name(self, record: Record, why: RejectedError) -> None:
        """Remember where a record lies that cannot be read, if it is one of the first."""
        if len(self.unreadable) < NAMED:
            place = f"{record.topic}/{record.partition}/{record.offset}"
            self.unreadable.append(f"{place} cannot be read: {why.reason}")


def write_lessons(since: datetime, until: datetime | None, out: Path) -> None:
    """Write the lessons of a time to a file, and say how many of each kind there are.

    Args:
        since: From when on they were decided; UTC where it has no offset.
        until: Before when, if that matters; likewise.
        out: A file that is not there yet.

    Raises:
        ConfigurationError: The times, the file, a setting or a topic are wrong.
        TriageError: Kafka refused, or there is nothing to learn from.
    """
    window = window_of(since, until, utc_now())
    with draft_beside(out) as draft:
        clients, installation = connected(CLIENT)
        lines = Lines(draft)
        found = asyncio.run(collect(clients, topics_of(installation), window, lines))
        if found.kinds:
            with new_file(out) as file:
                file.writelines(lines.in_order())
    for line in described(found):
        typer.echo(line)
    check_any(found, window)
    typer.echo(f"{found.kinds.total():8,}  lessons, written to {out}.")


def window_of(since: datetime, until: datetime | None, now: datetime) -> Window:
    """Return the time from which lessons are.

    Raises:
        ConfigurationError: There is nothing within.
    """
    window = Window(_utc(since), until and _utc(until))
    if window.since > now:
        raise ConfigurationError(
            f"--since {_told(window.since)} is in the future: give a time that has been, in UTC."
        )
    if window.until and window.until <= window.since:
        raise ConfigurationError(
            f"--until {_told(window.until)} is not later than --since {_told(window.since)}: give "
            "a later one, or leave it out."
        )
    return window


def topics_of(installation: Installation) -> Topics:
    """Return the topics that an installation's lessons are read from."""
    settler = installation.settler
    inquiries: Mapping[Source, str] = {
        "review": installation.table.review_topic,
        "audit": settler.audit_topic,
    }
    return Topics(settler.settled_topic, inquiries)


async def collect(clients: Clients, topics: Topics, window: Window, lines: Lines) -> Found:
    """Read what was decided, and then the inquiries, of which those that were decided make lines.

    Raises:
        ConfigurationError: A topic does not exist.
        TriageError: A topic cannot be read.
    """
    found, decisions = Found(), Decisions(window)
    async for record in read_topic(clients, topics.notes):
        if why := decisions.read(record):
            found.notes_unreadable += 1
            found.name(record, why)
    found.without["escalated"] = decisions.escalated
    found.without["gone"] = len(decisions)
    for source in decisions.sources:
        async for record in read_topic(clients, topics.inquiries[source]):
            joined = join(record, source, decisions)
            if joined is None:
                continue
            found.without["gone"] -= 1
            if not isinstance(joined, Without):
                lines.add(joined)
                continue
            found.without[joined.why] += 1
            if joined.detail:
                found.name(record, joined.detail)
    found.kinds, found.audits_stand_for = lines.kinds, lines.audits_stand_for
    found.without["decided-again"] = len(lines) - lines.kinds.total()
    return found


def described(found: Found) -> Iterator[str]:
    """Yield the lines that say what came of the notes."""
    yield from found.unreadable
    if found.notes_unreadable:
        yield f"{found.notes_unreadable:8,}  notes cannot be read."
    for why, meaning in NO_LESSON.items():
        if count := found.without[why]:
            yield f"{count:8,}  settled judgements {meaning}."
    for kind in KINDS:
        worth = f", which stand for {found.audits_stand_for:,.0f}" if kind == "audit" else ""
        yield f"{found.kinds[kind]:8,}  {kind}{worth}"


def check_any(found: Found, window: Window) -> None:
    """See that there is a lesson.

    Raises:
        TriageError: There is none.
    """
    if found.kinds:
        return
    if found.without["gone"]:
        raise TriageError(
            "Nothing that was decided has a text any more: keep inquiries.review and "
            "inquiries.audit longer (retention.ms), and fetch lessons before that is over."
        )
    until = f" and before {_told(window.until)}" if window.until else ""
    raise TriageError(
        f"Nothing to learn from was decided since {_told(window.since)}{until}: give another time, "
        "or see that judgements reach the settler."
    )


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _told(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00")
