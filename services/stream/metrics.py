"""What Prometheus sees of a stream: one closed list, the same for every service."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import prometheus_client
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector

from services.messages.record import Output, Record
from services.messages.rejection import Rejection
from services.stream.batch_histogram import BatchHistogram

AGE_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400, 604800)
BATCH_RECORDS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500)


class Answers(NamedTuple):
    """What metrics need to know of a batch once its records are gone.

    `born` has, for each record, when the inquiry was received, in seconds since 1970.
    """

    topics: Counter[str]
    rejections: Counter[Rejection]
    born: list[float]


def note(records: Sequence[Record], outputs: Sequence[Output]) -> Answers:
    """Take note of a batch and its answers."""
    return Answers(
        Counter([output.topic for output in outputs]),
        Counter([output.rejection for output in outputs if output.rejection]),
        [
            output.received_at.timestamp() if output.received_at else record.timestamp / 1000
            for record, output in zip(records, outputs, strict=True)
        ],
    )


class StreamMetrics:
    """The metrics of one service's stream; `clock` gives seconds since 1970."""

    def __init__(
        self, registry: CollectorRegistry, *, service: str, version: str, clock: Callable[[], float]
    ) -> None:
        self._clock = clock
        ProcessCollector(registry=registry)
        build = Gauge(
            "triage_build_info", "Which build runs; 1.", ["service", "version"], registry=registry
        )
        build.labels(service, version).set(1)
        self.read = prometheus_client.Counter(
            "triage_records_read_total", "Records read and answered.", registry=registry
        )
        self.written = prometheus_client.Counter(
            "triage_records_written_total",
            "Records written by committed transactions.",
            ["topic"],
            registry=registry,
        )
        self.rejected = prometheus_client.Counter(
            "triage_rejected_total",
            "Records written to the dead letters.",
            ["reason"],
            registry=registry,
        )
        self.transactions = prometheus_client.Counter(
            "triage_transactions_total",
            "Transactions, by how they ended: committed, failed, or fenced by another worker.",
            ["result"],
            registry=registry,
        )
        self.batch = Histogram(
            "triage_batch_records",
            "Records answered by one transaction.",
            registry=registry,
            buckets=BATCH_RECORDS,
        )
        self.age = BatchHistogram(
            "triage_inquiry_age_seconds",
            "From received_at (or else the record's timestamp) to the commit of the answer.",
            AGE_SECONDS,
            registry,
        )
        self.lag = Gauge(
            "triage_lag_records",
            "Records of an assigned partition that wait to be read.",
            ["topic", "partition"],
            registry=registry,
        )
        self.partitions = Gauge(
            "triage_assigned_partitions", "Partitions that this process works.", registry=registry
        )
        self.ready = Gauge("triage_ready", "1 where /readyz says yes.", registry=registry)
        self.brake = Gauge(
            "triage_brake", "1 where too much would be rejected to go on.", registry=registry
        )
        for reason in Rejection:
            self.rejected.labels(reason)
        for result in ("committed", "failed", "fenced"):
            self.transactions.labels(result)

    def committed(self, answers: Answers) -> None:
        """Count one committed transaction."""
        self.transactions.labels("committed").inc()
        self.read.inc(len(answers.born))
        self.batch.observe(len(answers.born))
        for topic, count in answers.topics.items():
            self.written.labels(topic).inc(count)
        for reason, count in answers.rejections.items():
            self.rejected.labels(reason).inc(count)
        now = self._clock()
        self.age.observe([now - born for born in answers.born])

    def lagging(self, partition: TopicPartition, records: int | None) -> None:
        """Set how many records of a partition wait, once that is known."""
        if records is not None:
            self.lag.labels(partition.topic, partition.partition).set(records)

    def assigned(self, partitions: Sequence[TopicPartition]) -> None:
        """Set which partitions this process works, and forget the lag of all others."""
        self.partitions.set(len(partitions))
        self.lag.clear()
