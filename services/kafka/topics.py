"""Whether topics exist, asked without creating them."""

from collections.abc import Iterable
from typing import Any

from aiokafka.errors import (
    InvalidTopicError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from services.errors import ConfigurationError
from services.kafka.protocols import Admin


async def check_topics_exist(admin: Admin, topics: Iterable[str], servers: str) -> None:
    """See that topics exist, and that this user may see them.

    Args:
        admin: A connected client.
        topics: Their names.
        servers: The brokers' addresses, to name in the sentence.

    Raises:
        ConfigurationError: Some do not exist, or cannot.
        TopicAuthorizationFailedError: Some are hidden from this user.
        KafkaError: The broker does not answer.
    """
    states = await admin.describe_topics(sorted(set(topics)))
    if hidden := _with(TopicAuthorizationFailedError, states):
        raise TopicAuthorizationFailedError(hidden)
    if illegal := _with(InvalidTopicError, states):
        raise ConfigurationError(
            f"Kafka takes no topics of these names: {', '.join(sorted(illegal))}; use letters, "
            "digits, `.`, `_` and `-`, 249 at most with KAFKA_TOPIC_PREFIX."
        )
    if missing := _with(UnknownTopicOrPartitionError, states):
        raise ConfigurationError(
            f"These topics do not exist on {servers}: {', '.join(sorted(missing))}; "
            "create them with `triage topics`, or set the names of those you have."
        )


async def check_as_many_partitions(admin: Admin, topics: Iterable[str], servers: str) -> None:
    """See that topics that belong to each other by the numbers of their partitions can do so.

    Args:
        admin: A connected client.
        topics: Their names; they exist.
        servers: The brokers' addresses, to name in the sentence.

    Raises:
        ConfigurationError: One of them has more partitions than another.
        KafkaError: The broker does not answer.
    """
    states = await admin.describe_topics(sorted(set(topics)))
    counts = {each["topic"]: len(each["partitions"]) for each in states}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{topic} has {count}" for topic, count in sorted(counts.items()))
        raise ConfigurationError(
            f"These topics need as many partitions as each other on {servers}, and {listed}: give "
            "each as many as the largest has, and none fewer or more later."
        )


def _with(error: type[KafkaError], states: list[Any]) -> set[str]:
    """Return the topics of which the broker said so, as `describe_topics` answers."""
    return {each["topic"] for each in states if each["error_code"] == error.errno}
