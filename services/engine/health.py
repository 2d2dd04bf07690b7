"""Whether a service is alive, and whether it is ready: what its probes answer."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from aiokafka import TopicPartition

# Longer than any one wait of the loop: a read (1 s), or a transaction whose broker is slow (the
# client gives up a request 5 s after a session).
STUCK_SECONDS = 120
# Longer than a slow transaction: what fails for so long, time and again, does not pass by itself.
FAILING_SECONDS = 60
# Longer than any pause before what was refused is tried again, 5 s and the attempt itself.
REFUSED_SECONDS = 10


@dataclass
class Health:
    """The state behind `/livez` and `/readyz`; `clock` is monotonic, in seconds.

    `why_held` says why the loop reads nothing though it could, or None.
    """

    clock: Callable[[], float]
    broker_reachable: bool = False
    assigned: bool = False
    why_held: Callable[[], str | None] = field(default=lambda: None)
    _refused: dict[str, float] = field(default_factory=dict)
    _beats: dict[TopicPartition, float] = field(default_factory=dict)
    _rounds: dict[TopicPartition, float] = field(default_factory=dict)
    _failures: dict[TopicPartition, str] = field(default_factory=dict)

    @property
    def advanced(self) -> float | None:
        """When the loop of the partition that is furthest behind has last advanced, if any."""
        return min(self._beats.values(), default=None)

    def beat(self, partition: TopicPartition) -> None:
        """Note that the loop of a partition has advanced."""
        if partition in self._beats:  # one that is just ending does not count any more
            self._beats[partition] = self.clock()

    def opening(self, partition: TopicPartition) -> None:
        """Note that what has to be known of a partition is still being read, and gets on.

        That takes as long as it takes. One that has failed is only as ready as the loop it comes
        to: it may fail at the same place for ever.
        """
        self.beat(partition)
        if partition in self._rounds and partition not in self._failures:
            self._rounds[partition] = self.clock()

    def went_round(self, partition: TopicPartition) -> None:
        """Note that the loop of a partition has read, and written what there was to write."""
        if partition in self._rounds:
            self._rounds[partition] = self.clock()
        self._failures.pop(partition, None)

    def failed(self, partition: TopicPartition, how: str) -> None:
        """Note that the loop of a partition has failed; it will be tried again."""
        self._failures[partition] = how

    def assigned_to(self, partitions: Collection[TopicPartition]) -> None:
        """Note which partitions the group has given to this process; none is an answer too."""
        self.assigned = True
        self._beats = dict.fromkeys(partitions, self.clock())
        self._rounds = dict(self._beats)

    def revoked(self) -> None:
        """Note that the group is about to give the partitions out anew."""
        self.assigned = False
        self._beats.clear()
        self._rounds.clear()
        self._failures.clear()

    def refuse(self, reason: str) -> bool:
        """Note that Kafka refuses what the service needs, and tell whether that is news."""
        known = reason in self._refusals()
        self._refused[reason] = self.clock()
        return not known

    def why_not_live(self) -> str | None:
        """Say why the process should be restarted, or None.

        One partition that stands still is enough: the client library has hung before, and the
        others tell nothing about it.

        A broker that is away is no reason: the service waits for it, and a restart would not
        bring it back.
        """
        since = self.clock() - STUCK_SECONDS
        stuck = [each for each, at in self._beats.items() if at < since]
        if stuck and self.broker_reachable:
            return f"{_named(stuck[0])} has not been read for {STUCK_SECONDS} s"
        return None

    def why_not_ready(self) -> str | None:
        """Say what the service still waits for, or None."""
        if refusals := self._refusals():
            return refusals[0]
        if not self.broker_reachable:
            return "the Kafka broker cannot be reached"
        if not self.assigned:
            return "the consumer group has not assigned partitions yet"
        return self._why_failing() or self.why_held()

    def _why_failing(self) -> str | None:
        since = self.clock() - FAILING_SECONDS
        failing = [each for each, at in self._rounds.items() if at <= since]
        if not failing:
            return None
        how = self._failures.get(failing[0], "no error, it waits")
        return (
            f"{_named(failing[0])} has not got on for {FAILING_SECONDS} s ({how}): see the "
            "service's log and the broker's"
        )

    def _refusals(self) -> list[str]:
        now = self.clock()
        return [each for each, at in self._refused.items() if now - at < REFUSED_SECONDS]


def _named(partition: TopicPartition) -> str:
    return f"partition {partition.partition} of {partition.topic}"
