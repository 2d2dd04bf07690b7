import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from services.cli import run
from services.operate.manifests import LEGAL, resource_name

TESTS = Path(__file__).parents[1]
KAFKA = TESTS.parent / "k8s" / "base" / "kafka"
SCHEMAS = TESTS / "contract" / "schemas"

Manifests = dict[tuple[str, str], dict[str, Any]]


def by_name(documents: list[dict[str, Any]]) -> Manifests:
    found = {(each["kind"], each["metadata"]["name"]): each for each in documents}
    assert len(found) == len(documents)
    return found


def printed(capsys: pytest.CaptureFixture[str]) -> Manifests:
    with pytest.raises(SystemExit) as ended:
        run(["manifests", "--partitions", "12", "--replicas", "3"])
    assert not ended.value.code
    return by_name(list(yaml.safe_load_all(capsys.readouterr().out)))


def in_base() -> Manifests:
    """Return what k8s/base/kafka lists, with its label, and cut as the production overlay is."""
    kustomization = yaml.safe_load((KAFKA / "kustomization.yaml").read_text(encoding="utf-8"))
    [labels] = kustomization["labels"]
    documents = [
        document
        for name in kustomization["resources"]
        for document in yaml.safe_load_all((KAFKA / name).read_text(encoding="utf-8"))
    ]
    for each in documents:
        each["metadata"]["labels"] = labels["pairs"]
        if each["kind"] == "KafkaTopic":
            config = each["spec"].get("config", {}) | {"min.insync.replicas": 2}
            each["spec"] |= {"partitions": 12, "replicas": 3, "config": config}
    return by_name(documents)


def acls(manifests: Manifests) -> list[dict[str, Any]]:
    """Return the rights to what is the installation's, and not the cluster's own."""
    users = [each for (kind, _), each in manifests.items() if kind == "KafkaUser"]
    every = [acl for user in users for acl in user["spec"]["authorization"]["acls"]]
    return [each for each in every if each["resource"].get("name", "__")[:2] != "__"]


def topics(manifests: Manifests) -> set[str]:
    return {
        each["spec"].get("topicName", name)
        for (kind, name), each in manifests.items()
        if kind == "KafkaTopic"
    }


def test_without_a_prefix_the_manifests_are_those_of_the_base(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`triage manifests` prints the topics and users that k8s/base/kafka has, and no others."""
    assert printed(capsys) == in_base()


@pytest.mark.parametrize("prefix", ["test.", "Test_"])
def test_a_prefix_is_on_every_name_on_kafka(
    prefix: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each topic, group and transactional id has the prefix, even one Kubernetes would refuse."""
    monkeypatch.setenv("KAFKA_TOPIC_PREFIX", prefix)
    made, base = printed(capsys), in_base()
    assert topics(made) == {prefix + topic for topic in topics(base)}
    granted = [(acl["resource"]["type"], acl["resource"]["name"]) for acl in acls(made)]
    assert {kind for kind, _ in granted} == {"topic", "group", "transactionalId"}
    assert all(name.startswith(prefix) for _, name in granted)
    assert len(granted) == len(acls(base))


@pytest.mark.parametrize("prefix", ["test.", "Test_"])
def test_an_operator_takes_what_is_printed(
    prefix: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each manifest keeps to Strimzi's schema, and no resource of another installation is hit."""
    monkeypatch.setenv("KAFKA_TOPIC_PREFIX", prefix)
    made = printed(capsys)
    for (kind, name), each in made.items():
        schema = json.loads((SCHEMAS / f"{kind}.json").read_text(encoding="utf-8"))
        jsonschema.validate(each, schema, jsonschema.Draft7Validator)
        assert LEGAL.fullmatch(name)
    assert not made.keys() & in_base().keys()


def test_the_users_of_a_prefix_are_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names that docs/operating.md gives for the users of a second installation are right."""
    monkeypatch.setenv("KAFKA_TOPIC_PREFIX", "test.")
    users = {name for kind, name in printed(capsys) if kind == "KafkaUser"}
    assert users == {
        f"test.{each}" for each in "classifier desk doctor learner operator router settler".split()
    }


@pytest.mark.parametrize("name", ["a_b", "A.b", ".a", "a..b", "a-.b", "_", "a-"])
def test_every_name_is_made_legal(name: str) -> None:
    """Whatever Kafka takes as a name, its resource has one that Kubernetes takes."""
    assert LEGAL.fullmatch(resource_name(name))


def test_names_that_look_alike_stay_apart() -> None:
    """Topics that differ in capitals or signs alone do not share a resource."""
    assert len({resource_name(name) for name in ("a-b", "a_b", "A-b", "a_B")}) == 4
