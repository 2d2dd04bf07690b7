"""A child process that never outlives this one, and that the terminal's Ctrl-C does not reach."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

# Runs the command in the shell's place, under the shell's process id, with a watcher beside it
# that reads a pipe of which only this Python holds the other end. When Python ends, in whatever
# way, the pipe closes and the watcher kills their process group. The watcher is of that group, so
# as long as it lives the group's number cannot have passed to strangers.
TETHER = 'exec 3<&0; (read -r _ <&3; kill -s KILL 0) & exec "$@" 3<&- </dev/null'


class ChildProcess:
    """Starts a command that ends with this Python at the latest, also where that is killed (-9).

    Its session is its own: who started it stops it, in the order that suits.

    Args:
        command: program and arguments.
        folder: its working folder.
        log: the file to which its output is added.
        environment: its environment variables; ours when None.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # what to run is the caller's decision
                ["/bin/sh", "-c", TETHER, "sh", *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code, negative for a signal, or None while it runs."""
        return self._process.poll()

    def stop(self, limit: float) -> int:
        """Ask it to end (SIGTERM), kill it after `limit` seconds, and give its exit code."""
        try:
            self.thaw()
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(limit)
        finally:
            self.kill()
        return self._process.returncode

    def kill(self) -> None:
        """Kill it and all that it started (SIGKILL), and wait until it is gone."""
        if self._process.stdin is None or self._process.stdin.closed:
            return  # done before: by now the group's number may be another's
        # macOS answers a group of which only an ended process is left with PermissionError.
        with self._process, suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Freeze it (SIGSTOP): its connections stay open and it does nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on where it was frozen (SIGCONT)."""
        self._process.send_signal(signal.SIGCONT)

    def wait(self, limit: float) -> int:
        """Wait for its end and give its exit code.

        Raises:
            TimeoutError: it still runs after `limit` seconds.
        """
        try:
            return self._process.wait(limit)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"It still runs after {limit:.0f} seconds.") from None
