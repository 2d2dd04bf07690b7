"""Reads the rejected topic from its beginning to its end as it is now."""

from collections.abc import AsyncIterator

from aiokafka.errors import KafkaError

from services.errors import ConfigurationError, TriageError
from services.messages.record import Record
from services.stream.client import Clients

WAIT_MS = 500


async def read_topic(clients: Clients, topic: str) -> AsyncIterator[Record]:
    """Give every committed record that a topic has, in the order of each partition.

    Raises:
        ConfigurationError: The topic does not exist.
        TriageError: The broker cannot be reached, or does not let this user read.
    """
    reader = clients.reader(topic)
    try:
        await _check(clients, topic)
        await reader.start()
        partitions = sorted(reader.assignment())
        await reader.seek_to_beginning(*partitions)
        ends = await reader.end_offsets(partitions)
        while waiting := [p for p in partitions if await reader.position(p) < ends[p]]:
            batches = await reader.getmany(*waiting, timeout_ms=WAIT_MS, max_records=None)
            for partition, records in batches.items():
                for record in records:
                    if record.offset < ends[partition]:
                        yield record
    except KafkaError as error:
        raise TriageError(
            f"The topic {topic} could not be read from {clients.servers} ({error}): see that the "
            "broker runs there and that this user may read."
        ) from None
    finally:
        await reader.stop()


async def _check(clients: Clients, topic: str) -> None:
    admin = clients.admin()
    try:
        await admin.start()
        if topic not in await admin.list_topics():
            raise ConfigurationError(
                f"The topic {topic} does not exist on {clients.servers}, or this user may not see "
                "it: set CLASSIFIER_REJECTED_TOPIC to the one that the services use."
            )
    finally:
        await admin.close()
