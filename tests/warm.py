"""Starts `triage` as a copy of a Python that has imported it already, which saves each its second.

A copy is a process of its own, with an environment, streams and signals of its own, and runs the
same `main` as the command does. What it does not show is that the command starts from nothing:
tests/broker/test_start.py and the demo's tests do that.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import IO, Any, NamedTuple

from services.local.child_process import ChildProcess
from services.local.processes.service_process import ServiceProcess

ORIGINAL = Path(__file__).with_name("warm_original.py")
PAUSE = 0.01
LIMIT = 300.0


class Original:
    """The Python that is copied; it kills its copies when this one ends, in whatever way."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(ORIGINAL)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Threads would be none of a copy's; and no copy sees this, it has its own environment.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )

    def ask(self, **request: Any) -> Any:
        """Have it start a copy, and return its process id; or tell how a copy has ended."""
        asked, answers = self._streams()
        with self._lock:
            asked.write(json.dumps(request).encode() + b"\n")
            asked.flush()
            return json.loads(answers.readline())

    def end(self) -> None:
        """Kill it and its copies."""
        with self._process, suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _streams(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


@cache
def original() -> Original:
    """Return the one that all tests of this Python use."""
    original = Original()
    atexit.register(original.end)
    return original


class Copy(ChildProcess):
    """A copy that runs one command of `triage`, to be treated as any child process.

    Args:
        arguments: of the command.
        environment: its environment variables.
        output: the file to which its output is added.
        errors: that for its errors; with the output when None.
        given: the file that it reads as its standard input.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        output: Path,
        errors: Path | None = None,
        given: Path = Path(os.devnull),
    ) -> None:
        self._code: int | None = None
        self._pid: int = original().ask(
            arguments=arguments,
            environment=dict(environment),
            folder=str(Path.cwd()),
            streams=[str(each.absolute()) for each in (given, output, errors or output)],
        )

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def exit_code(self) -> int | None:
        if self._code is None:
            self._code = original().ask(ended=self._pid)
        return self._code

    def stop(self, limit: float) -> int:
        try:
            self.thaw()
            self._send(signal.SIGTERM)
            with suppress(TimeoutError):
                return self.wait(limit)
        finally:
            self.kill()
        return self.wait(limit)

    def kill(self) -> None:
        self._send(signal.SIGKILL)
        self.wait(float("inf"))

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def wait(self, limit: float) -> int:
        deadline = time.monotonic() + limit
        while (code := self.exit_code) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"It still runs after {limit:.0f} seconds.")
            time.sleep(PAUSE)
        return code

    def _send(self, number: signal.Signals) -> None:
        if self.exit_code is None:
            os.kill(self._pid, number)


class WarmService(ServiceProcess):
    """A replica of a service that is started as a copy, where it is of this Python's release."""

    def start(self) -> None:
        if self._python != sys.executable:
            super().start()
        elif self._child is None or self._child.exit_code is not None:
            self._child = Copy(self._command[-1:], self._environment, self.log)


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    output: str
    errors: str


def run_to_end(arguments: Sequence[str], settings: Mapping[str, str], text: str = "") -> Ended:
    """Run a command to its end, with settings added to the environment and a text to read."""
    with TemporaryDirectory() as folder:
        given, output, errors = (Path(folder, name) for name in ("given", "output", "errors"))
        given.write_text(text, encoding="utf-8")
        copy = Copy(arguments, {**os.environ, **settings}, output, errors, given)
        try:
            code = copy.wait(LIMIT)
        finally:
            copy.kill()
        return Ended(code, output.read_text("utf-8"), errors.read_text("utf-8"))
