"""What the loop asks of a Kafka client: aiokafka's classes have it, and so do tests' own."""

from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from services.messages.record import Header, Record


class MembershipError(KafkaError):  # type: ignore[misc]  # aiokafka has no types
    """A member of a group that has come to a standstill: only a new member goes on."""


class Batch(Protocol):
    """Records on their way to one partition."""

    def append(
        self,
        *,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: list[Header],
    ) -> object | None:
        """Add a record; None says that the batch is full."""

    def size(self) -> int:
        """Return the bytes it takes so far."""


class Producer(Protocol):
    """A transactional producer."""

    async def start(self) -> None:
        """Connect, fence the previous producer of the same id and end its transaction."""

    async def stop(self) -> None:
        """Disconnect."""

    async def partitions_for(self, topic: str) -> set[int]:
        """Return the partitions of a topic."""

    def transaction(self) -> Any:  # noqa: ANN401 - an async context manager of the client's own
        """Begin a transaction that commits at the end of the block, or aborts on an error."""

    def create_batch(self) -> Batch:
        """Make an empty batch."""

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> Awaitable[Any]:
        """Queue a batch; where it lies, as `offset`, is there when the broker has it."""

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, int], group_id: str
    ) -> None:
        """Make the group's new offsets part of the transaction."""

    async def committed(self, partition: TopicPartition, group_id: str) -> int | None:
        """Ask for the group's offset in a partition, in a transaction that has sent some.

        It is asked of the coordinator that took those, which it does only where others follow it:
        one that is cut off from them does not know so, and tells what was committed before.
        """


class Consumer(Protocol):
    """A member of a consumer group."""

    async def start(self) -> None:
        """Connect and join the group."""

    async def stop(self) -> None:
        """Leave the group and disconnect."""

    def subscribe(self, topics: Sequence[str], *, listener: ConsumerRebalanceListener) -> None:
        """Name the topics to read and who hears of their partitions."""

    def check(self) -> None:
        """See that the member takes part in its group, or will once it is let in.

        Raises:
            MembershipError: It does not, and never will again.
        """

    def assignment(self) -> set[TopicPartition]:
        """Return the partitions this member has."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from an offset."""

    async def seek_to_beginning(self, *partitions: TopicPartition) -> object:
        """Read on from the oldest record."""

    async def getmany(
        self, partition: TopicPartition, *, timeout_ms: int, max_records: int | None
    ) -> dict[TopicPartition, list[Record]]:
        """Wait for records of a partition, at most so long."""

    async def position(self, partition: TopicPartition) -> int:
        """Return the offset of the next record to read."""

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        """Return the end of what a `read_committed` consumer may read, as last heard."""


