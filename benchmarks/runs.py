"""What one run of a contestant took of the machine, as the kernel counts it."""

from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import psutil

from benchmarks.contestants import Name


class Run(NamedTuple):
    """What it took to answer so many records, lines or texts."""

    answered: int
    seconds: float
    cpu_seconds: float  # of the processes, user and system
    peak_bytes: int = 0  # the highest of any process

    @property
    def per_second(self) -> float:
        """How many a second."""
        return self.answered / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """How many for each second of CPU time."""
        return self.answered / self.cpu_seconds


class Case(NamedTuple):
    """Who runs, and with inquiries of how many characters."""

    name: Name
    length: int


Round = dict[Case, Run]


class Stopwatch:
    """Measures processes, without their children, from now on."""

    def __init__(self, *pids: int) -> None:
        self._processes = [psutil.Process(pid) for pid in pids]
        self._began, self._cpu_began, self._peak = monotonic(), self._cpu_seconds(), 0

    def run(self, answered: int) -> Run:
        """Return what they took so far; psutil.NoSuchProcess where one has ended."""
        seconds, cpu_seconds = monotonic() - self._began, self._cpu_seconds() - self._cpu_began
        self._peak = max(self._peak, *map(peak_bytes, self._processes))
        return Run(answered, seconds, cpu_seconds, self._peak)

    def _cpu_seconds(self) -> float:
        times = [process.cpu_times() for process in self._processes]
        return float(sum(each.user + each.system for each in times))


def peak_bytes(process: psutil.Process) -> int:
    """Ask Linux, which keeps the peak; elsewhere it is what is resident now."""
    with suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return int(process.memory_info().rss)
