"""One turn of one contestant: a backlog, the time and the CPU time it took, and a check."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from aiokafka.admin import RecordsToDelete

from benchmarks.backlog import backlog
from benchmarks.effort import PARTITIONS
from benchmarks.outputs import read_outputs
from benchmarks.progress import wait_until_answered
from benchmarks.tally import Tally
from benchmarks.usage import usage_of
from benchmarks.work import Work
from services.local.clients import an_admin

# For a process to have done with whatever the turn before left it to do.
SETTLE_SECONDS = 0.3
# Records that a turn has deleted leave the disk while the next turns are taken.
TIDY = {
    "log.segment.bytes": str(64 * 1024 * 1024),
    "log.retention.check.interval.ms": "5000",
    "log.segment.delete.delay.ms": "1000",
}


@dataclass(frozen=True)
class Contestant:
    """A process that is ready, and waits for records; `check` raises where it has ended.

    `others` are the process ids of further members of its group, where it has any.
    """

    name: str
    pid: int
    group: str
    reads: str
    writes: frozenset[str]
    check: Callable[[], None]
    others: tuple[int, ...] = ()
    partitions: int = PARTITIONS


class Turn(NamedTuple):
    """What it took to answer so many records, lines or texts."""

    answered: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int

    @property
    def per_second(self) -> float:
        """How many a second."""
        return self.answered / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """How many for each second of CPU time of the processes, user and system."""
        return self.answered / self.cpu_seconds


async def take_turn(servers: str, contestant: Contestant, work: Work, numbers: range) -> Turn:
    """Hand out records, and measure until all are answered.

    The clocks start right before the backlog can be read, when the process has long been ready,
    and stop when its group's offset is at the end: start-up is no part of it, nor is the broker.

    Raises:
        TriageError: The answers are not what they should be, or there are none.
    """
    async with an_admin(servers) as admin:
        async with backlog(servers, contestant.reads, work, numbers, contestant.partitions) as ends:
            await asyncio.sleep(SETTLE_SECONDS)
            began, before = monotonic(), usage_of(contestant.pid, *contestant.others)
        await wait_until_answered(admin, contestant.group, ends, contestant.check)
        seconds = monotonic() - began
        after = usage_of(contestant.pid, *contestant.others)
        tally = Tally(work, numbers)
        written = await read_outputs(servers, contestant.writes, tally)
        tally.check(contestant.name)
        # What was checked goes, so that a long run fits a small disk.
        done = {partition: RecordsToDelete(end) for partition, end in {**ends, **written}.items()}
        await admin.delete_records(done)
    cpu_seconds = after.cpu_seconds - before.cpu_seconds
    return Turn(len(numbers), seconds, cpu_seconds, after.peak_bytes)
