"""What `kubectl kustomize` makes of k8s/: the manifests as a cluster would get them."""

import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tests.tools import need

K8S = Path(__file__).parents[2] / "k8s"
OVERLAYS = sorted(path.name for path in (K8S / "overlays").iterdir())
# Those whose replicas follow their lag; what waits for the desk waits for people.
SCALED = ("classifier", "router", "settler")
SERVICES = (*SCALED, "desk")
# What Strimzi calls the Secret with the authority of the brokers of the cluster `kafka`.
AUTHORITY = "kafka-cluster-ca-cert"

Manifest = dict[str, Any]


@lru_cache
def build(overlay: str) -> tuple[Manifest, ...]:
    """Build an overlay; skips where there is no kubectl, which in CI is a failure."""
    need("kubectl")
    built = subprocess.run(
        ["kubectl", "kustomize", K8S / "overlays" / overlay],
        check=True,
        capture_output=True,
        text=True,
    )
    return tuple(yaml.safe_load_all(built.stdout))


def named(overlay: str, kind: str) -> dict[str, Manifest]:
    """Return all manifests of a kind by their names."""
    return {each["metadata"]["name"]: each for each in build(overlay) if each["kind"] == kind}


def pod_of(overlay: str, service: str) -> Manifest:
    """Return the template of a service's pods."""
    pod: Manifest = named(overlay, "Deployment")[service]["spec"]["template"]
    return pod


def container_of(overlay: str, service: str) -> Manifest:
    """Return the one container of a service's pods."""
    container: Manifest
    (container,) = pod_of(overlay, service)["spec"]["containers"]
    return container


def environment_of(overlay: str, service: str) -> dict[str, str]:
    """Return the environment of a service's container, ConfigMaps included."""
    container = container_of(overlay, service)
    maps = named(overlay, "ConfigMap")
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        found |= maps[source["configMapRef"]["name"]]["data"]
    return found | {each["name"]: each["value"] for each in container["env"]}


def rules() -> Manifest:
    """Return the rules of alerts, as the file that Prometheus' operator makes of them."""
    text = (K8S / "base" / "monitoring" / "alerts.yaml").read_text(encoding="utf-8")
    spec: Manifest = yaml.safe_load(text)["spec"]
    return spec


def every_rule() -> list[Manifest]:
    """Return each rule, those that record and those that alert, in order."""
    return [rule for group in rules()["groups"] for rule in group["rules"]]


def triggers_of(overlay: str, service: str) -> list[Manifest]:
    """Return what makes KEDA change the number of a service's replicas."""
    triggers: list[Manifest] = named(overlay, "ScaledObject")[service]["spec"]["triggers"]
    return triggers
