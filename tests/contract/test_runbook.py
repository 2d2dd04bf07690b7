import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from tests.contract.manifests import (
    AUTHORITY,
    Manifest,
    container_of,
    environment_of,
    named,
    pod_of,
)
from tests.contract.promql import exposed, unknown_in

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
SERVICES = ROOT / "services"
VERSION = "1.37"  # of Kubernetes: the newest whose schemas there are


def blocks(language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)```", RUNBOOK, flags=re.DOTALL | re.MULTILINE)


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_query_asks_for_what_there_is() -> None:
    """Each query of the runbook names series and labels that the services expose."""
    queries = blocks("promql")
    assert queries
    for query in queries:
        assert unknown_in(query, exposed()) == set()


def test_the_events_are_those_of_the_log() -> None:
    """The runbook explains every event that a service can log, and no other."""
    explained = re.findall(r"`((?:engine|router|settler|desk)\.\w+)`", RUNBOOK)
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(SERVICES.rglob("*.py")))
    logged = re.findall(r'(?:log\.\w+|report)\(\s*"((?:engine|router|settler|desk)\.\w+)"', code)
    assert {*explained} == {*logged}


def test_links_within_the_page_lead_somewhere() -> None:
    """Each link to a section of the runbook has its section."""
    headings = re.findall(r"^#+ (.+)$", RUNBOOK, flags=re.MULTILINE)
    links = re.findall(r"\]\(#([^)]+)\)", RUNBOOK)
    assert {*links} <= {anchor(heading) for heading in headings}


def secrets_of(pod: Manifest) -> dict[str, Any]:
    (volume,) = pod["spec"]["volumes"]
    secrets = [source["secret"] for source in volume["projected"]["sources"]]
    return {secret["name"]: secret["items"] for secret in secrets}


def test_the_operators_pod_connects_as_the_services_do() -> None:
    """The pod for dead letters has a service's image and settings, and the operator's password."""
    (pod,) = [yaml.safe_load(block) for block in blocks("yaml")]
    kubernetes_validate.validate(pod, VERSION, strict=True)
    (container,) = pod["spec"]["containers"]
    settings = {each["name"]: each["value"] for each in container["env"]}
    theirs = environment_of("production", "classifier")
    assert settings == theirs | {"KAFKA_SASL_USERNAME": "operator"}
    assert container["image"] == container_of("production", "classifier")["image"]
    secrets = secrets_of(pod_of("production", "classifier"))
    assert secrets_of(pod) == {"operator": secrets["classifier"], AUTHORITY: secrets[AUTHORITY]}
    assert "operator" in named("production", "KafkaUser")
