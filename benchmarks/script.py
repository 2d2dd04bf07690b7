"""Starts contestants that are modules of this folder, each as a process of its own."""

import sys
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.job import READY, Job
from benchmarks.turn import Contestant
from services.errors import TriageError
from services.local.child import ChildProcess

START_SECONDS = 60.0


class Script:
    """A contestant that was started, and may not be ready yet.

    Args:
        stack: Kills it.
        name: What the table calls it.
        command: The module, and the arguments that come before the job.
        job: What it is to do.
        folder: For its log, which is named after its consumer group.
    """

    def __init__(
        self, stack: ExitStack, name: str, command: tuple[str, ...], job: Job, folder: Path
    ) -> None:
        self._name = name
        self._job = job
        self._log = folder / f"{job.group}.log"
        run = [sys.executable, "-m", *command, job.argument]
        self._process = ChildProcess(run, folder=Path.cwd(), log=self._log)
        stack.callback(self._process.kill)

    def when_ready(self) -> Contestant:
        """Wait until it is ready.

        Raises:
            TriageError: It is not after a minute, or has ended.
        """
        deadline = time.monotonic() + START_SECONDS
        while READY not in self._log.read_text(encoding="utf-8").splitlines():
            self.check()
            if time.monotonic() > deadline:
                raise TriageError(f"{self._name} does not start: see its log {self._log}.")
            time.sleep(0.05)
        return Contestant(
            name=self._name,
            pid=self._process.pid,
            group=self._job.group,
            reads=self._job.reads,
            writes=frozenset({self._job.writes}),
            check=self.check,
        )

    def check(self) -> None:
        """See that it runs.

        Raises:
            TriageError: It does not; the sentence names its log.
        """
        if self._process.exit_code is not None:
            raise TriageError(f"{self._name} has ended: see its log {self._log}.")
