"""Reads records of a partition by their offsets: near ones together."""

from collections.abc import Collection, Sequence

from aiokafka.errors import KafkaError, LeaderNotAvailableError, OffsetOutOfRangeError

from services.kafka.lenient_records import Fetched, fetched
from services.kafka.partition_client import PartitionClient
from services.messages.record import Record

# What is asked for at a time: a record or two where one is wanted, and more where many are. A
# broker answers with a whole batch at least, whatever its size.
LEAST_BYTES, RECORD_BYTES, MOST_BYTES = 8 * 1024, 2 * 1024, 1024 * 1024
NO_WAIT = 0  # what is asked for is there
# Offsets that are no further apart are read together.
NEAR = 16


class SingleRecordsOf(PartitionClient):
    """Reads single records of one partition."""

    async def read(self, offsets: Collection[int]) -> tuple[int, dict[int, Record]]:
        """Read the committed records at some offsets; see `SingleRecords`."""
        for _ in range(self.tries):
            begins, ends = await self.begins(), await self.ends()
            if max(offsets, default=-1) >= ends and not await self.is_led():
                await self.look_for_leader()
                continue
            there = sorted(offset for offset in offsets if begins <= offset < ends)
            try:
                return begins, await self._read(there)
            except OffsetOutOfRangeError:  # retention has just taken some
                continue
        raise LeaderNotAvailableError(self.partition)

    async def _read(self, offsets: Sequence[int]) -> dict[int, Record]:
        found = dict[int, Record]()
        for run in _runs(offsets):
            wanted, following = set(run), run[0]
            while following <= run[-1]:
                records, following = await self._read_from(following, run[-1])
                found |= {each.offset: each for each in records if each.offset in wanted}
        return found

    async def _read_from(self, offset: int, last: int) -> tuple[list[Fetched], int]:
        """Read on from an offset, no further than what one answer holds or the last that counts."""
        most = last - offset + 1
        size = min(LEAST_BYTES + most * RECORD_BYTES, MOST_BYTES)
        records, following = next(await self.fetch(offset, size, NO_WAIT, most, fetched))
        if following <= offset:
            raise KafkaError(f"the broker gave nothing of offset {offset}, which it says it has")
        return records, following


def _runs(offsets: Sequence[int]) -> list[list[int]]:
    """Part ascending offsets where so many lie between two that they are better read apart."""
    runs: list[list[int]] = []
    for offset in offsets:
        if runs and offset - runs[-1][-1] <= NEAR:
            runs[-1].append(offset)
        else:
            runs.append([offset])
    return runs
