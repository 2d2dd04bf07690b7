r"""Records whose headers have names that are not UTF-8, which aiokafka cannot read.

The protocol says that they are, and a broker does not look. One such name stops its partition in
aiokafka 0.14, so what it fails on is read once more here: slower, and by aiokafka's own parts but
for the names. What of a name is not UTF-8 is escaped, as `\xe9`: a header's name is text to every
client there is, and to ours that write it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

HEADER_FORMAT = 2  # the first record format that has headers
WAIT_MS = 500


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


def records_in(
    answer: Any,  # noqa: ANN401 - a raw response
    partition: TopicPartition,
    offset: int,
    max_records: int | None,
    parser: Any = _Records,  # noqa: ANN401 - aiokafka has no types
) -> tuple[list[ConsumerRecord], int]:
    """Return the records of an answer, and the offset from which to go on.

    Raises:
        KafkaError: The broker refused.
        UnicodeDecodeError: A header's name is not UTF-8, and the parser is aiokafka's own.
    """
    [(_, [(_, code, _, *rest)])] = answer.topics
    if code:
        raise for_code(code)
    aborted = rest[2] if answer.API_VERSION >= 11 else rest[-2]  # noqa: PLR2004 - as the fetcher has it
    records = PartitionRecords(
        partition,
        parser(rest[-1] or b""),
        aborted,
        offset,
        None,
        None,
        True,  # noqa: FBT003 - checksums; aiokafka takes it by position as well
        READ_COMMITTED,
    )
    found: Iterator[ConsumerRecord] = islice(records, max_records)
    return list(found), records.next_fetch_offset
