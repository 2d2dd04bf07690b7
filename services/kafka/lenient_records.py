r"""The records of a broker's answer, those among them that aiokafka cannot read.

They are taken apart by aiokafka's own parts, but for what it makes of a record in the end: its
`ConsumerRecord` takes three times as long as a struct.

The protocol says that names of headers are UTF-8, and a broker does not look. One that is not stops
its partition in aiokafka 0.14, so what it fails on is read once more here: slower, and with what of
a name is not UTF-8 escaped, as `\xe9`: a header's name is text to every client there is, and to
ours that write it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeVar

from aiokafka import TopicPartition
from aiokafka.client import ConnectionGroup
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.errors import LeaderNotAvailableError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy
from msgspec import Struct

from services.kafka.protocols import Value
from services.messages.record import Header

HEADER_FORMAT = 2  # the first record format that has headers
WAIT_MS = 500

T = TypeVar("T")


class _Bytes(bytearray):
    """Bytes of which every text is read, one way or another."""

    def __getitem__(self, place: Any) -> Any:  # noqa: ANN401 - an index gives an int, a slice bytes
        found = super().__getitem__(place)
        return _Bytes(found) if isinstance(place, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


class _Batch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka has no types
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Bytes(self._buffer)


class _Records(_MemoryRecordsPy):  # type: ignore[misc]  # aiokafka has no types
    def next_batch(self) -> Any:  # noqa: ANN401 - aiokafka has no types
        found = self._next_slice
        batch = super().next_batch()
        return _Batch(found) if found and batch.magic >= HEADER_FORMAT else batch


def fetch_request(
    partition: TopicPartition, offset: int, max_bytes: int, wait_ms: int = WAIT_MS
) -> FetchRequest:
    """Ask for the committed records of one partition, from an offset on."""
    wanted = [(partition.topic, [(partition.partition, offset, max_bytes)])]
    return FetchRequest(wait_ms, 1, max_bytes, READ_COMMITTED, wanted)


async def ask_leader(
    client: Any,  # noqa: ANN401 - aiokafka has no types
    partition: TopicPartition,
    request: FetchRequest,
    group: object = ConnectionGroup.DEFAULT,
) -> Any:  # noqa: ANN401 - a raw response
    """Send a request to whoever leads a partition, over one of the client's connections there.

    Raises:
        KafkaError: Nobody leads it, or the broker does not answer.
    """
    leader = client.cluster.leader_for_partition(partition)
    if leader in {None, -1}:
        raise LeaderNotAvailableError(partition)
    return await client.send(leader, request, group=group)


class Fetched(Struct, frozen=True, gc=False):
    """A record as it lies in a partition."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[Header]

    def __repr__(self) -> str:
        """Show where it lies, and never what it says."""
        return f"Fetched({self.topic}/{self.partition}/{self.offset})"


def fetched(partition: TopicPartition, record: Any) -> Fetched:  # noqa: ANN401 - aiokafka's own
    """Return all of a record."""
    return Fetched(
        partition.topic,
        partition.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
        record.headers,
    )


def value(_: TopicPartition, record: Any) -> Value:  # noqa: ANN401 - aiokafka's own
    """Return what a record says."""
    return Value(record.offset, record.value)


# What is made of a record; what it is given is aiokafka's own, which knows of no partition.
Take = Callable[[TopicPartition, Any], T]


class _Committed(PartitionRecords):  # type: ignore[misc]  # aiokafka has no types
    """Leaves out what was aborted, as aiokafka's consumer does."""

    def __init__(self, take: Take[Any], partition: TopicPartition, *batches: Any) -> None:  # noqa: ANN401 - aiokafka has no types
        check_crcs = True
        super().__init__(partition, *batches, None, None, check_crcs, READ_COMMITTED)
        self._consumer_record = take

    def __iter__(self) -> Iterator[Any]:
        """Spare each record a call."""
        return self._records_iterator  # type: ignore[no-any-return]


class Waiting(OrderedDict[TopicPartition, Any]):
    """What aiokafka's fetcher has of each partition that nobody has asked for yet.

    Its records are made when they are asked for, as `fetched` makes them.
    """

    def __setitem__(self, partition: TopicPartition, found: Any) -> None:  # noqa: ANN401 - aiokafka has no types
        if isinstance(found, FetchResult):  # and no error
            unread = found._partition_records  # noqa: SLF001 - nobody else can say what is made of it
            batches = (unread._records, unread._aborted_transactions, unread.next_fetch_offset)  # noqa: SLF001
            found._partition_records = _Committed(fetched, partition, *batches)  # noqa: SLF001
        super().__setitem__(partition, found)


def records_in(
    answer: Any,  # noqa: ANN401 - a raw response
    partition: TopicPartition,
    offset: int,
    most: int | None,
    take: Take[T],
) -> Iterator[tuple[list[T], int]]:
    """Yield the committed records of an answer from an offset on, so many at a time, or all.

    With them comes the offset from which to go on, also where there are none. A compressed answer
    holds tens of thousands: they are made as they are asked for.

    Raises:
        KafkaError: The broker refused.
    """
    [(_, [(_, code, _, *rest)])] = answer.topics
    if code:
        raise for_code(code)
    aborted = rest[2] if answer.API_VERSION >= 11 else rest[-2]  # noqa: PLR2004 - as the fetcher has it

    def committed(parser: Any) -> _Committed:  # noqa: ANN401 - aiokafka has no types
        return _Committed(take, partition, parser(rest[-1] or b""), aborted, offset)

    records, full = committed(MemoryRecords), True

    def portion() -> tuple[list[T], int]:
        nonlocal records, full, offset
        try:
            found = list(islice(records, most))
        except UnicodeDecodeError:
            records = committed(_Records)
            found = list(islice(records, most))
        full, offset = len(found) == most, records.next_fetch_offset
        return found, offset

    while full:
        yield portion()  # and keep nothing of it: its records take more than the answer's bytes
