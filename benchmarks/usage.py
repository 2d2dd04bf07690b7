"""What a process has used of the machine, as the kernel counts it."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil


class Usage(NamedTuple):
    """CPU time since the process began, user and system, and its peak of resident memory."""

    cpu_seconds: float
    peak_bytes: int


def usage_of(pid: int) -> Usage:
    """Ask what a process, without its children, has used so far.

    Only Linux keeps the peak for others to ask; elsewhere it is what is resident now.

    Raises:
        psutil.NoSuchProcess: It has ended.
    """
    process = psutil.Process(pid)
    times = process.cpu_times()
    return Usage(times.user + times.system, _peak(pid) or process.memory_info().rss)


def _peak(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
