"""Outputs to batches: which partition each goes to, and what one batch may hold."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from services.messages.record import Output
from services.messages.rejection import RejectedError, Rejection
from services.stream.client import Batch
from services.stream.murmur import murmur2

B = TypeVar("B", bound=Batch)


class Packed(NamedTuple, Generic[B]):
    """A batch for one partition, and the place of its first output among all of them."""

    topic: str
    partition: int
    batch: B
    place: int


def partition_of(key: bytes, count: int) -> int:
    """Give the partition that Java's producer gives a key (KIP-480: murmur2, sign bit off)."""
    return (murmur2(key) & 0x7FFFFFFF) % count


def pack(
    outputs: Sequence[Output],
    partitions: Mapping[str, int],
    spare: int,
    create: Callable[[], B],
) -> list[Packed[B]]:
    """Pack outputs into batches by topic and partition, in order.

    Args:
        outputs: What to write.
        partitions: How many partitions each topic has.
        spare: The number that picks the partition of records without a key: the input
            partition's own, so that they keep their order too.
        create: Makes an empty batch.
    """
    places: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, output in enumerate(outputs):
        count = partitions[output.topic]
        partition = spare % count if output.key is None else partition_of(output.key, count)
        places[output.topic, partition].append(place)
    return [
        Packed(topic, partition, batch, group[first])
        for (topic, partition), group in places.items()
        for first, batch in fill([outputs[place] for place in group], create)
    ]


def fill(outputs: Sequence[Output], create: Callable[[], B]) -> Iterator[tuple[int, B]]:
    """Fill batches, and give each with the place of its first output.

    A batch takes what fits, and its first output whatever its size.
    """
    first, batch = 0, create()
    for place, output in enumerate(outputs):
        if not _append(batch, output):
            yield first, batch
            first, batch = place, create()
            _append(batch, output)
    yield first, batch


def too_large(
    packed: Sequence[Packed[B]], outputs: Sequence[Output], limit: int
) -> list[Packed[B]]:
    """Give the batches of one output that no topic takes, which takes `limit` bytes.

    Dead letters are let through: their topic has to take whatever the input topic takes.
    """
    return [
        each for each in packed if each.batch.size() > limit and not outputs[each.place].rejection
    ]


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
