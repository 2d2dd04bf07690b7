"""Which inquiries of a load have come back, and how long after they were due."""

from array import array
from collections.abc import Sequence

from services.messages.record import Header, Record

HEADER = "load"


class Tags:
    """Tells the inquiries of one run from all others, by a header that travels with them.

    Args:
        run: What no other run is called.
    """

    def __init__(self, run: str) -> None:
        self._prefix = f"{run}/".encode()

    def header(self, number: int) -> Header:
        """Give the header of an inquiry."""
        return (HEADER, b"%b%d" % (self._prefix, number))

    def key(self, number: int) -> bytes:
        """Give the key of an inquiry: its own, so that every partition gets its share."""
        return b"load-%b%d" % (self._prefix, number)

    def number(self, record: Record) -> int | None:
        """Give an inquiry's number, or None where it is not of this run."""
        for name, value in record.headers:
            if name == HEADER and value and value.startswith(self._prefix):
                return int(value[len(self._prefix) :])
        return None


class Arrivals:
    """Counts what comes back.

    Args:
        due: When each inquiry is due, in seconds after the beginning.
    """

    def __init__(self, due: Sequence[float]) -> None:
        self._due = due
        self._seen = bytearray(len(due))
        self.latencies = array("d")
        self.doubled = 0

    @property
    def lost(self) -> int:
        """How many have not come back."""
        return len(self._due) - len(self.latencies)

    def note(self, number: int, at: float) -> None:
        """Note that an inquiry came back, so many seconds after the beginning."""
        if self._seen[number]:
            self.doubled += 1
            return
        self._seen[number] = True
        self.latencies.append(at - self._due[number])
