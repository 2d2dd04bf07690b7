"""Outputs to batches: which partition each goes to, and what one batch may hold."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from aiokafka.partitioner import murmur2

from services.errors import ConfigurationError
from services.messages.record import Output, Record
from services.messages.rejection import RejectedError, Rejection
from services.stream.answer import Reject
from services.stream.client import Batch

# What a record costs beside its key, headers and value, rounded up: lengths, offset, timestamp
# and CRC of the batch (Kafka protocol guide, "Record Batch": 61 bytes, and 21 at most a record).
OVERHEAD = 100


def fit(
    records: Sequence[Record], outputs: Sequence[Output], limit: int, reject: Reject
) -> list[Output]:
    """Reject every record whose output is larger than `limit` bytes.

    Dead letters are let through: their topic has to take whatever the input topic takes.
    """
    return [
        output
        if output.rejection or size_of(output) <= limit
        else reject(record, _too_large(output, limit))
        for record, output in zip(records, outputs, strict=True)
    ]


def size_of(output: Output) -> int:
    """Give the bytes that an output takes in a batch, at most."""
    headers = sum(len(name) * 4 + len(value or b"") + 10 for name, value in output.headers)
    return OVERHEAD + len(output.key or b"") + len(output.value or b"") + headers


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, count: int) -> int:
    """Give the partition that Java's producer gives a key (KIP-480: murmur2, sign bit off)."""
    hashed: int = murmur2(key)
    return (hashed & 0x7FFFFFFF) % count


def sort_out(
    outputs: Iterable[Output], partitions: Mapping[str, int], spare: int
) -> dict[tuple[str, int], list[Output]]:
    """Sort outputs by topic and partition, in order.

    Args:
        outputs: What to write.
        partitions: How many partitions each topic has.
        spare: The number that picks the partition of records without a key: the input
            partition's own, so that they keep their order too.
    """
    sorted_out: dict[tuple[str, int], list[Output]] = defaultdict(list)
    for output in outputs:
        count = partitions[output.topic]
        keyed = output.key is not None
        partition = partition_of(output.key, count) if keyed else spare % count
        sorted_out[output.topic, partition].append(output)
    return sorted_out


def fill(outputs: Iterable[Output], create: Callable[[], Batch], limit: int) -> Iterator[Batch]:
    """Fill batches of at most `limit` bytes; an output larger than that is alone in its batch.

    Raises:
        ConfigurationError: An output is larger than any batch may be.
    """
    batch: Batch | None = None
    for output in outputs:
        if batch is None or batch.size() + size_of(output) > limit:
            if batch is not None:
                yield batch
            batch = create()
        _append(batch, output)
    if batch is not None:
        yield batch


def _append(batch: Batch, output: Output) -> None:
    appended = batch.append(
        timestamp=None, key=output.key, value=output.value, headers=output.headers
    )
    if appended is None:
        raise ConfigurationError(
            f"A dead letter has {size_of(output):,} bytes, more than twice "
            "KAFKA_MAX_MESSAGE_BYTES: set that to the max.message.bytes of the topic that is read."
        )


def _too_large(output: Output, limit: int) -> RejectedError:
    detail = f"the result has {size_of(output):,} bytes, {output.topic} takes {limit:,}"
    return RejectedError(Rejection.TOO_LARGE, detail)
