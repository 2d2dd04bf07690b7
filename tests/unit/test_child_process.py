import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.local.child_process import ChildProcess
from tests.broker.processes import is_frozen, is_running

# Ignores SIGTERM where told to; says when it is ready, and counts as long as it runs.
COUNTING = """
import itertools, signal, sys, time
if sys.argv[1:] == ["stubborn"]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
for number in itertools.count():
    print(number, flush=True)
    time.sleep(0.01)
"""
# A shell has what it runs in the background ignore Ctrl-C, and so do the tests that start this.
PARENT = """
import signal, time
from pathlib import Path
from services.local.child_process import ChildProcess
signal.signal(signal.SIGINT, signal.default_int_handler)
child = ChildProcess(["sleep", "600"], folder=Path("."), log=Path("child.log"))
print(child.pid, flush=True)
time.sleep(600)
"""


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def counted(folder: Path) -> int:
    return len((folder / "log").read_text().splitlines())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ChildProcess]]:
    started = []

    def start(*arguments: str) -> ChildProcess:
        command = [sys.executable, "-c", COUNTING, *arguments]
        child = ChildProcess(command, folder=tmp_path, log=tmp_path / "log")
        started.append(child)
        until(lambda: counted(tmp_path) > 0)
        return child

    yield start
    for child in started:
        child.kill()


def test_stopping_asks_first(start: Callable[..., ChildProcess]) -> None:
    """A child that is stopped gets SIGTERM, and its exit code says that it ended by it."""
    child = start()
    assert child.exit_code is None
    assert child.stop(10) == -signal.SIGTERM
    assert child.stop(10) == -signal.SIGTERM  # once more does no harm


def test_a_stubborn_child_is_killed(start: Callable[..., ChildProcess]) -> None:
    """A child that does not end within the limit is killed."""
    assert start("stubborn").stop(0.1) == -signal.SIGKILL


def test_a_frozen_child_does_nothing_until_thawed(
    start: Callable[..., ChildProcess], tmp_path: Path
) -> None:
    """A frozen child keeps still, goes on where it was when thawed, and can be stopped frozen."""
    child = start()
    child.freeze()
    until(lambda: is_frozen(child.pid))
    before = counted(tmp_path)
    child.thaw()
    until(lambda: counted(tmp_path) > before)
    child.freeze()
    assert child.stop(10) == -signal.SIGTERM


def test_waiting_has_a_limit(start: Callable[..., ChildProcess]) -> None:
    """Waiting for a child that runs on ends with TimeoutError, and the child is left alone."""
    child = start()
    with pytest.raises(TimeoutError):
        child.wait(0.05)
    assert child.exit_code is None


def test_a_child_has_the_command_s_own_exit_code(tmp_path: Path) -> None:
    """The exit code is that of the command, and its output is in the log."""
    command = [sys.executable, "-c", "print('printed'); raise SystemExit(7)"]
    child = ChildProcess(command, folder=tmp_path, log=tmp_path / "log")
    assert child.wait(10) == 7
    child.kill()
    assert (tmp_path / "log").read_text() == "printed\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_never_outlives_its_parent(tmp_path: Path, number: signal.Signals) -> None:
    """However the Python that started a child ends, the child ends with it."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert is_running(child)
        os.kill(parent.pid, number)
        parent.wait(10)
    until(lambda: not is_running(child))
