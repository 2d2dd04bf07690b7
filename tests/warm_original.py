"""Imports what a command of `triage` runs, once, and becomes a copy of itself to run it.

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

# What each command imports when it runs.
IMPORTED = {
    "check": "services.training.check",
    "classifier": "services.classifier.app",
    "classify": "services.offline.command",
    "compare": "services.training.lesson_commands",
    "desk": "services.desk.app",
    "doctor": "services.operate.doctor.command",
    "evaluate": "services.training.commands",
    "lessons": "services.operate.lessons.command",
    "load": "services.local.load.command",
    "manifests": "services.operate.manifests",
    "rejected": "services.operate.dead_letters.commands",
    "review": "services.local.reviewers.command",
    "router": "services.router.app",
    "routes": "services.router.starter_table",
    "settler": "services.settler.app",
    "thresholds": "services.training.lesson_commands",
    "topics": "services.operate.doctor.doubts",
    "train": "services.training.commands",
}


def arguments_of_a_copy() -> list[str]:
    """Start copies until nobody asks any more; returns in each copy, with what that is to run."""
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        if "ended" in asked:
            answer = exit_code_of(asked["ended"])
        else:
            arguments = asked["arguments"]
            import_module(IMPORTED.get(arguments[0], "services.cli"))
            gc.freeze()  # lest a copy looks through all that, and so has it copied
            answer = os.fork()
            if not answer:
                become(**asked)
                return ["triage", *arguments]
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
    sys.argv = arguments_of_a_copy()
    main()
