"""What the codec reads and writes: one Kafka record in, one Kafka record out."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec import Struct

# A header can be there without a value: Kafka's null, which is not the same as an empty one.
Header = tuple[str, bytes | None]
Headers = Sequence[Header]


class Record(Protocol):
    """A consumed record; aiokafka's `ConsumerRecord` is one, and so is any test's own."""

    @property
    def topic(self) -> str:
        """The topic it was read from."""

    @property
    def partition(self) -> int:
        """The partition it was read from."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """When it was published, in milliseconds since 1970."""

    @property
    def key(self) -> bytes | None:
        """The producer's key."""

    @property
    def value(self) -> bytes | None:
        """The producer's bytes."""

    @property
    def headers(self) -> Headers:
        """The producer's headers, in its order."""


class Output(Struct, frozen=True, gc=False):
    """A record to write, made from the one record that was read.

    What comes after the headers is not written, but counted: from when the age of the matter is
    measured (None for the timestamp of the record that was read), what was decided of it, and the
    fields that were left out of that because they are wrong. Last is the partition that it goes to,
    where its key does not choose that.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[Header]
    received_at: datetime | None = None
    decided: object = None
    left_out: tuple[str, ...] = ()
    partition: int | None = None

    def __repr__(self) -> str:
        """Show where it goes and how large it is, never what it says."""
        return f"Output(topic={self.topic!r}, value=<{len(self.value or b'')} bytes>)"


class Nothing(NamedTuple):
    """Says of a record that nothing is to be written of it, and what is counted of that."""

    decided: object


def most_bytes(output: Output) -> int:
    """Return how large a batch of one output is at most."""
    headers = sum(len(name.encode()) + len(value or b"") for name, value in output.headers)
    # Of Kafka's format 2: the head of a batch, and in a record a number of at most 5 bytes for each
    # size, for the count of headers, for the record's size and offset, 10 for its time, one byte.
    numbers = 5 * (2 * len(output.headers) + 5) + 11
    return 61 + numbers + len(output.key or b"") + len(output.value or b"") + headers
