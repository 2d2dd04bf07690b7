"""Imports what `triage` runs, and becomes a copy of itself for each command that it is given.

Reads requests and writes answers, as JSON, a line each; see `tests.warm`.
"""

import gc
import json
import os
import signal
import sys
from importlib import import_module
from typing import Any

from services.cli import main

IMPORTED = (
    "services.classifier.app",
    "services.desk.app",
    "services.operate.dead_letters.commands",
    "services.operate.doctor.command",
    "services.operate.doctor.doubts",
    "services.operate.lessons.command",
    "services.operate.topics",
    "services.router.app",
    "services.settler.app",
)


def arguments_of_a_copy() -> list[str]:
    """Start copies until nobody asks any more; returns in each copy, with what that is to run."""
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        if "ended" in asked:
            answer = exit_code_of(asked["ended"])
        elif not (answer := os.fork()):
            become(**asked)
            return ["triage", *asked["arguments"]]
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
    os.killpg(0, signal.SIGKILL)
    raise AssertionError("unreachable")


def exit_code_of(pid: int) -> int | None:
    """Return a copy's exit code as `subprocess` would, or None while it runs."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def become(environment: dict[str, str], folder: str, streams: list[str], **_: Any) -> None:
    """Have an environment, a working folder and standard streams of one's own."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, (path, flags) in enumerate(
        zip(streams, (os.O_RDONLY, APPEND, APPEND), strict=True)
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)


APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT

if __name__ == "__main__":
    for name in IMPORTED:
        import_module(name)
    gc.freeze()  # lest a copy looks through all that, and so has it copied
    sys.argv = arguments_of_a_copy()
    main()
