"""Asks what topics are like, and what they are set to."""

from collections.abc import Collection
from typing import Any

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from services.kafka.protocols import Admin
from services.kafka.topic_checks import SETTINGS, Partition, Topic

NOT_THERE = UnknownTopicOrPartitionError.errno
NOT_ALLOWED = TopicAuthorizationFailedError.errno


async def ask_topics(admin: Admin, names: Collection[str]) -> dict[str, Topic]:
    """Ask about topics; those that do not exist, or that this user may not see, are left out.

    What they are set to takes one request more, and is not there where this user may not know.

    Raises:
        KafkaError: The broker does not answer, or refuses in another way.
    """
    there = {
        each["topic"]: tuple(map(_partition, sorted(each["partitions"], key=_number)))
        for each in await admin.describe_topics(sorted(names))
        if not each["error_code"]
    }
    settings = await ask_settings(admin, there) if there else {}
    return {name: Topic(found, settings.get(name)) for name, found in there.items()}


async def ask_settings(admin: Admin, names: Collection[str]) -> dict[str, dict[str, str | None]]:
    """Ask what topics are set to; those of which this user may not know it are left out.

    Raises:
        KafkaError: The broker does not answer, or refuses in another way.
    """
    asked = dict.fromkeys(SETTINGS)
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, asked) for name in names]
    answers = await admin.describe_configs(resources)
    return {
        name: settings
        for answer in answers
        for code, name, settings in entries_of(answer)
        if not _is_passed_over(code)
    }


def entries_of(answer: Any) -> list[tuple[int, str, dict[str, str | None]]]:  # noqa: ANN401 - a raw response
    """Return of each resource of an answer the error, the name and what it is set to."""
    return [
        (code, name, {setting: value for setting, value, *_ in entries})
        for code, _, _, name, entries in answer.resources
    ]


def _is_passed_over(code: int) -> bool:
    if code and code not in {NOT_THERE, NOT_ALLOWED}:
        error: type[KafkaError] = for_code(code)
        raise error
    return bool(code)


def _number(partition: Any) -> int:  # noqa: ANN401 - a part of a raw response
    return int(partition["partition"])


def _partition(found: Any) -> Partition:  # noqa: ANN401 - likewise
    return Partition(found["leader"], tuple(found["replicas"]), tuple(found["isr"]))
