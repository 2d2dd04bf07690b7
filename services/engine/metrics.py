"""What Prometheus sees of a stream: one closed list, the same for every service.

FastStream has a Prometheus middleware. It sits around a handler and so sees none of our records,
which a worker reads and writes itself; and what it counts are messages of a handler, where
operators ask for lag, age, transactions and partitions.
"""

from collections import Counter as CountOf
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry, ProcessCollector

from services.engine.job import Done, Result
from services.engine.made import Made
from services.engine.metric import Counter, Gauge, Histogram, Metric
from services.messages.record import Nothing, Output, Record
from services.messages.rejection import RejectedError, Rejection

BUILD = Gauge("triage_build_info", "Which build runs; 1.", ["service", "version"])
READ = Counter("triage_records_read_total", "Records read and processed.", ["topic"])
WRITTEN = Counter(
    "triage_records_written_total", "Records written by committed transactions.", ["topic"]
)
REJECTED = Counter("triage_rejected_total", "Records written to the dead letters.", ["reason"])
TRANSACTIONS = Counter(
    "triage_transactions_total",
    "Transactions, by how they ended: committed or aborted.",
    ["result"],
)
RESTARTS = Counter(
    "triage_loop_restarts_total",
    "Loops begun anew: that of a partition where it failed or another process fenced it, all of "
    "them where the membership of the group was lost.",
    ["cause"],
)
BATCH = Histogram(
    "triage_batch_records",
    "Records processed by one transaction.",
    unit="records",
    bounds=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500),
)
AGE = Histogram(
    "triage_inquiry_age_seconds",
    "From received_at (or else the record's timestamp) to the commit of the result, by the topic "
    "of the result.",
    ["topic"],
    unit="seconds",
    bounds=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400, 604800),
)
AGES_CLAMPED = Counter(
    "triage_inquiry_ages_clamped_total",
    "Ages that no clock explains, counted as 0 or as a year: received_at, or the record's "
    "timestamp, is more than a minute in the future, or more than a year in the past.",
    ["time"],
)
LAG = Gauge(
    "triage_lag_records",
    "Records of an assigned partition that wait to be read, as the consumer last heard.",
    ["topic", "partition"],
    unit="records",
)
PARTITIONS = Gauge("triage_assigned_partitions", "Partitions that this process works.")
ADVANCED = Gauge(
    "triage_loop_advanced_timestamp_seconds",
    "When the loop of a partition last went round, in seconds since 1970, that of the partition "
    "furthest behind; one that waits for records does so every second. 0 without partitions.",
    unit="seconds",
)
READY = Gauge("triage_ready", "1 where /readyz says yes.")
CIRCUIT_BREAKER_OPEN = Gauge(
    "triage_circuit_breaker_open",
    "1 where too much of a topic would be rejected to go on.",
    ["topic"],
)

METRICS: tuple[Metric, ...] = (
    BUILD,
    READ,
    WRITTEN,
    REJECTED,
    TRANSACTIONS,
    RESTARTS,
    BATCH,
    AGE,
    AGES_CLAMPED,
    LAG,
    PARTITIONS,
    ADVANCED,
    READY,
    CIRCUIT_BREAKER_OPEN,
)
RESULTS = ("committed", "aborted")
CAUSES = ("failed", "fenced", "lost-membership")
TIMES = ("future", "past")
# Clocks differ by seconds, and no inquiry waits for a year: what is beyond says nothing of how long
# people wait, and the sum of all ages would be nothing but that.
SKEW_SECONDS = 60
OLDEST_SECONDS = 365 * 86400

# Once records and outputs are gone, this is what is left of them: it counts them, if they are
# committed.
Count = Done
# Takes note of what a service decided, for metrics of its own.
Note = Callable[[Sequence[Output | Nothing]], Count]


