import re
import tomllib
from typing import Any

import pytest
import yaml

from services.classifier.settings import ClassifierSettings
from services.desk.settings import DeskSettings
from services.router.settings import RouterSettings
from services.settler.settings import SettlerSettings
from tests.contract.dockerfile import ROOT, Stage, lets_through, stages

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
STAGES = stages()
PORTS = {
    name: settings.model_fields["http_port"].default
    for name, settings in (
        ("classifier", ClassifierSettings),
        ("router", RouterSettings),
        ("settler", SettlerSettings),
        ("desk", DeskSettings),
    )
}
# The settler needs what the router does, and so runs in the same environment.
SHARED = {"settler": "router"}
each_image = pytest.mark.parametrize("name", PORTS)


def pod_of(service: str) -> dict[str, Any]:
    manifest = ROOT / "k8s" / "base" / service / "deployment.yaml"
    deployment = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    pod: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return pod


def bases_of(found: dict[str, Stage]) -> set[str]:
    return {stage.base for stage in found.values() if isinstance(stage.base, str)}


def taken_up() -> set[str]:
    """Return the stages that others go on from or copy from."""
    bases = {each.base.name for each in STAGES.values() if isinstance(each.base, Stage)}
    copies = [step for stage in STAGES.values() for step in stage.all("COPY")]
    return bases | {step.flags["from"] for step in copies if "from" in step.flags}


def test_the_base_is_pinned() -> None:
    """The base is a Python that the project names as its own, and one digest of it."""
    (base,) = bases_of(STAGES)
    pinned = re.fullmatch(r"python:(3\.\d+)-slim@sha256:[0-9a-f]{64}", base)
    assert pinned
    assert f"Programming Language :: Python :: {pinned[1]}" in PROJECT["project"]["classifiers"]


def test_the_base_can_be_ones_own() -> None:
    """With PYTHON_IMAGE every stage starts from that image or goes on from another stage."""
    assert bases_of(stages(PYTHON_IMAGE="own")) == {"own"}


def test_the_targets_are_the_images_of_the_pods() -> None:
    """What no other stage takes up is an image, and has the name that Kubernetes asks for."""
    asked = {pod_of(name)["containers"][0]["image"].partition(":")[0] for name in PORTS}
    assert {f"inquiry-triage/{name}" for name in STAGES.keys() - taken_up()} == asked


@each_image
def test_an_image_runs_what_its_pod_runs(name: str) -> None:
    """Without a command an image runs its service, as the user that the pod runs it as."""
    pod, stage = pod_of(name), STAGES[name]
    assert stage.command == pod["containers"][0]["command"]
    user = pod["securityContext"]
    assert stage.last("USER").text == f"{user['runAsUser']}:{user['runAsGroup']}"


@each_image
def test_an_image_is_asked_on_the_port_of_its_service(name: str) -> None:
    """The health check asks the port that the service serves, also where that is set otherwise."""
    assert STAGES[name].last("EXPOSE").text == str(PORTS[name])
    port = f"${{{name.upper()}_HTTP_PORT:-{PORTS[name]}}}"
    assert STAGES[name].last("HEALTHCHECK").words[-1] == port


@each_image
def test_an_image_says_what_it_is(name: str) -> None:
    """Labels give title, the project's version and description, and what the build is told."""
    assert STAGES[name].pairs("LABEL") == {
        f"org.opencontainers.image.{label}": value
        for label, value in {
            "title": f"Inquiry triage: {name}",
            "description": PROJECT["project"]["description"],
            "version": PROJECT["project"]["version"],
            "revision": "$REVISION",
            "created": "$CREATED",
        }.items()
    }
    assert {step.text for step in STAGES[name].all("ARG")} == {"REVISION", "CREATED"}


@each_image
def test_an_image_takes_the_environment_alone(name: str) -> None:
    """Nothing comes into an image but what was installed for its service, owned by root."""
    (copied,) = STAGES[name].all("COPY", "ADD")
    environment = SHARED.get(name, name)
    assert copied.flags == {"from": f"{environment}-environment"}
    assert copied.words == ["/opt/triage", "/opt/triage"]


def test_only_what_was_locked_comes_from_a_registry() -> None:
    """Each step of pip's asks for a hash of every package, or has no registry at all."""
    runs = [step for stage in STAGES.values() for step in stage.all("RUN")]
    steps = [step for step in runs if "-m pip " in step.text]
    asking = [step for step in steps if step.flags.get("network") != "none"]
    assert len(asking) < len(steps)
    assert [
        each for each in asking if not re.search("--(require-hashes|no-index) ", each.text)
    ] == []


def test_a_change_of_code_installs_no_package_anew() -> None:
    """Before locked requirements are installed, only their own lock has come into the stage."""
    copied: dict[str, list[str]] = {}
    for stage in STAGES.values():
        sources: list[str] = []
        for step in stage.all("COPY", "RUN"):
            if step.keyword == "COPY":
                sources += step.words[:-1]
            elif lock := re.search(r"pip install .*-r (\S+)", step.text):
                copied[lock[1]] = [*sources]
    locks = [f"requirements/{name}.txt" for name in ("build", "classifier", "router", "desk")]
    assert copied == {lock: [lock] for lock in locks}


def test_a_build_gets_what_it_copies() -> None:
    """Everything that the Dockerfile copies from the checkout is there and goes into a build."""
    copies = [step for stage in STAGES.values() for step in stage.all("COPY")]
    sources = {word for step in copies if not step.flags for word in step.words[:-1]}
    assert sources
    assert [each for each in sources if not (ROOT / each).exists() or not lets_through(each)] == []


def test_a_build_gets_nothing_else() -> None:
    """No history, test, build or cache goes into a build, nor what is added to the checkout."""
    tops = {path.name for path in ROOT.iterdir()} | {".git", ".venv", "build", "new.pem"}
    let = {name for name in tops if lets_through(name)}
    assert let == {"README.md", "models", "pyproject.toml", "requirements", "schemas", "services"}
    assert not lets_through("services/engine/__pycache__/worker.cpython-313.pyc")
    assert not lets_through("tests/unit/test_model.py")
