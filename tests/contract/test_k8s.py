import json

import pytest

from services.kafka.settings import KafkaSettings
from services.operate.installation import Installation, read_installation
from services.operate.rights import Right, rights
from services.operate.topics import topics_of
from tests.contract.manifests import (
    OVERLAYS,
    SCALED,
    SERVICES,
    Manifest,
    environment_of,
    named,
    triggers_of,
)

TYPES = {
    "topic": "topic",
    "group": "group",
    "transactional-id": "transactionalId",
    "cluster": "cluster",
}
# What an overlay may say of its topics beside what the services need.
OF_THE_CLUSTER = {"min.insync.replicas"}
# Kafka's own limit of a batch, where a topic says nothing else.
MAX_MESSAGE_BYTES = 1024 * 1024 + 12

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


@pytest.fixture
def installation(overlay: str, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """What the services read from the environment that the overlay gives them."""
    for service in SERVICES:
        for name, value in environment_of(overlay, service).items():
            monkeypatch.setenv(name, value)
    return read_installation()


def configuration(topic: Manifest) -> dict[str, str]:
    given = topic["spec"].get("config", {})
    return {key: str(value) for key, value in given.items() if key not in OF_THE_CLUSTER}


def acl(right: Right) -> Manifest:
    resource = {"type": TYPES[right.resource]}
    if right.resource != "cluster":
        resource["name"] = right.name
    if right.prefix:
        resource["patternType"] = "prefix"
    return {"resource": resource, "operations": [*right.operations]}


def partitions(overlay: str) -> set[int]:
    return {topic["spec"]["partitions"] for topic in named(overlay, "KafkaTopic").values()}


def test_the_topics_are_those_of_the_services(overlay: str, installation: Installation) -> None:
    """Every topic that the services use is created as they need it, and no other."""
    made = {name: configuration(each) for name, each in named(overlay, "KafkaTopic").items()}
    assert made == topics_of(installation)


def test_every_department_has_its_topic(overlay: str, installation: Installation) -> None:
    """Each label of the model has a department with a topic that is created."""
    manifest = (installation.classifier.model / "manifest.json").read_text(encoding="utf-8")
    departments = installation.table.departments
    topics = named(overlay, "KafkaTopic")
    labels = json.loads(manifest)["labels"]
    assert [each for each in labels if departments[each].topic not in topics] == []


def test_all_topics_have_as_many_partitions_as_each_other(overlay: str) -> None:
    """No topic is cut otherwise than the rest, so that each service can grow as far."""
    assert len(partitions(overlay)) == 1


def test_no_topic_refuses_what_the_services_send(overlay: str) -> None:
    """Each topic takes what the services believe that it takes."""
    for topic in named(overlay, "KafkaTopic").values():
        taken = configuration(topic).get("max.message.bytes", MAX_MESSAGE_BYTES)
        assert int(taken) >= KafkaSettings().max_message_bytes


def test_the_users_have_the_least_rights(overlay: str, installation: Installation) -> None:
    """Each user may do what services/operate/rights.py grants, word for word, and nothing else."""
    users = named(overlay, "KafkaUser")
    granted = {name: each["spec"]["authorization"]["acls"] for name, each in users.items()}
    expected = rights(installation)
    assert granted == {user: [acl(each) for each in given] for user, given in expected.items()}


def test_strimzi_looks_after_topics_and_users(overlay: str) -> None:
    """Topics and users bear the label of one cluster; without it they would never be made."""
    owned = [*named(overlay, "KafkaTopic").values(), *named(overlay, "KafkaUser").values()]
    assert {each["metadata"]["labels"]["strimzi.io/cluster"] for each in owned} == {"kafka"}


@pytest.mark.parametrize("service", SCALED)
def test_there_are_no_more_replicas_than_partitions(overlay: str, service: str) -> None:
    """A service grows with its lag up to one replica for each partition, and never to none."""
    spec = named(overlay, "ScaledObject")[service]["spec"]
    assert spec["scaleTargetRef"]["name"] in named(overlay, "Deployment")
    assert {spec["maxReplicaCount"]} == partitions(overlay)
    assert 1 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]


def test_a_node_can_go_without_the_desk(overlay: str) -> None:
    """Of the desk there are two from the start, and no lag makes them more or fewer."""
    assert named(overlay, "Deployment")["desk"]["spec"]["replicas"] == 2
    assert {*named(overlay, "ScaledObject")} == {*SCALED}


def test_replicas_follow_the_lag_of_the_service_itself(
    overlay: str, installation: Installation
) -> None:
    """What is watched is each service's own group on every topic that it reads."""
    each_one = (installation.classifier, installation.router, installation.settler)
    for service, each in zip(SCALED, each_one, strict=True):
        metadata = [trigger["metadata"] for trigger in triggers_of(overlay, service)]
        watched = [(own["consumerGroup"], own["topic"]) for own in metadata]
        assert watched == [(each.group_id, topic) for topic in each.input_topics]
