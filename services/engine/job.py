"""What a service gives to the engine: which topics, which functions, in which portions."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from aiokafka import TopicPartition

from services.kafka.protocols import Clients
from services.kafka.topic_checks import Use
from services.messages.record import Nothing, Output, Record
from services.messages.rejection import RejectedError

# What a service makes of one record: the record to write, several of them (of which the first is
# what the record has become), that there is to be none, or why there can be none. `made_of` is the
# one place that takes it apart.
Result = Output | Sequence[Output] | Nothing | RejectedError
# A function without I/O that gives one result for each record, in their order.
Process = Callable[[Sequence[Record]], Sequence[Result]]
# Makes the dead letter of a record.
Reject = Callable[[Record, RejectedError], Output]
# What is left to do once a transaction has been committed.
Done = Callable[[], None]


class Work(Protocol):
    """What makes results of one partition's records, with what it knows of those before them.

    It moves on with what was committed and with nothing else: a batch that is given up is followed
    by the same records once more.
    """

    async def prepare(self, records: Sequence[Record]) -> Process:
        """Look up what a batch needs, and give the function that makes its results.

        What the function notes of a record it knows of those after it in the same batch, and only
        there; of a call that fails it notes nothing. The function is called for parts of the batch,
        in order, where it fails on the whole.

        Raises:
            KafkaError: It could not be looked up; nothing is lost by that.
        """

    def note(self, outputs: Sequence[Output]) -> Done:
        """Take note of what is about to be written, and return what makes it known."""


# Tells that something has got on, which may take long.
Beat = Callable[[], None]
# Returns an offset of a partition behind all that was ever committed there, as a broker confirms
# that others follow: one that was cut off from them answers who reads, from what it had.
Latest = Callable[[TopicPartition], Awaitable[int]]


@dataclass(frozen=True)
class Opening:
    """What is known of a partition is rebuilt with. Nobody else writes for it any more.

    Args:
        partition: Which it is.
        offset: From where on it is read next; all before that was answered.
        clients: Make what reads.
        beat: Called with all that is read, or the process is taken to hang.
        latest: Tells how far others have followed.
    """

    partition: TopicPartition
    offset: int
    clients: Clients
    beat: Beat
    latest: Latest


Open = Callable[[Opening], AbstractAsyncContextManager[Work]]


@dataclass(frozen=True)
class Stateful:
    """How a service that keeps state processes records, where others have a function alone."""

    open: Open


@dataclass(frozen=True)
class _Stateless:
    """The work of a service that knows nothing of the records before."""

    process: Process

    async def prepare(self, records: Sequence[Record]) -> Process:  # noqa: ARG002 - as `Work` has it
        return self.process

    def note(self, outputs: Sequence[Output]) -> Done:  # noqa: ARG002
        return _nothing


def _nothing() -> None:
    """Do nothing: there is no state that would move."""


@asynccontextmanager
async def _as_it_is(process: Process) -> AsyncIterator[Work]:
    yield _Stateless(process)


@dataclass(frozen=True)
class Job:
    """What a service does with the records of its topics.

    Args:
        topics: Those that are read, each with what makes the results: by itself, or with state.
        group: The consumer group.
        reject: Makes dead letters.
        output_topics: All that it may write to, that of the dead letters among them.
        beside: Topics that have to have as many partitions as those that are read, since what
            stands on one of these belongs to the partition of the same number.
        uses: What topics are for, as far as they are held against that.
        batch_records: How many records one transaction processes at most.
        batch_bytes: How large a batch may be for one partition.
        fetch_bytes: How much of a partition may wait in memory.
        linger_seconds: From one transaction of a partition to its next, at least; None for what
            `Linger` finds.
        fenced_seconds: How long a fenced worker waits before it starts afresh.
    """

    topics: Mapping[str, Process | Stateful]
    group: str
    reject: Reject
    output_topics: frozenset[str]
    batch_records: int
    batch_bytes: int
    fetch_bytes: int
    linger_seconds: float | None
    fenced_seconds: float
    beside: frozenset[str] = frozenset()
    uses: Mapping[str, Use] = field(default_factory=dict)

    @property
    def alike(self) -> frozenset[str]:
        """The topics that need as many partitions as each other; none where none stand beside."""
        return frozenset({*self.topics, *self.beside}) if self.beside else frozenset()

    def open(self, opening: Opening) -> AbstractAsyncContextManager[Work]:
        """Open a partition: rebuild what is known of it, if anything is."""
        process = self.topics[opening.partition.topic]
        if isinstance(process, Stateful):
            return process.open(opening)
        return _as_it_is(process)