class EngineMetrics:
    """The metrics of one service's stream.

    Args:
        registry: Where they are scraped.
        reads: The topics that it reads.
        writes: Those that it writes.
        note: The service's own.
        clock: Gives seconds since 1970.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        reads: Collection[str],
        writes: Collection[str],
        note: Note,
        clock: Callable[[], float],
    ) -> None:
        self._note = note
        self._clock = clock
        ProcessCollector(registry=registry)
        self._read = READ.on(registry)
        self._written = WRITTEN.on(registry)
        self._rejected = REJECTED.on(registry)
        self._transactions = TRANSACTIONS.on(registry)
        self._restarts = RESTARTS.on(registry)
        self._batch = BATCH.on(registry)
        self._age = AGE.on(registry)
        self._clamped = AGES_CLAMPED.on(registry)
        self._lag = LAG.on(registry)
        self._partitions = PARTITIONS.on(registry)
        self.advanced = ADVANCED.on(registry)
        self.ready = READY.on(registry)
        self.circuit_breaker_open = CIRCUIT_BREAKER_OPEN.on(registry)
        self._show_all(reads, writes)

    def note(self, records: Sequence[Record], results: Sequence[Result], made: Made) -> Count:
        """Take note of a batch and what was made of it, and return what counts them.

        Of each record the age is measured once, by its first output.
        """
        born: dict[str, list[float]] = defaultdict(list)
        further: CountOf[str] = CountOf()
        last = -1
        for index, output in zip(made.sources, made.outputs, strict=True):
            topic, received = output.topic, output.received_at
            if index == last:
                further[topic] += 1
                continue
            last = index
            at = received.timestamp() if received else records[index].timestamp / 1000
            born[topic].append(at)
        rejections = CountOf([each.reason for each in results if isinstance(each, RejectedError)])
        count_decisions = self._note([*made.outputs, *made.nothings])
        topic, read = records[0].topic, len(records)

        def count() -> None:
            self._read.labels(topic).inc(read)
            self._batch.observe([read])
            self._count(born, further, rejections)
            count_decisions()

        return count

    def ended(self, result: str) -> None:
        """Count a transaction."""
        self._transactions.labels(result).inc()

    def restarted(self, cause: str) -> None:
        """Count a loop that begins anew."""
        self._restarts.labels(cause).inc()

    def lagging(self, partition: TopicPartition, records: int | None) -> None:
        """Set how many records of a partition wait, once that is known."""
        if records is not None:
            self._lag.labels(partition.topic, partition.partition).set(records)

    def assigned(self, partitions: Sequence[TopicPartition]) -> None:
        """Set which partitions this process works, and forget the lag of all others."""
        self._partitions.set(len(partitions))
        self._lag.clear()

    def _count(
        self, born: dict[str, list[float]], further: CountOf[str], rejections: CountOf[Rejection]
    ) -> None:
        now = self._clock()
        for topic, times in born.items():
            self._written.labels(topic).inc(len(times))
            ages = [now - at for at in times]
            if min(ages) < 0 or max(ages) > OLDEST_SECONDS:
                ages = self._clamp(ages)
            self._age.observe(ages, topic)
        for topic, written in further.items():
            self._written.labels(topic).inc(written)
        for reason, rejected in rejections.items():
            self._rejected.labels(reason).inc(rejected)

    def _clamp(self, ages: Sequence[float]) -> list[float]:
        self._clamped.labels("future").inc(sum(age < -SKEW_SECONDS for age in ages))
        self._clamped.labels("past").inc(sum(age > OLDEST_SECONDS for age in ages))
        return [min(max(age, 0), OLDEST_SECONDS) for age in ages]

    def _show_all(self, reads: Collection[str], writes: Collection[str]) -> None:
        """Start each count at 0: a rate needs a value before the first that counts."""
        for topic in reads:
            self._read.labels(topic)
        for topic in writes:
            self._written.labels(topic)
            self._age.observe((), topic)
        for reason in Rejection:
            self._rejected.labels(reason)
        for result in RESULTS:
            self._transactions.labels(result)
        for cause in CAUSES:
            self._restarts.labels(cause)
        for time in TIMES:
            self._clamped.labels(time)
