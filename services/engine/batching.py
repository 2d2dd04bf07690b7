"""Outputs to batches: which partition each goes to, and what one batch may hold."""

from collections.abc import Callable, Mapping, Sequence
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

    A batch takes what fits, and its first output whatever its size.

    Args:
        outputs: What to write.
        partitions: How many partitions each topic has.
        keyless: The number that picks the partition of records without a key: the input
            partition's own, so that they keep their order too.
        create: Makes an empty batch.
    """
    filled: dict[tuple[str, int], list[Packed[B]]] = {}
    for index, output in enumerate(outputs):
        topic, partition = output.topic, output.partition
        if partition is None:
            key, count = output.key, partitions[topic]
            partition = keyless % count if key is None else partition_of(key, count)
        batches = filled.get((topic, partition))
        if batches is None:
            batches = filled[topic, partition] = []
        elif _append(batches[-1].batch, output):
            continue
        batch = create()
        _append(batch, output)
        batches.append(Packed(topic, partition, batch, index))
    return [each for batches in filled.values() for each in batches]


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
