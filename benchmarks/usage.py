"""What processes have used of the machine, as the kernel counts it."""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil


class Usage(NamedTuple):
    """CPU time since the processes began, user and system, and the highest peak of any's memory."""

    cpu_seconds: float
    peak_bytes: int


def usage_of(*pids: int) -> Usage:
    """Ask what processes, without their children, have used so far.

    Only Linux keeps the peak for others to ask; elsewhere it is what is resident now.

    Raises:
        psutil.NoSuchProcess: One has ended.
    """
    processes = list(map(psutil.Process, pids))
    times = [process.cpu_times() for process in processes]
    peaks = (_peak(process.pid) or process.memory_info().rss for process in processes)
    return Usage(sum(each.user + each.system for each in times), max(peaks))


def _peak(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
