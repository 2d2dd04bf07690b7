"""Which inquiries of a load have come back, and how long after they were due."""

from array import array
from collections.abc import Sequence

from services.local.exactly_once import Account
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
        """Return the header of an inquiry."""
        return (HEADER, b"%b%d" % (self._prefix, number))

    def key(self, number: int) -> bytes:
        """Return the key of an inquiry: its own, so that every partition gets its share."""
        return b"load-%b%d" % (self._prefix, number)

    def number(self, record: Record) -> int | None:
        """Return an inquiry's number, or None where it is not of this run."""
        for name, value in record.headers:
            if name == HEADER and value and value.startswith(self._prefix):
                return int(value[len(self._prefix) :])
        return None


class Arrivals:
    """Counts what comes back, and how long after it was due.

    Args:
        due: When each inquiry is due, in seconds after the beginning.
    """

    def __init__(self, due: Sequence[float]) -> None:
        self._due = due
        self.account = Account(range(len(due)))
        self.latencies = array("d")

    def note(self, number: int, at: float) -> None:
        """Note that an inquiry came back, so many seconds after the beginning."""
        if self.account.note(number):
            self.latencies.append(at - self._due[number])
