from importlib.metadata import version

import pytest

from services.app.http_server import SHUTDOWN_SECONDS
from services.engine.member import DRAIN_SECONDS
from tests.contract.manifests import OVERLAYS, SERVICES, container_of, named, pod_of
from tests.contract.test_metrics import an_app, asking

# The highest memory that was measured, in MB (docs/performance.md).
PEAK = {"classifier": 200, "router": 130, "settler": 200, "desk": 250}

pytestmark = [
    pytest.mark.parametrize("overlay", OVERLAYS),
    pytest.mark.parametrize("service", SERVICES),
]


def megabytes(quantity: str) -> float:
    number = quantity.removesuffix("Mi")
    return int(number) * 1024 * 1024 / 1_000_000


def test_the_container_runs_the_service(overlay: str, service: str) -> None:
    """An image of this release runs the service's own command."""
    container = container_of(overlay, service)
    assert container["command"] == ["triage", service]
    assert container["image"] == f"inquiry-triage/{service}:{version('inquiry-triage')}"


async def test_what_is_asked_over_http_is_served(overlay: str, service: str) -> None:
    """Probes and Prometheus ask for paths that there are, on the port that has them."""
    container = container_of(overlay, service)
    probes = [container[f"{each}Probe"]["httpGet"] for each in ("startup", "liveness", "readiness")]
    scraped = named(overlay, "PodMonitor")[service]["spec"]["podMetricsEndpoints"]
    asked = [(each["port"], each["path"]) for each in (*probes, *scraped)]
    # A service that waits for its broker is alive: to start it again would not help.
    paths = ["/livez", "/livez", "/readyz", "/metrics"]
    assert asked == [("http", path) for path in paths]
    async with asking(an_app(service)) as client:
        found = {path: (await client.get(path)).status_code for path in paths}
    # That is all: nothing has reached a broker.
    assert found == {"/livez": 200, "/readyz": 503, "/metrics": 200}


def test_a_pod_may_end_what_it_has_in_hand(overlay: str, service: str) -> None:
    """A pod is killed only some time after the drain and the server have given up."""
    grace = pod_of(overlay, service)["spec"]["terminationGracePeriodSeconds"]
    assert grace >= 1.5 * (DRAIN_SECONDS + SHUTDOWN_SECONDS)


def test_the_memory_asked_for_is_what_is_used(overlay: str, service: str) -> None:
    """A node has room for the highest memory that was measured, and the limit some to spare."""
    resources = container_of(overlay, service)["resources"]
    asked, limit = (megabytes(resources[each]["memory"]) for each in ("requests", "limits"))
    assert PEAK[service] * 1.25 <= asked
    assert asked * 1.5 <= limit


def test_a_pod_has_nothing_that_it_does_not_need(overlay: str, service: str) -> None:
    """Pods keep to Kubernetes' restricted standard, and hold no token and no writable file."""
    pod = pod_of(overlay, service)["spec"]
    account = named(overlay, "ServiceAccount")[pod["serviceAccountName"]]
    assert account["automountServiceAccountToken"] is False
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container_of(overlay, service)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_what_is_meant_for_a_service_finds_its_pods(overlay: str, service: str) -> None:
    """Deployment, budget, monitor and spread look for labels that its pods have."""
    pod = pod_of(overlay, service)
    kinds = ("Deployment", "PodDisruptionBudget", "PodMonitor")
    selectors = [named(overlay, kind)[service]["spec"]["selector"] for kind in kinds]
    spread = [each["labelSelector"] for each in pod["spec"]["topologySpreadConstraints"]]
    for selector in (*selectors, *spread):
        assert selector["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert selector["matchLabels"]["app.kubernetes.io/name"] == service
