"""What a command shows while it works, and how it is stopped."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)


class StepBar:
    """Shows the step in hand as a bar, which goes when it is done; without a terminal, as a line.

    Args:
        progress: shows the bar.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._text = ""
        self._task: TaskID | None = None

    def __call__(self, text: str, done: int = 0, of: int | None = None) -> None:
        """Show a step and how far it is."""
        if text != self._text:
            self._begin(text, of)
        if self._task is not None:
            count = f"{done:,} of {of:,}" if of else f"{done:,}" if done else ""
            self._progress.update(self._task, completed=done, count=count)

    def _begin(self, text: str, of: int | None) -> None:
        self._text = text
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(text, total=of, count="")
        if not self._progress.console.is_terminal:
            self._progress.console.print(f"{text} …")


@contextmanager
def steps_on(console: Console) -> Iterator[StepBar]:
    """Show steps on a console while the block runs."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield StepBar(progress)


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """Let SIGTERM unwind as Ctrl-C does, so that whatever was started is stopped.

    Also where Ctrl-C was ignored: a shell says so to what a script starts in the background.
    """
    handlers = {
        signal.SIGINT: signal.default_int_handler,
        # To whoever handles Ctrl-C at that moment: asyncio has a way of its own to unwind.
        signal.SIGTERM: lambda _number, _frame: signal.raise_signal(signal.SIGINT),
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
