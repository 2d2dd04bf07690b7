"""Runs without Kafka: the models in this process, and `triage classify` on a file."""

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Protocol

import msgspec
import psutil

from benchmarks.inquiries import inquiry
from benchmarks.runs import Run, Stopwatch
from benchmarks.workloads import Inquiries
from services.errors import TriageError
from services.local.child_process import ChildProcess
from services.messages.decision import Classification

BATCH_TEXTS = 256
POLL_SECONDS = 0.005


class Scores(Protocol):
    """A text model, of whatever make."""

    def score(self, texts: Sequence[str], /) -> object:
        """Return the probabilities of a batch of texts."""


class _Decision(msgspec.Struct):
    id: str
    classification: Classification


def score_texts(model: Scores, texts: Sequence[str], count: int) -> Run:
    """Score texts until at least `count` are, on one core, without Kafka and without JSON."""
    batches = [texts[n : n + BATCH_TEXTS] for n in range(0, len(texts), BATCH_TEXTS)]
    scored = 0
    began, cpu_began = time.monotonic(), time.process_time()
    while scored < count:
        for batch in batches:
            model.score(batch)
        scored += len(texts)
    return Run(scored, time.monotonic() - began, time.process_time() - cpu_began)


def classify_lines(folder: Path, inquiries: Inquiries, count: int) -> Run:
    """Run `triage classify` on a file, and measure from its first output to its end.

    What is out when the clocks start does not count, so start-up is no part of it.
    """
    given, taken = folder / "lines.jsonl", folder / "decisions.jsonl"
    texts = inquiries.texts
    lines = (inquiry(number, texts[number % len(texts)]) for number in range(count))
    given.write_bytes(b"".join(line + b"\n" for line in lines))
    taken.unlink(missing_ok=True)
    triage = str(Path(sys.executable).with_name("triage"))
    process = ChildProcess([triage, "classify", str(given)], folder=Path.cwd(), log=taken)
    try:
        while not (early := taken.stat().st_size) and process.exit_code is None:
            time.sleep(POLL_SECONDS)
        run = _run_until_end(process)
    finally:
        process.kill()
    decisions = taken.read_bytes()
    _check(decisions.splitlines(), inquiries, count)
    return run._replace(answered=count - decisions[:early].count(b"\n"))


def _run_until_end(process: ChildProcess) -> Run:
    """Measure a process as it was last seen: once it has ended, nobody can tell."""
    stopwatch = Stopwatch(process.pid)
    run = stopwatch.run(0)
    with suppress(psutil.NoSuchProcess):
        while process.exit_code is None:
            run = stopwatch.run(0)
            time.sleep(POLL_SECONDS)
    return run


def _check(decisions: Sequence[bytes], inquiries: Inquiries, count: int) -> None:
    decode = msgspec.json.Decoder(_Decision).decode
    for number, line in zip_longest(range(count), decisions):
        try:
            decision = decode(line or b"")
        except msgspec.DecodeError:
            raise TriageError(f"`triage classify` has no decision for line {number}.") from None
        index = number % len(inquiries.texts)
        if decision.id != f"q-{number}" or not inquiries.agrees(index, decision.classification):
            raise TriageError(f"`triage classify` decided line {number} as the model does not.")
