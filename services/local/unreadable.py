"""Which lines of a file are no inquiries, said before anything is started."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.messages.codec import inquiries
from services.messages.record import Header
from services.messages.rejection import RejectedError

SHOWN = 5

Numbered = tuple[int, bytes]


class _Line(NamedTuple):
    """A line as the record that is published of it: its number is its offset."""

    offset: int
    value: bytes
    topic: str = "lines"
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = None
    headers: tuple[Header, ...] = ()

    def __repr__(self) -> str:
        """Show the number alone: what a citizen wrote must not reach a log by accident."""
        return f"_Line(offset={self.offset})"


def unreadable(lines: Sequence[Numbered]) -> Iterator[str]:
    """Yield how many lines are no inquiries, and for each cause which: the first few by number."""
    causes: dict[str, list[int]] = defaultdict(list)
    for number, value in lines:
        found = inquiries.read_or_reject(_Line(number, value))
        if isinstance(found, RejectedError):
            causes[str(found)].append(number)
    if not causes:
        return
    bad = sum(map(len, causes.values()))
    yield f"{bad:,} of {len(lines):,} lines are no inquiries, and will be rejected:"
    for cause, numbers in sorted(causes.items(), key=lambda each: -len(each[1])):
        more = f" and {len(numbers) - SHOWN:,} more" if len(numbers) > SHOWN else ""
        shown = ", ".join(map(str, numbers[:SHOWN]))
        yield f"  {'lines' if len(numbers) > 1 else 'line'} {shown}{more}: {cause}"
