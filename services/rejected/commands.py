"""`triage rejected list`, `show` and `replay`: what they print."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import typer

from services.classifier.settings import ClassifierSettings
from services.errors import TriageError
from services.messages.dead_letter import DeadLetter
from services.messages.rejection import MEANING
from services.rejected.letters import Filter, Letter
from services.rejected.replay import replay, waiting_letters
from services.stream.kafka import KafkaClients, connect
from services.stream.logs import configure_logs
from services.stream.service import utc_now
from services.stream.settings import KafkaSettings, read_settings

CLIENT = "inquiry-triage-rejected"


def list_letters(wanted: Filter, *, limit: int, show_text: bool) -> None:
    """Print the letters that wait, the latest first, and how many there are for each reason."""
    letters = _waiting(wanted)
    letters.sort(key=lambda letter: letter.said.rejected_at, reverse=True)
    for letter in letters[:limit]:
        typer.echo(_line(letter))
        if show_text:
            typer.echo(_text(letter))
    _count(letters, limit)


def show_letter(wanted: Filter, *, show_text: bool) -> None:
    """Print all that is known of one letter.

    Raises:
        TriageError: There is none at that place.
    """
    letters = _waiting(wanted)
    if not letters:
        raise TriageError(
            f"No letter waits at {wanted.place}: `triage rejected list` shows those that do."
        )
    letter, said = letters[0], letters[0].said
    typer.echo(f"letter     {letter.place}")
    typer.echo(f"reason     {said.rejected_reason}: {MEANING[said.rejected_reason]}")
    typer.echo(f"detail     {said.rejected_detail}")
    typer.echo(f"rejected   {_at(said)} by {said.rejected_by}, {said.rejected_times} times so far")
    typer.echo(f"came from  {_source(said)}")
    typer.echo(f"key        {'none' if letter.key is None else f'{len(letter.key)} bytes'}")
    typer.echo(f"headers    {', '.join(name for name, _ in letter.headers) or 'none'}")
    typer.echo(f"value      {len(letter.value or b'')} bytes")
    if show_text:
        typer.echo(_text(letter))


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
    clients, topic = _clients()
    sent = asyncio.run(replay(clients, topic, wanted, utc_now))
    typer.echo(f"Sent {sent:,} letters to the topics they came from.")


def _waiting(wanted: Filter) -> list[Letter]:
    clients, topic = _clients()
    return asyncio.run(waiting_letters(clients, topic, wanted))


def _clients() -> tuple[KafkaClients, str]:
    configure_logs("CRITICAL", "console")  # what goes wrong is said once, in our own words
    topic = read_settings(ClassifierSettings).rejected_topic
    return connect(read_settings(KafkaSettings), CLIENT), topic


def _count(letters: Sequence[Letter], limit: int) -> None:
    for reason, count in Counter(each.said.rejected_reason for each in letters).most_common():
        typer.echo(f"{count:8,}  {reason}: {MEANING[reason]}")
    shown = f", the latest {limit:,} shown" if limit < len(letters) else ""
    typer.echo(f"{len(letters):8,}  letters wait{shown}.")


def _line(letter: Letter) -> str:
    said = letter.said
    cells = (f"{letter.place!s:>9}", _at(said), f"{said.rejected_reason:19}", _source(said))
    again = f" ({said.rejected_times} times)" if said.rejected_times > 1 else ""
    return f"{'  '.join(cells)}  {said.rejected_detail}{again}"


def _at(said: DeadLetter) -> str:
    return f"{said.rejected_at:%Y-%m-%d %H:%M:%S}"


def _source(said: DeadLetter) -> str:
    return f"{said.rejected_topic}/{said.rejected_partition}/{said.rejected_offset}"


def _text(letter: Letter) -> str:
    return (letter.value or b"").decode(errors="backslashreplace")
