"""`triage classify`: a file of lines in, decisions out."""

import sys
import time
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

import msgspec
import psutil

from benchmarks.inquiries import inquiry
from benchmarks.turn import Turn
from benchmarks.usage import Usage, usage_of
from benchmarks.work import Chosen
from services.errors import TriageError
from services.local.child import ChildProcess
from services.messages.decision import Classification

POLL_SECONDS = 0.005


class _Decision(msgspec.Struct):
    id: str
    classification: Classification


def decide_lines(folder: Path, texts: list[str], chosen: Chosen, count: int) -> Turn:
    """Run the command on a file, and measure from its first output to its end.

    What is out when the clocks start does not count, so start-up is no part of it.

    Raises:
        TriageError: A line has no decision, or another one than the model's.
    """
    given, taken = folder / "lines.jsonl", folder / "decisions.jsonl"
    lines = (inquiry(number, texts[number % len(texts)]) for number in range(count))
    given.write_bytes(b"".join(line + b"\n" for line in lines))
    taken.unlink(missing_ok=True)
    triage = str(Path(sys.executable).with_name("triage"))
    process = ChildProcess([triage, "classify", str(given)], folder=Path.cwd(), log=taken)
    try:
        while not (early := taken.stat().st_size) and process.exit_code is None:
            time.sleep(POLL_SECONDS)
        began, before = time.monotonic(), usage_of(process.pid)
        after = _usage_until_end(process, before)
        seconds = time.monotonic() - began
    finally:
        process.kill()
    decisions = taken.read_bytes()
    _check(decisions.splitlines(), len(texts), chosen, count)
    counted = count - decisions[:early].count(b"\n")
    return Turn(counted, seconds, after.cpu_seconds - before.cpu_seconds, after.peak_bytes)


def _usage_until_end(process: ChildProcess, usage: Usage) -> Usage:
    """Give what a process has used, as last seen: once it has ended, nobody can tell."""
    with suppress(psutil.NoSuchProcess):
        while process.exit_code is None:
            now = usage_of(process.pid)
            usage = Usage(now.cpu_seconds, max(now.peak_bytes, usage.peak_bytes))
            time.sleep(POLL_SECONDS)
    return usage


def _check(decisions: list[bytes], texts: int, chosen: Chosen, count: int) -> None:
    decode = msgspec.json.Decoder(_Decision).decode
    for number, line in zip_longest(range(count), decisions):
        try:
            decision = decode(line or b"")
        except msgspec.DecodeError:
            raise TriageError(f"`triage classify` has no decision for line {number}.") from None
        if decision.id != f"q-{number}" or not chosen(number % texts, decision.classification):
            raise TriageError(f"`triage classify` decided line {number} as the model does not.")
