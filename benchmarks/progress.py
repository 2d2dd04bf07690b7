"""Tells when a consumer group has answered a backlog."""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from services.errors import TriageError

POLL_SECONDS = 0.025
STALLED_SECONDS = 60


async def wait_until_answered(
    admin: AIOKafkaAdminClient,
    group: str,
    ends: Mapping[TopicPartition, int],
    check: Callable[[], None],
) -> None:
    """Wait until a group's offset stands at the end of each partition.

    A group's offset is committed by the transaction that holds the outputs, so that is when a
    `read_committed` consumer may have the last of them. To ask for it costs the broker next to
    nothing, where a consumer of all outputs would take its share of the cores.

    Raises:
        TriageError: A minute has passed in which nothing came, or `check` says why nothing will.
    """
    offsets: dict[TopicPartition, int] = {}
    moved = monotonic()
    while any(offsets.get(partition, 0) < end for partition, end in ends.items()):
        await asyncio.sleep(POLL_SECONDS)
        check()
        committed = await admin.list_consumer_group_offsets(group)
        before, offsets = offsets, {each: committed[each].offset for each in committed}
        if offsets != before:
            moved = monotonic()
        if monotonic() - moved > STALLED_SECONDS:
            raise TriageError(
                f"The group {group} has answered nothing for {STALLED_SECONDS} s: see its log."
            )