class Reader(Protocol):
    """Reads a whole topic, as a member of no group."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""

    def assignment(self) -> set[TopicPartition]:
        """Return the topic's partitions; none where there is no such topic."""

    async def seek_to_beginning(self, *partitions: TopicPartition) -> object:
        """Read on from the oldest record."""

    async def end_offsets(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Return the end of what a `read_committed` consumer may read of each partition."""

    async def getmany(
        self, partition: TopicPartition, *, timeout_ms: int, max_records: int | None
    ) -> dict[TopicPartition, list[Record]]:
        """Wait for records of a partition, at most so long."""

    async def position(self, partition: TopicPartition) -> int:
        """Return the offset of the next record to read."""


class Follower(Reader, Protocol):
    """Reads some partitions from where it is told, and goes on, as a member of no group."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from an offset."""


class Asker(Protocol):
    """Asks where partitions begin and end, over a connection of its own.

    On one that reads, a question waits behind that for as long as nothing comes, half a second.
    """

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""

    async def end_offsets(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Return the end of what a `read_committed` consumer may read of each partition."""

    async def beginning_offsets(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Return the offset of the oldest record that is kept of each partition."""

    async def offsets_for_times(
        self, timestamps: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, Any]:
        """Return the first offset of each partition from a time on (ms), or None behind the end."""


class Appender(Protocol):
    """Appends records, each as often as once, without a transaction."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect, once what waits was sent."""

    async def send(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        *,
        partition: int | None,
        headers: list[Header],
    ) -> Any:  # noqa: ANN401 - a future of the client's own
        """Queue a record; the result of what is returned has its offset once brokers have it."""


class Value(NamedTuple):
    """Of a record what it says, and where: to read no more takes half the time."""

    offset: int
    value: bytes | None

    def __repr__(self) -> str:
        """Show where it lies, and never what it says."""
        return f"Value(offset={self.offset})"


class PartitionReader(Protocol):
    """Reads one partition as it is now, as a member of no group."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""

    def count(self) -> int:
        """Return how many partitions its topic has, once connected; 0 where it is unknown."""

    def records(self, behind: int) -> AsyncIterator[Sequence[Record]]:
        """Yield the committed records from its beginning to its end, in order, many at a time.

        Something is yielded whenever it has got on, and be it that there was nothing to read.

        Args:
            behind: An offset that the end has to be behind; a broker that has less is no leader any
                more, or does not have it yet, and is waited for.

        Raises:
            KafkaError: The broker does not answer, or refuses.
        """

    def values(self, behind: int) -> AsyncIterator[Sequence[Value]]:
        """Yield in the same way what the records say, and no more of them."""


class SingleRecords(Protocol):
    """Reads records of one partition by their offsets, as a member of no group."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""

    async def begins(self) -> int:
        """Return the offset of the oldest record that is kept."""

    async def read(self, offsets: Collection[int]) -> tuple[int, dict[int, Record]]:
        """Read the committed records at some offsets.

        What its leader does not have yet is there for nobody only where all brokers name the same.

        Returns:
            The offset of the oldest record that is kept, and the records by their offsets, those
            that there are.

        Raises:
            KafkaError: A broker does not answer, or refuses, or they name several leaders.
        """


class Admin(Protocol):
    """What is asked of the cluster itself."""

    async def start(self) -> None:
        """Connect."""

    async def close(self) -> None:
        """Disconnect."""

    async def list_topics(self) -> list[str]:
        """Return the names of the topics that this user may see."""

    async def create_topics(self, new_topics: list[Any]) -> Any:  # noqa: ANN401 - a raw response
        """Create topics."""

    async def describe_topics(self, topics: list[str]) -> list[Any]:
        """Ask for the state of some topics."""

    async def describe_configs(self, config_resources: list[Any]) -> list[Any]:
        """Ask what some topics, or brokers, are set to."""


class Inspector(Admin, Protocol):
    """Asks also what aiokafka has requests for and no calls."""

    async def describe_cluster(self) -> dict[str, Any]:
        """Return the cluster's brokers, among other things."""

    async def ask(self, request: Any, broker: int | None = None) -> Any:  # noqa: ANN401 - raw requests and responses
        """Send a request to a broker, or to any."""


class Clients(Protocol):
    """Makes the clients of one service."""

    @property
    def servers(self) -> str:
        """The brokers' addresses, to name in a sentence."""

    @property
    def server_options(self) -> str:
        """What follows `--bootstrap-server` in a command of Kafka's own."""

    def admin(self) -> Admin:
        """Make an admin client."""

    def consumer(self, group: str, fetch_bytes: int) -> Consumer:
        """Make a member of a group, which reads committed records only."""

    def reader(self, topic: str) -> Reader:
        """Make a member of no group, which reads committed records only."""

    def partition_reader(self, partition: TopicPartition) -> PartitionReader:
        """Make what reads a partition from its beginning to its end."""

    def single_records(self, partition: TopicPartition) -> SingleRecords:
        """Make what reads single records of a partition."""

    def producer(self, transactional_id: str) -> Producer:
        """Make a transactional producer."""


class DeskClients(Clients, Protocol):
    """Makes also what follows topics, and appends to them without a transaction."""

    def follower(self, topic: str) -> Follower:
        """Make a member of no group, which reads a topic's committed records and goes on."""

    def asker(self, partitions: Collection[TopicPartition]) -> Asker:
        """Make what is asked where these partitions begin and end."""

    def appender(self) -> Appender:
        """Make a producer of single records, each of which all replicas have once it is sent."""
