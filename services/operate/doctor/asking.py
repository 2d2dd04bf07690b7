"""Asks a cluster all that the doctor looks at; nothing is written or changed."""

from collections.abc import Callable, Collection
from datetime import datetime

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    SecurityDisabled,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.admin import ApiVersionRequest, DescribeAclsRequest

from services.kafka.protocols import Inspector
from services.kafka.topic_states import ask_topics, entries_of
from services.operate.doctor.cluster import Broker, Cluster, Grant, Resource
from services.operate.doctor.quorum import ask_clock
from services.operate.doctor.quotas import ask_quotas

# Their numbers in Kafka's protocol: ResourceType, PatternType, AclOperation, AclPermissionType.
ANY = 1
RESOURCES: dict[int, Resource] = {2: "topic", 3: "group", 4: "cluster", 5: "transactional-id"}
PREFIXED = 4
OPERATIONS = {
    2: "All",
    3: "Read",
    4: "Write",
    5: "Create",
    6: "Delete",
    7: "Alter",
    8: "Describe",
    9: "ClusterAction",
    10: "DescribeConfigs",
    11: "AlterConfigs",
    12: "IdempotentWrite",
}
DENY = 2
SHUT = "{what} could not be asked: grant this user {right}, as `triage manifests` grants the doctor"


async def ask_cluster(
    admin: Inspector,
    servers: str,
    topics: Collection[str],
    internal: Collection[str],
    now: Callable[[], datetime],
) -> Cluster:
    """Ask a cluster about itself.

    Args:
        admin: A connected client.
        servers: What follows `--bootstrap-server` in the commands that mend something.
        topics: Those of the installation.
        internal: Those of the cluster's own that matter to it.
        now: Tells the time here.

    Raises:
        KafkaError: The broker does not answer, or refuses in another way than for a right.
    """
    unasked: list[str] = []
    found = await ask_topics(admin, {*topics, *internal})
    hidden = await _hidden(admin, {*topics, *internal} - found.keys())
    secret = [name for name, topic in found.items() if topic.settings is None]
    none_is_there = hidden.union(found).isdisjoint(topics)
    for names, right in ((hidden, "Describe"), (secret, "DescribeConfigs")):
        if names:
            what = f"The topics {', '.join(sorted(names))}"
            unasked.append(SHUT.format(what=what, right=f"{right} on them"))
    brokers = await _brokers(admin, unasked)
    versions = {number: each.versions for number, each in brokers.items()}
    return Cluster(
        servers,
        brokers,
        found,
        await _grants(admin, unasked),
        tuple(f"{each}." for each in unasked),
        frozenset(hidden),
        frozenset(await admin.list_topics() if none_is_there else ()),
        await ask_quotas(admin, versions),
        await ask_clock(admin, versions, now),
    )


async def _hidden(admin: Inspector, names: Collection[str]) -> set[str]:
    if not names:
        return set()
    return {
        each["topic"]
        for each in await admin.describe_topics(sorted(names))
        if each["error_code"] == TopicAuthorizationFailedError.errno
    }


async def _brokers(admin: Inspector, unasked: list[str]) -> dict[int, Broker]:
    numbers = [each["node_id"] for each in (await admin.describe_cluster())["brokers"]]
    asked = [ConfigResource(ConfigResourceType.BROKER, str(number)) for number in numbers]
    settings: dict[int, dict[str, str | None]] = {}
    for answer in await admin.describe_configs(asked):
        for code, number, entries in entries_of(answer):
            if not code:
                settings[int(number)] = entries
            elif code == ClusterAuthorizationFailedError.errno:
                right = "DescribeConfigs on the cluster"
                unasked.append(SHUT.format(what=f"What broker {number} is set to", right=right))
            else:
                raise for_code(code)
    return {
        number: Broker(settings.get(number), await _versions(admin, number)) for number in numbers
    }


async def _versions(admin: Inspector, broker: int) -> dict[int, int]:
    answer = await admin.ask(ApiVersionRequest(), broker)
    return {key: newest for key, _, newest in answer.api_versions}


async def _grants(admin: Inspector, unasked: list[str]) -> tuple[Grant, ...] | None:
    answer = await admin.ask(DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY))
    error: type[KafkaError] = for_code(answer.error_code)
    if error is SecurityDisabled:
        return None
    if error is ClusterAuthorizationFailedError:
        right = "Describe on the cluster"
        unasked.append(SHUT.format(what="What rights the users have", right=right))
        return None
    if answer.error_code:
        raise error
    return tuple(
        Grant(
            user,
            OPERATIONS.get(operation, str(operation)),
            RESOURCES[resource],
            name,
            pattern == PREFIXED,
            host,
            permission == DENY,
        )
        for resource, name, pattern, entries in answer.resources
        if resource in RESOURCES
        for user, host, operation, permission in entries
    )
