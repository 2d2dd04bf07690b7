from typing import Any

import pytest

from tests.contract.manifests import OVERLAYS, SERVICES, build, environment_of, named, pod_of

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


def policies(overlay: str) -> dict[str, dict[str, Any]]:
    return {name: each["spec"] for name, each in named(overlay, "NetworkPolicy").items()}


def of(overlay: str, service: str) -> dict[str, dict[str, Any]]:
    """Return the policies for a service's pods."""
    name = "app.kubernetes.io/name"
    return {
        policy: spec
        for policy, spec in policies(overlay).items()
        if spec["podSelector"]["matchLabels"].get(name, service) == service
    }


@pytest.mark.parametrize("service", SERVICES)
def test_the_policies_are_for_the_services(overlay: str, service: str) -> None:
    """Each policy is for pods of the services, and none for Kafka's beside them."""
    labels = pod_of(overlay, service)["metadata"]["labels"]
    for policy in of(overlay, service).values():
        selected = policy["podSelector"]["matchLabels"]
        assert selected["app.kubernetes.io/part-of"] == "inquiry-triage"
        assert selected.items() <= labels.items()


def test_nothing_is_allowed_by_default(overlay: str) -> None:
    """Whatever no other policy allows is denied, in both directions."""
    denied = policies(overlay)["default-deny"]
    assert set(denied) == {"podSelector", "policyTypes"}
    assert denied["policyTypes"] == ["Ingress", "Egress"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_reaches_names_and_its_brokers(overlay: str, service: str) -> None:
    """A pod may ask a name server and the brokers, the desk the login, each on one port alone."""
    broker = int(environment_of(overlay, service)["KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2])
    rules = [rule for each in of(overlay, service).values() for rule in each.get("egress", [])]
    ports = [(port["protocol"], port["port"]) for rule in rules for port in rule["ports"]]
    login = [("TCP", 443)] if service == "desk" else []
    assert sorted(ports) == [("TCP", 53), *login, ("TCP", broker), ("UDP", 53)]
    assert all(rule["to"] for rule in rules)


@pytest.mark.parametrize("service", SERVICES)
def test_prometheus_asks_the_pods(overlay: str, service: str) -> None:
    """What may come in is Prometheus, and to the desk the ingress, on the port that is served."""
    rules = [rule for each in of(overlay, service).values() for rule in each.get("ingress", [])]
    sources = [source for rule in rules for source in rule["from"]]
    assert all(rule["ports"] == [{"protocol": "TCP", "port": "http"}] for rule in rules)
    assert all(source["namespaceSelector"]["matchLabels"] for source in sources)
    asking = {source["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for source in sources}
    assert asking == {"prometheus"} | ({"ingress-nginx"} if service == "desk" else set())


def test_everything_is_in_one_namespace(overlay: str) -> None:
    """Nothing lands where whoever applies it happens to be."""
    assert len({each["metadata"]["namespace"] for each in build(overlay)}) == 1
