import json
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest

from tests.contract.manifests import OVERLAYS, Manifest, build, named

SCHEMAS = {path.stem: path for path in (Path(__file__).parent / "schemas").glob("*.json")}
# The oldest that is promised and the newest whose schemas there are.
VERSIONS = ("1.32", "1.37")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_takes_what_is_its_own(overlay: str, version: str) -> None:
    """Every manifest of Kubernetes' own kinds keeps to its schema, with no unknown field."""
    own = [each for each in build(overlay) if each["kind"] not in SCHEMAS]
    assert own
    for each in own:
        assert kubernetes_validate.validate(each, version, strict=True) == version


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_operators_take_what_is_theirs(overlay: str) -> None:
    """Every manifest for Strimzi, KEDA and Prometheus' operator keeps to its schema, likewise."""
    theirs = [each for each in build(overlay) if each["kind"] in SCHEMAS]
    assert theirs
    for each in theirs:
        schema = json.loads(SCHEMAS[each["kind"]].read_text(encoding="utf-8"))
        jsonschema.validate(each, schema, jsonschema.Draft7Validator)


def misspelt(kind: str) -> Manifest:
    manifest = next(iter(named("production", kind).values()))
    return {**manifest, "spec": {**manifest["spec"], "replcas": 3}}


@pytest.mark.parametrize("kind", ["KafkaTopic", "KafkaUser", "ScaledObject", "PodMonitor"])
def test_a_misspelt_field_of_an_operator_is_found(kind: str) -> None:
    """The operators' schemas refuse a field that they do not know."""
    schema = json.loads(SCHEMAS[kind].read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError, match="replcas"):
        jsonschema.validate(misspelt(kind), schema, jsonschema.Draft7Validator)


@pytest.mark.parametrize("kind", ["Deployment", "NetworkPolicy", "PodDisruptionBudget"])
def test_a_misspelt_field_of_kubernetes_is_found(kind: str) -> None:
    """Kubernetes' schemas refuse a field that they do not know."""
    with pytest.raises(kubernetes_validate.ValidationError, match="replcas"):
        kubernetes_validate.validate(misspelt(kind), VERSIONS[-1], strict=True)
