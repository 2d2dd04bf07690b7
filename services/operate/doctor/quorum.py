"""The time on the cluster's controller: of all requests that write nothing, one has it answered.

A controller that is asked about its peers (DescribeQuorum) says when each was last there, by its
own clock, and of itself that it is there now. Kafka has that since 3.3, and not with ZooKeeper.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

from services.kafka.protocols import Inspector

DESCRIBE_QUORUM = 55
SINCE_3_3 = 1
METADATA = ("__cluster_metadata", 0)  # the one log that controllers share
TAGS = ("tags", TaggedFields)
REPLICAS = CompactArray(
    ("replica", Int32), ("end", Int64), ("fetched", Int64), ("caught_up", Int64), TAGS
)


class Answer(Response):  # type: ignore[misc]  # aiokafka has no types
    """What a controller answers."""

    API_KEY = DESCRIBE_QUORUM
    API_VERSION = SINCE_3_3
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("leader", Int32),
                        ("epoch", Int32),
                        ("high_watermark", Int64),
                        ("voters", REPLICAS),
                        ("observers", REPLICAS),
                        TAGS,
                    ),
                ),
                TAGS,
            ),
        ),
        TAGS,
    )


class Question(RequestStruct):  # type: ignore[misc]  # likewise
    """What it is asked."""

    FLEXIBLE_VERSION = True
    API_KEY = DESCRIBE_QUORUM
    API_VERSION = SINCE_3_3
    RESPONSE_TYPE = Answer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("partitions", CompactArray(("partition", Int32), TAGS)),
                TAGS,
            ),
        ),
        TAGS,
    )


class DescribeQuorum(Request[Question]):  # type: ignore[misc]  # likewise
    """Asks about the controllers, of which any broker asks the one that leads."""

    API_KEY = DESCRIBE_QUORUM

    def build(self, request_struct_class: type[Question]) -> Question:
        """Make the request."""
        topic, partition = METADATA
        return request_struct_class([(topic, [(partition, {})], {})], {})


class Clock(NamedTuple):
    """How far the clock of the controller is ahead of ours, at least; below zero it is behind."""

    controller: int
    ahead: timedelta


async def ask_clock(
    admin: Inspector, versions: Mapping[int, Mapping[int, int]], now: Callable[[], datetime]
) -> Clock | None:
    """Ask the controller for its time; None where it does not tell.

    Args:
        admin: A connected client.
        versions: Of each broker, of each request the newest version that it speaks.
        now: Tells the time here.

    Raises:
        KafkaError: The broker does not answer.
    """
    able = [
        number for number, each in versions.items() if each.get(DESCRIBE_QUORUM, 0) >= SINCE_3_3
    ]
    if not able:
        return None
    before = now()
    answer = await admin.ask(DescribeQuorum(), able[0])
    after = now()
    for controller, there in _times(answer):
        # Anywhere between question and answer is right.
        ahead = max(there - after, timedelta()) or min(there - before, timedelta())
        return Clock(controller, ahead)
    return None


def _times(answer: Any) -> list[tuple[int, datetime]]:  # noqa: ANN401 - a raw response
    return [
        (leader, datetime.fromtimestamp(fetched / 1000, UTC))
        for _, partitions, _ in answer.topics or ()
        for _, code, leader, _, _, voters, *_ in partitions
        for voter, _, fetched, *_ in voters
        if not code and voter == leader and fetched > 0
    ]
