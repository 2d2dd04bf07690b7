"""The key beside each choice: it depends on the place in the list alone, so that hands learn it."""

from collections.abc import Iterator

NOT_OURS = "n"
ESCALATE = "e"
SKIP = "s"
UNDO = "u"
FILTER = "/"

_taken = {NOT_OURS, ESCALATE, SKIP, UNDO}
_LETTERS = [each for each in "abcdefghijklmnopqrstuvwxyz" if each not in _taken]
KEYS = (*"1234567890", *_LETTERS)


def keys() -> Iterator[str | None]:
    """Yield a key for each department in turn, and None for ever once there are no more."""
    yield from KEYS
    while True:
        yield None
