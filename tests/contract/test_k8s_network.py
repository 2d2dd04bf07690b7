from typing import Any

import pytest

from tests.contract.manifests import OVERLAYS, SERVICES, build, environment_of, named, pod_of

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


def policies(overlay: str) -> dict[str, dict[str, Any]]:
    return {name: each["spec"] for name, each in named(overlay, "NetworkPolicy").items()}


@pytest.mark.parametrize("service", SERVICES)
def test_the_policies_are_for_the_services(overlay: str, service: str) -> None:
    """Each policy is for the pods of both services, and not for Kafka's beside them."""
    labels = pod_of(overlay, service)["metadata"]["labels"]
    for policy in policies(overlay).values():
        selected = policy["podSelector"]["matchLabels"]
        assert selected == {"app.kubernetes.io/part-of": "inquiry-triage"}
        assert selected.items() <= labels.items()


def test_nothing_is_allowed_by_default(overlay: str) -> None:
    """Whatever no other policy allows is denied, in both directions."""
    denied = policies(overlay)["default-deny"]
    assert set(denied) == {"podSelector", "policyTypes"}
    assert denied["policyTypes"] == ["Ingress", "Egress"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_reaches_names_and_its_brokers(overlay: str, service: str) -> None:
    """What a pod may ask is a name server and the brokers, each on its own port alone."""
    broker = int(environment_of(overlay, service)["KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2])
    rules = [rule for each in policies(overlay).values() for rule in each.get("egress", [])]
    ports = [(port["protocol"], port["port"]) for rule in rules for port in rule["ports"]]
    assert sorted(ports) == [("TCP", 53), ("TCP", broker), ("UDP", 53)]
    assert all(rule["to"] for rule in rules)


def test_prometheus_alone_asks_the_pods(overlay: str) -> None:
    """What may come in is Prometheus, on the port of the metrics."""
    (rule,) = [rule for each in policies(overlay).values() for rule in each.get("ingress", [])]
    (source,) = rule["from"]
    assert rule["ports"] == [{"protocol": "TCP", "port": "http"}]
    assert source["namespaceSelector"]["matchLabels"]
    assert source["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "prometheus"}


def test_everything_is_in_one_namespace(overlay: str) -> None:
    """Nothing lands where whoever applies it happens to be."""
    assert len({each["metadata"]["namespace"] for each in build(overlay)}) == 1
