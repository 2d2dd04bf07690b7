"""What a service gives to the engine: which topics, which function, in which portions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.messages.record import Output, Record
from services.messages.rejection import RejectedError

# What a service makes of one record: the record to write, several of them (of which the first is
# what the record has become), or why there is none. `made_of` is the one place that takes it apart.
Result = Output | Sequence[Output] | RejectedError
# A function without I/O that gives one result for each record, in their order.
Process = Callable[[Sequence[Record]], Sequence[Result]]
# Makes the dead letter of a record.
Reject = Callable[[Record, RejectedError], Output]


@dataclass(frozen=True)
class Job:
    """What a service does with the records of its topic.

    Args:
        topic: Read from.
        group: The consumer group.
        process: Makes the results.
        reject: Makes dead letters.
        output_topics: All that it may write to, that of the dead letters among them.
        batch_records: How many records one transaction processes at most.
        batch_bytes: How large a batch may be for one partition.
        fetch_bytes: How much of a partition may wait in memory.
        linger_seconds: From one transaction of a partition to its next, at least.
        fenced_seconds: How long a fenced worker waits before it starts afresh.
    """

    topic: str
    group: str
    process: Process
    reject: Reject
    output_topics: frozenset[str]
    batch_records: int
    batch_bytes: int
    fetch_bytes: int
    linger_seconds: float
    fenced_seconds: float
