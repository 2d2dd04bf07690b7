"""`triage rejected list`, `show` and `replay`: what they print."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import typer

from services.clock import utc_now
from services.errors import ConfigurationError, TriageError
from services.messages.dead_letter import DeadLetter
from services.messages.rejection import MEANING
from services.operate.connected import connected
from services.operate.dead_letters.reading import Filter, WaitingLetter
from services.operate.dead_letters.replay import PRODUCER, replay, waiting_letters
from services.visible import visible

CLIENT = "inquiry-triage-rejected"


def list_letters(wanted: Filter, *, limit: int, show_text: bool) -> None:
    """Print the letters that wait, the latest first, and how many there are for each reason."""
    letters = _waiting(wanted)
    letters.sort(key=lambda letter: letter.why.rejected_at, reverse=True)
    for letter in letters[:limit]:
        typer.echo("\n".join(listed(letter, show_text=show_text)))
    _count(letters, limit)


def show_letter(wanted: Filter, *, show_text: bool) -> None:
    """Print all that is known of one letter.

    Raises:
        TriageError: There is none at that location.
    """
    letters = _waiting(wanted)
    if not letters:
        raise TriageError(
            f"No letter waits at {wanted.location}: `triage rejected list` shows those that do."
        )
    typer.echo("\n".join(described(letters[0], show_text=show_text)))


def listed(letter: WaitingLetter, *, show_text: bool) -> Iterator[str]:
    """Yield the lines of a letter among others: whatever is in it, no order to the terminal."""
    yield visible(_line(letter))
    if show_text:
        yield _text(letter)


def described(letter: WaitingLetter, *, show_text: bool) -> Iterator[str]:
    """Yield the lines that say all that is known of a letter, likewise."""
    yield from map(visible, _described(letter))
    if show_text:
        yield _text(letter)


def replay_letters(wanted: Filter, *, go: bool) -> None:
    """Send letters to where they came from, or say what would be sent.

    Raises:
        TriageError: Kafka refused.
    """
    if not go:
        letters = _waiting(wanted)
        _count(letters, len(letters))
        typer.echo("Nothing was sent: say --go to send them to the topics they came from.")
        return
    clients, installation = connected(CLIENT)
    check_location(wanted, installation.rejected_topics)
    topics, producer = installation.rejected_topics, installation.kafka.topic_prefix + PRODUCER
    sent = asyncio.run(replay(clients, topics, wanted, producer, utc_now))
    typer.echo(f"Sent {sent:,} letters to the topics they came from.")


def _waiting(wanted: Filter) -> list[WaitingLetter]:
    clients, installation = connected(CLIENT)
    check_location(wanted, installation.rejected_topics)
    return asyncio.run(waiting_letters(clients, installation.rejected_topics, wanted))


def check_location(wanted: Filter, topics: Collection[str]) -> None:
    """See that a letter that is named is one alone.

    Raises:
        ConfigurationError: It is named without its topic, and there are several.
    """
    location = wanted.location
    if location and location.topic is None and len(topics) > 1:
        raise ConfigurationError(
            f"{location} may be on {' or '.join(sorted(topics))}: name the letter with its topic, "
            f"such as {min(topics)}/{location}."
        )


def _count(letters: Sequence[WaitingLetter], limit: int) -> None:
    for reason, count in Counter(each.why.rejected_reason for each in letters).most_common():
        typer.echo(f"{count:8,}  {reason}: {MEANING[reason]}")
    shown = f", the latest {limit:,} shown" if limit < len(letters) else ""
    typer.echo(f"{len(letters):8,}  letters wait{shown}.")


def _line(letter: WaitingLetter) -> str:
    why = letter.why
    cells = (f"{letter.location!s:>24}", _at(why), f"{why.rejected_reason:19}", _source(why))
    again = f" ({why.rejected_times} times)" if why.rejected_times > 1 else ""
    return f"{'  '.join(cells)}  {why.rejected_detail}{again}"


def _described(letter: WaitingLetter) -> Iterator[str]:
    why = letter.why
    yield f"letter     {letter.location}"
    yield f"reason     {why.rejected_reason}: {MEANING[why.rejected_reason]}"
    yield f"detail     {why.rejected_detail}"
    yield f"rejected   {_at(why)} by {why.rejected_by}, {why.rejected_times} times so far"
    yield f"came from  {_source(why)}"
    yield f"key        {'none' if letter.key is None else f'{len(letter.key)} bytes'}"
    yield f"headers    {', '.join(name for name, _ in letter.headers) or 'none'}"
    yield f"value      {len(letter.value or b'')} bytes"


def _at(why: DeadLetter) -> str:
    return f"{why.rejected_at:%Y-%m-%d %H:%M:%S}"


def _source(why: DeadLetter) -> str:
    return f"{why.rejected_topic}/{why.rejected_partition}/{why.rejected_offset}"


def _text(letter: WaitingLetter) -> str:
    return visible((letter.value or b"").decode(errors="backslashreplace"), lines=True)
