"""Outputs to batches: which partition each goes to, and what one batch may hold."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from services.kafka.partitioner import partition_of
from services.kafka.protocols import Batch
from services.messages.record import Output
from services.messages.rejection import RejectedError, Rejection

B = TypeVar("B", bound=Batch)


class Packed(NamedTuple, Generic[B]):
    """A batch for one partition, and the index of its first output among all of them."""

    topic: str
    partition: int
    batch: B
    first: int


def pack(
    outputs: Sequence[Output],
    partitions: Mapping[str, int],
    keyless: int,
    create: Callable[[], B],
) -> list[Packed[B]]:
    """Pack outputs into batches by topic and partition, in order.

    Args:
        outputs: What to write.
        partitions: How many partitions each topic has.
        keyless: The number that picks the partition of records without a key: the input
            partition's own, so that they keep their order too.
        create: Makes an empty batch.
    """
    indices: dict[tuple[str, int], list[int]] = defaultdict(list)
    for index, output in enumerate(outputs):
        partition = output.partition
        if partition is None:
            count = partitions[output.topic]
            partition = keyless % count if output.key is None else partition_of(output.key, count)
        indices[output.topic, partition].append(index)
    return [
        Packed(topic, partition, batch, group[first])
        for (topic, partition), group in indices.items()
        for first, batch in fill([outputs[index] for index in group], create)
    ]


def fill(outputs: Sequence[Output], create: Callable[[], B]) -> Iterator[tuple[int, B]]:
    """Fill batches, and yield each with the index of its first output.

    A batch takes what fits, and its first output whatever its size.
    """
    first, batch = 0, create()
    for index, output in enumerate(outputs):
        if not _append(batch, output):
            yield first, batch
            first, batch = index, create()
            _append(batch, output)
    yield first, batch


def too_large(packed: Sequence[Packed[B]], limit: int) -> list[Packed[B]]:
    """Return the batches that no topic takes, which takes `limit` bytes: each has one output."""
    return [each for each in packed if each.batch.size() > limit]


def why_too_large(packed: Packed[Batch], limit: int) -> RejectedError:
    """Say why an output is rejected that is alone in its batch and still too large."""
    size = packed.batch.size()
    detail = f"the result has {size:,} bytes, {packed.topic} takes {limit:,}"
    return RejectedError(Rejection.TOO_LARGE, detail)


def _append(batch: Batch, output: Output) -> bool:
    appended = batch.append(
        timestamp=None, key=output.key, value=output.value, headers=output.headers
    )
    return appended is not None
