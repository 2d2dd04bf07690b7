import asyncio
import os
import socket
from pathlib import Path

import pytest

from services.local.child_process import ChildProcess
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.processes.service_process import ServiceProcess
from tests.broker.at_rest import until
from tests.broker.pipeline import Pipeline
from tests.tools import TRIAGE
from tests.warm import run_to_end


@pytest.mark.parametrize("name", ["classifier", "router", "settler"])
async def test_every_way_of_starting_starts_the_same(
    pipeline: Pipeline, tmp_path: Path, name: str
) -> None:
    """`triage NAME` starts what `python -m services NAME` does."""
    service = pipeline.service(name)  # asked, and never started
    settings = pipeline.environment | {f"{name}_HTTP_PORT".upper(): str(service.port)}
    child = ChildProcess(
        [TRIAGE, name],
        folder=tmp_path,
        log=tmp_path / "child.log",
        environment={**os.environ, **settings},
    )
    try:
        await until(lambda: asyncio.to_thread(service.ready))
    finally:
        exit_code = await asyncio.to_thread(child.stop, 10)
    assert exit_code == 0


def test_a_missing_topic_is_named(kafka: EmbeddedKafka, tmp_path: Path, prefix: str) -> None:
    """A service whose topics do not exist exits 2 and names them and the command to make them."""
    settings = {"ROUTER_INPUT_TOPIC": f"{prefix}moon"}
    with ServiceProcess(
        "router", kafka.bootstrap_servers, tmp_path, environment=settings
    ) as service:
        assert service.wait(30) == 2
        last = service.log.read_text().splitlines()[-1]
    assert last.startswith("triage: These topics do not exist")
    assert f"{prefix}moon" in last
    assert "triage topics" in last


@pytest.mark.parametrize(
    ("name", "settings", "named"),
    [
        ("classifier", {"CLASSIFIER_MODEL": "/nonexistent/model"}, "/nonexistent/model"),
        ("router", {"ROUTER_MODELS": "/nonexistent/model"}, "/nonexistent/model"),
        ("router", {"ROUTER_ROUTES": "/nonexistent/routes.toml"}, "/nonexistent/routes.toml"),
        ("classifier", {"CLASSIFIER_HTTP_PORT": "eighty"}, "CLASSIFIER_HTTP_PORT"),
        ("router", {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "KAFKA_SASL_USERNAME"),
        ("desk", {"DESK_LOGIN": "none", "DESK_HTTP_HOST": "0.0.0.0"}, "DESK_HTTP_HOST"),  # noqa: S104
        ("desk", {}, "DESK_SECRET_FILE"),
    ],
)
def test_a_wrong_setting_ends_the_start_in_one_sentence(
    name: str, settings: dict[str, str], named: str
) -> None:
    """A service that cannot start as it is set exits 2 and names what is wrong, in one line."""
    ended = run_to_end([name], settings)
    assert ended.code == 2
    [line] = ended.errors.splitlines()
    assert line.startswith("triage: ")
    assert named in line


@pytest.mark.parametrize("name", ["classifier", "router", "settler"])
def test_a_taken_port_is_named(name: str) -> None:
    """A service whose HTTP port is taken exits 2 and names the port and its setting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        settings = {f"{name}_HTTP_PORT".upper(): port, f"{name}_HTTP_HOST".upper(): "127.0.0.1"}
        ended = run_to_end([name], settings)
    assert ended.code == 2
    [line] = ended.errors.splitlines()
    assert port in line
    assert f"{name}_HTTP_PORT".upper() in line
