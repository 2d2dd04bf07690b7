"""Where pictures are shown: on a terminal's whole screen, or line by line."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from services.local.live_view.line import line_of
from services.local.live_view.screen import screen_of
from services.local.live_view.snapshot import PATHS, Address, Show, Snapshot

LINE_SECONDS = 5


@contextmanager
def showing(console: Console, address: Address) -> Iterator[Show]:
    """Show pictures while the block runs; a terminal is afterwards as it was before."""
    if console.is_terminal and not console.is_dumb_terminal:
        with Live(console=console, screen=True, auto_refresh=False) as live:
            yield lambda picture: live.update(screen_of(picture, address), refresh=True)
        return
    for name, url in address.urls.items():
        console.print(f"{name}: {url}{'  '.join(PATHS)}", soft_wrap=True)
    console.print(f"export KAFKA_BOOTSTRAP_SERVERS={address.servers}", soft_wrap=True)
    yield _line_by_line(console)


def _line_by_line(console: Console) -> Show:
    due = 0.0

    def show(picture: Snapshot) -> None:
        nonlocal due
        if picture.watched_seconds >= due:
            due = picture.watched_seconds + LINE_SECONDS
            console.print(line_of(picture), soft_wrap=True)

    return show
