"""What the commands that take a while show, and how they write what they found."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from services.errors import ConfigurationError


@contextmanager
def working(console: Console) -> Iterator[tuple[Progress, TaskID]]:
    """Show that work is being done, and what, until it is."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress, progress.add_task("", total=None)


def write(path: Path, content: bytes) -> None:
    """Write a file.

    Raises:
        ConfigurationError: It cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written ({error.strerror}): name a file that can."
        ) from None
