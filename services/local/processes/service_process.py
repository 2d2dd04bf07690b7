"""A service as a process of its own, on a Kafka that is already there."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import MappingProxyType
from typing import Self
from urllib.parse import urlencode

from services.engine.circuit_breaker import OPEN as CIRCUIT_BREAKER_OPEN
from services.errors import TriageError
from services.local.child_process import ChildProcess
from services.local.ports import free_ports

READY_LIMIT = 60.0
STOP_LIMIT = 30.0
ANSWER_LIMIT = 5.0


class ServiceProcess:
    """One replica of a service; it never outlives this Python, and its `with` block stops it.

    It can be started again after its end, on the same port and with the same log. Its calls
    block: from asyncio, use `asyncio.to_thread`.

    Args:
        name: `classifier`, `router`, `settler` or `desk`.
        servers: the brokers that it connects to.
        folder: where its log goes, `NAME.log` or `NAME-SUFFIX.log`; it has to exist.
        environment: more settings, by the names that the README lists.
        suffix: tells replicas of one service apart.
        python: which has the release to run.
    """

    def __init__(  # noqa: PLR0913 - which it is, and what it is given
        self,
        name: str,
        servers: str,
        folder: Path,
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
        suffix: str = "",
        python: str = sys.executable,
    ) -> None:
        self.name = f"{name}-{suffix}" if suffix else name
        self.log = folder.absolute() / f"{self.name}.log"
        self.servers = servers
        self.port = next(free_ports())
        self._python = python
        self._command = self._command_of(name)
        self._environment = _environment(name.upper(), servers, self.port) | dict(environment)
        self._child: ChildProcess | None = None

    @property
    def url(self) -> str:
        """Where its metrics and health are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._started().pid

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            self.stop()

    def start(self) -> None:
        """Start the process, which becomes ready by itself; one that runs is left alone."""
        if self._child is not None:
            if self._child.exit_code is None:
                return
            self._child.kill()  # what is left of one that ended
        # Where we are, so that relative paths in its settings mean what they mean to us.
        self._child = ChildProcess(
            self._command, folder=Path.cwd(), log=self.log, environment=self._environment
        )

    def wait_until_ready(self) -> None:
        """Wait until it has its broker and its partitions.

        Raises:
            TriageError: It ended, or is not ready after a minute; the sentence quotes the last
                line of its log and names the log, neither of which has an inquiry's text.
        """
        deadline = time.monotonic() + READY_LIMIT
        while not self.ready():
            self.check()
            if time.monotonic() > deadline:
                raise TriageError(
                    f"The {self.name} is not ready after {READY_LIMIT:.0f} s "
                    f"({self._last_line()}): see its log {self.log}."
                )
            time.sleep(0.05)

    def ready(self) -> bool:
        """Ask it whether it is ready."""
        try:
            return self.get("/readyz")[0] == 200  # noqa: PLR2004 - OK
        except OSError:
            return False

    def why_held(self) -> str | None:
        """Ask it why its circuit breaker is open; None where it is not, or does not answer."""
        try:
            _, reason = self.get("/readyz")
        except OSError:
            return None
        return reason if reason.startswith(CIRCUIT_BREAKER_OPEN) else None

    def get(self, path: str) -> tuple[int, str]:
        """Ask its HTTP server for a path, and give status and body.

        Raises:
            OSError: It does not answer within 5 s.
        """
        return self._ask("GET", path)

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        """Send its HTTP server a form, and give status and body; no redirect is followed.

        Raises:
            OSError: It does not answer within 5 s.
        """
        return self._ask("POST", path, urlencode(fields))

    def _ask(self, method: str, path: str, form: str | None = None) -> tuple[int, str]:
        headers = {} if form is None else {"content-type": "application/x-www-form-urlencoded"}
        # Not urllib's opener: that would go through a proxy where one is set.
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_LIMIT)) as connection:
            try:
                connection.request(method, path, form, headers)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            except HTTPException as error:  # it ended while it answered
                raise ConnectionError(str(error)) from None

    def check(self) -> None:
        """See that it runs.

        Raises:
            TriageError: It does not; the sentence is as for `wait_until_ready`.
        """
        if self._started().exit_code is not None:
            raise TriageError(
                f"The {self.name} has ended ({self._last_line()}): see its log {self.log}."
            )

    def stop(self) -> int:
        """Ask it to end (SIGTERM) and give its exit code; what it has in hand it finishes first.

        One that still runs after 30 s is killed.
        """
        return self._started().stop(STOP_LIMIT)

    def wait(self, limit: float) -> int:
        """Wait for it to end by itself, and give its exit code.

        Raises:
            TimeoutError: it still runs after `limit` seconds.
        """
        return self._started().wait(limit)

    def kill(self) -> None:
        """Kill it (SIGKILL), as a crash would."""
        self._started().kill()

    def freeze(self) -> None:
        """Freeze it (SIGSTOP): its connections stay open and it does nothing."""
        self._started().freeze()

    def thaw(self) -> None:
        """Let it go on where it was frozen (SIGCONT)."""
        self._started().thaw()

    def _command_of(self, name: str) -> Sequence[str]:
        """Return program and arguments to run."""
        # -P, lest a folder `services` that happens to be where we are is taken for ours.
        return (self._python, "-P", "-m", *self._module(name))

    def _module(self, name: str) -> Sequence[str]:
        """Return the module to run, and what to tell it."""
        return ("services", name)

    def _started(self) -> ChildProcess:
        if self._child is None:
            raise TriageError(f"The {self.name} does not run: start it first.")
        return self._child

    def _last_line(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = lines[-1] if lines else "it wrote no log"
        if not (last.startswith("{") and last.endswith("}")):
            return last.removeprefix("triage: ").rstrip(".")
        said = json.loads(last)
        why = said.get("reason") or said.get("error")
        return f"{said['event']}: {why}" if why else str(said["event"])


def _environment(prefix: str, servers: str, port: int) -> dict[str, str]:
    """Return our environment without its own Kafka, whose security would not fit this one's."""
    ours = os.environ  # noqa: TID251 - passed on, not read
    return {name: value for name, value in ours.items() if not name.startswith("KAFKA_")} | {
        "KAFKA_BOOTSTRAP_SERVERS": servers,
        f"{prefix}_HTTP_HOST": "127.0.0.1",
        f"{prefix}_HTTP_PORT": str(port),
        f"{prefix}_LOG_FORMAT": "json",
    }
