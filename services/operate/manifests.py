"""An installation's topics and users as Kubernetes resources, for Strimzi's operators."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from services.operate.installation import Installation, read_installation
from services.operate.rights import Right, rights
from services.operate.topics import copied, topics_of

Manifest = dict[str, Any]

API = "kafka.strimzi.io/v1"
ACL_TYPES = {
    "topic": "topic",
    "group": "group",
    "transactional-id": "transactionalId",
    "cluster": "cluster",
}
# What Kubernetes takes as a name (RFC 1123): fewer characters than Kafka does, and no capitals.
LEGAL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def manifests(
    installation: Installation, cluster: str, partitions: int, replicas: int
) -> list[Manifest]:
    """Return every KafkaTopic and KafkaUser of an installation.

    Users have the prefix too: a user is one for the whole cluster, and with the same name the
    rights of one installation would replace those of another.

    Args:
        installation: Whose topics and users they are.
        cluster: What the Strimzi cluster is called.
        partitions: Partitions of each topic.
        replicas: Copies of each record.
    """
    labels = {"strimzi.io/cluster": cluster}
    prefix = installation.kafka.topic_prefix
    topics = [
        _resource(
            "KafkaTopic",
            topic,
            labels,
            _topic(topic, copied(configuration, replicas), partitions, replicas),
        )
        for topic, configuration in topics_of(installation).items()
    ]
    users = [
        _resource("KafkaUser", prefix + user, labels, _user(granted))
        for user, granted in rights(installation).items()
    ]
    return [*topics, *users]


def configured_manifests(cluster: str, partitions: int, replicas: int) -> str:
    """Return the manifests of what the environment sets up, as a stream of YAML.

    Each document is JSON, which YAML includes.
    """
    found = manifests(read_installation(), cluster, partitions, replicas)
    return "".join(f"---\n{json.dumps(each, indent=2)}\n" for each in found)


def resource_name(name: str) -> str:
    """Return what a resource is called: the same, or where Kubernetes refuses that, one like it.

    A hash keeps apart what differs in capitals or signs alone.
    """
    if LEGAL.fullmatch(name):
        return name
    parts = (re.sub(r"[^a-z0-9]+", "-", part).strip("-") for part in name.lower().split("."))
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{'.'.join(part for part in parts if part)}-{digest}".lstrip("-")


def _resource(kind: str, name: str, labels: Mapping[str, str], spec: Manifest) -> Manifest:
    metadata = {"name": resource_name(name), "labels": dict(labels)}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}


def _topic(
    topic: str, configuration: Mapping[str, str], partitions: int, replicas: int
) -> Manifest:
    spec: Manifest = {"partitions": partitions, "replicas": replicas}
    if resource_name(topic) != topic:
        spec["topicName"] = topic
    if settings := copied(configuration, replicas):
        spec["config"] = {
            key: int(value) if value.isdigit() else value for key, value in settings.items()
        }
    return spec


def _user(granted: tuple[Right, ...]) -> Manifest:
    return {
        "authentication": {"type": "scram-sha-512"},
        "authorization": {"type": "simple", "acls": [_acl(right) for right in granted]},
    }


def _acl(right: Right) -> Manifest:
    resource = {"type": ACL_TYPES[right.resource]}
    if right.resource != "cluster":  # there is but one
        resource["name"] = right.name
    if right.prefix:
        resource["patternType"] = "prefix"
    return {"resource": resource, "operations": list(right.operations)}
