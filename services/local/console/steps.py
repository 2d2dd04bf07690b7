"""How a slow start tells what it is doing."""

from typing import Protocol


class OnStep(Protocol):
    """Told of a step in one short line, and how far it is where that is known."""

    def __call__(self, text: str, done: int = 0, of: int | None = None) -> None:
        """Note the step."""


def silently(text: str, done: int = 0, of: int | None = None) -> None:
    """Tell nobody."""
