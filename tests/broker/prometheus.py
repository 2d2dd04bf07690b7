"""A real Prometheus, which scrapes the services of a test and evaluates rules every second."""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from services.local.child_process import ChildProcess
from services.local.ports import free_ports
from services.local.processes.service_process import ServiceProcess
from tests.tools import need

START_LIMIT = 30.0
STOP_LIMIT = 10.0


class Prometheus:
    """One process on 127.0.0.1, which its `with` block starts and stops.

    Skips where there is no Prometheus, which in CI is a failure. Its calls block: from asyncio, use
    `asyncio.to_thread`.

    Args:
        folder: for its configuration, its data and its log; it has to exist.
        jobs: the service that each job scrapes.
        rules: a rules file's content.
    """

    def __init__(
        self, folder: Path, jobs: Mapping[str, ServiceProcess], rules: Mapping[str, Any]
    ) -> None:
        need("prometheus")
        self._folder = folder
        self._address = f"127.0.0.1:{next(free_ports())}"
        self._client = httpx.Client(base_url=f"http://{self._address}", trust_env=False)
        # JSON is YAML as well.
        (folder / "rules.yml").write_text(json.dumps(rules), encoding="utf-8")
        (folder / "prometheus.yml").write_text(json.dumps(_configuration(jobs)), encoding="utf-8")

    def __enter__(self) -> Self:
        options = {
            "config.file": "prometheus.yml",
            "storage.tsdb.path": "data",
            "web.listen-address": self._address,
        }
        self._process = ChildProcess(
            ["prometheus", *(f"--{name}={value}" for name, value in options.items())],
            folder=self._folder,
            log=self._folder / "prometheus.log",
        )
        try:
            self._wait_until_ready()
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._process.stop(STOP_LIMIT)

    def values(
        self, expression: str, start: float, end: float, *, instant: bool = False
    ) -> list[float]:
        """Return every value of an expression within some time, or an instant one at its end.

        Times are in seconds since 1970; between two values is a second.
        """
        if instant:
            found = self.get("query", query=expression, time=end)
            series = [[each["value"]] for each in found["result"]]
        else:
            found = self.get("query_range", query=expression, start=start, end=end, step=1)
            series = [each["values"] for each in found["result"]]
        values = [float(value) for each in series for _, value in each]
        return [value for value in values if not math.isnan(value)]

    def firing(self) -> set[str]:
        """Return the names of the alerts that fire now."""
        alerts = self.get("alerts")["alerts"]
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}

    def get(self, path: str, **parameters: str | float) -> Any:
        """Ask a path of its API.

        Raises:
            AssertionError: It says that something is wrong, such as an expression.
        """
        response = self._client.get(f"/api/v1/{path}", params=parameters).json()
        assert response["status"] == "success", response["error"]
        return response["data"]

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        while not self._is_ready():
            log = (self._folder / "prometheus.log").read_text(encoding="utf-8")
            assert self._process.exit_code is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.02)

    def _is_ready(self) -> bool:
        try:
            return self._client.get("/-/ready").is_success
        except httpx.TransportError:
            return False


def _configuration(jobs: Mapping[str, ServiceProcess]) -> Mapping[str, Any]:
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{service.port}"]}]}
            for job, service in jobs.items()
        ],
    }
