"""The inquiries to try things out with, and how a file of them is published."""

from pathlib import Path

import msgspec

from services.errors import ConfigurationError
from services.messages.causes import BOM

EXAMPLES = Path(__file__).with_name("inquiries.jsonl")
MAX_LINE = 1_000_000  # bytes; a Kafka topic takes little more unless it is told to


class _Keyed(msgspec.Struct):
    id: str | None = None
    reference: str | None = None

    def __repr__(self) -> str:
        """Show nothing: either may name a citizen."""
        return "_Keyed()"


def read_lines(path: Path) -> list[bytes]:
    """Read a file's lines, each the value of a record; blank lines are left out.

    Raises:
        ConfigurationError: As for `numbered_lines`.
    """
    return [line for _, line in numbered_lines(path)]


def numbered_lines(path: Path, of: str = "inquiries") -> list[tuple[int, bytes]]:
    """Read a file's lines that are not blank, each with its number, from 1.

    Args:
        path: The file.
        of: What is in it, as its faults are told.

    Raises:
        ConfigurationError: The file cannot be read, has no line, or one that Kafka does not take.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}): name a file of {of}, one a line, as JSON."
        ) from None
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE:
            raise ConfigurationError(
                f"Line {number} of {path} has {len(line):,} bytes, and Kafka takes "
                f"{MAX_LINE:,}: shorten it or leave it out."
            )
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not filled:
        raise ConfigurationError(f"{path} has no {of}: write one a line, as JSON.")
    return filled


def key_of(line: bytes) -> bytes | None:
    """Return the key that keeps the messages of one case in order: its reference, or its id."""
    try:
        keyed = msgspec.json.decode(line.removeprefix(BOM), type=_Keyed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    key = keyed.reference or keyed.id
    return key.encode() if key else None
