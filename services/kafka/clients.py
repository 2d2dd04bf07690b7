"""Makes aiokafka's clients from the settings."""

from collections.abc import Collection
from dataclasses import dataclass
from ssl import VERIFY_X509_STRICT, SSLContext, SSLError
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context
from aiokafka.protocol.metadata import MetadataRequest
from pydantic import SecretStr

from services.errors import ConfigurationError
from services.kafka.lenient_records import (
    Fetched,
    Waiting,
    ask_leader,
    fetch_request,
    fetched,
    records_in,
)
from services.kafka.own_fetch import OwnFetches
from services.kafka.own_producer import SILENCE_MS, OwnProducer
from services.kafka.protocols import (
    Admin,
    Appender,
    Asker,
    Consumer,
    Follower,
    Inspector,
    MembershipError,
    PartitionReader,
    Producer,
    Reader,
    SingleRecords,
)
from services.kafka.settings import KafkaSettings
from services.kafka.single_records import SingleRecordsOf
from services.kafka.whole_partition import WholePartition
from services.messages.record import Record
from services.settings import read_secret

# aiokafka leaves a group whose member reads nothing for `max_poll_interval_ms`, and would never
# join again where a standby has no partition to read; /livez watches the loop instead.
NEVER_MS = 2**31 - 1
# How soon a partition that was added to a topic is read: aiokafka's own are five minutes.
METADATA_MS = 10_000


class _Admin(AIOKafkaAdminClient):  # type: ignore[misc]  # aiokafka has no types
    """Asks about topics without creating them, which a broker does by its default settings."""

    async def _get_cluster_metadata(self, topics: list[str] | None = None) -> Any:  # noqa: ANN401 - a raw response
        return await self.ask(MetadataRequest(topics, allow_auto_topic_creation=False))

    async def ask(self, request: Any, broker: int | None = None) -> Any:  # noqa: ANN401 - raw requests and responses
        return await self._send_request(request, broker)


class _Lenient(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """Reads records whatever the names of their headers are, which aiokafka 0.14 does not.

    A partition at a time: of several, those that it had read when it failed would be lost.
    """

    async def start(self) -> None:
        await super().start()
        self._fetcher._records = Waiting(self._fetcher._records)  # noqa: SLF001 - there is no other way to have records made otherwise

    async def getmany(
        self, partition: TopicPartition, *, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Record]]:
        try:
            found: dict[TopicPartition, list[Record]] = await super().getmany(
                partition, timeout_ms=timeout_ms, max_records=max_records
            )
        except UnicodeDecodeError:
            return {partition: [*await self._read_again(partition, max_records)]}
        return found

    async def _read_again(
        self, partition: TopicPartition, max_records: int | None
    ) -> list[Fetched]:
        """Read what aiokafka cannot, and go on behind it."""
        offset = await self.position(partition)
        request = fetch_request(partition, offset, self._max_partition_fetch_bytes)
        answer = await ask_leader(self._client, partition, request)
        records, following = next(records_in(answer, partition, offset, max_records, fetched))
        self.seek(partition, following)
        return records


class _Consumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """A member of a group, each of whose partitions is fetched by itself.

    It tells that a member stands still, as aiokafka 0.14 does not. Where a broker answers a member
    with an error that aiokafka does not know what to do about, the member waits for somebody to
    read, who is given the error. Between two assignments nobody reads, and a heartbeat that failed
    is not started again.
    """

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - aiokafka's own
        super().__init__(**settings)
        self._fetches = OwnFetches(self._client, self._max_partition_fetch_bytes)

    async def stop(self) -> None:
        self._fetches.keep(())
        await super().stop()

    def check(self) -> None:
        self._fetches.keep(self.assignment())  # who lost a partition may have left it unread
        try:
            self._coordinator.check_errors()
        except KafkaError as error:
            raise MembershipError(f"the member left its group after {error}") from error

    async def getmany(
        self, partition: TopicPartition, *, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Record]]:
        self.check()
        offset = await self.position(partition)
        state = self._subscription.subscription.assignment.state_value(partition)
        fetch = self._fetches.of(partition)
        records, following = await fetch.take(offset, timeout_ms, max_records)
        state.consumed_to(following)
        state.lso = fetch.last_stable_offset
        return {partition: [*records]} if records else {}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.pause(partition)  # aiokafka's own fetcher has nothing to do
        super().seek(partition, offset)

    async def seek_to_beginning(self, *partitions: TopicPartition) -> object:
        self.pause(*partitions)
        return await super().seek_to_beginning(*partitions)


@dataclass(frozen=True)
class KafkaClients:
    """Makes the clients of one service."""

    settings: KafkaSettings
    client_id: str
    password: SecretStr | None = None
    ssl_context: SSLContext | None = None

    @property
    def servers(self) -> str:
        """The brokers' addresses."""
        return self.settings.bootstrap_servers

    @property
    def server_options(self) -> str:
        """What follows `--bootstrap-server` in a command of Kafka's own: who asks, a file says."""
        plain = self.settings.security_protocol == "PLAINTEXT"
        return self.servers if plain else f"{self.servers} --command-config client.properties"

    def admin(self) -> Admin:
        """Make an admin client."""
        return self.inspector()

    def inspector(self) -> Inspector:
        """Make one that asks more."""
        return cast("Inspector", _Admin(**self.connection()))

    def consumer(self, group: str, fetch_bytes: int) -> Consumer:
        """Make a member of a group, which reads committed records only."""
        session = self.settings.session_timeout_ms
        consumer = _Consumer(
            **self.connection(),
            group_id=group,
            enable_auto_commit=False,
            # An offset that is not there any more is for an operator to set: what aiokafka would go
            # on with answers inquiries twice, or leaves out those that nobody has read.
            auto_offset_reset="none",
            isolation_level="read_committed",
            session_timeout_ms=session,
            heartbeat_interval_ms=max(session // 5, 1),
            max_poll_interval_ms=NEVER_MS,
            max_partition_fetch_bytes=fetch_bytes,
        )
        return cast("Consumer", consumer)

    def reader(self, topic: str) -> Reader:
        """Make a member of no group, which reads committed records only."""
        return cast("Reader", self._reads_committed(topic))

    def follower(self, topic: str) -> Follower:
        """Make a member of no group, which reads a topic's committed records and goes on."""
        return cast("Follower", self._reads_committed(topic))

    def asker(self, partitions: Collection[TopicPartition]) -> Asker:
        """Make what is asked where these partitions begin and end."""
        asker = self._reads_committed()
        asker.assign(partitions)
        asker.pause(*partitions)
        return cast("Asker", asker)

    def appender(self) -> Appender:
        """Make a producer of single records, each of which all replicas have once it is sent."""
        return cast("Appender", OwnProducer(**self.connection(), enable_idempotence=True))

    def partition_reader(self, partition: TopicPartition) -> PartitionReader:
        """Make what reads a partition from its beginning to its end."""
        return WholePartition(self._reads_committed(), partition)

    def single_records(self, partition: TopicPartition) -> SingleRecords:
        """Make what reads single records of a partition."""
        return SingleRecordsOf(self._reads_committed(), partition)

    def producer(self, transactional_id: str) -> Producer:
        """Make a transactional producer."""
        compression = self.settings.compression_type
        producer = OwnProducer(
            **self.connection(),
            transactional_id=transactional_id,
            transaction_timeout_ms=self.settings.transaction_timeout_ms,
            compression_type=None if compression == "none" else compression,
            max_batch_size=self.settings.max_message_bytes,
        )
        return cast("Producer", producer)

    def _reads_committed(self, *topics: str) -> _Lenient:
        return _Lenient(
            *topics,
            **self.connection(),
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )

    def connection(self) -> dict[str, Any]:
        """Return what every client of aiokafka is made with."""
        password = self.password
        return {
            "bootstrap_servers": self.settings.bootstrap_servers,
            "client_id": self.client_id,
            "metadata_max_age_ms": METADATA_MS,
            "request_timeout_ms": self.settings.session_timeout_ms + SILENCE_MS,
            "security_protocol": self.settings.security_protocol,
            "ssl_context": self.ssl_context,
            "sasl_mechanism": self.settings.sasl_mechanism,
            "sasl_plain_username": self.settings.sasl_username,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }


def connect(settings: KafkaSettings, client_id: str) -> KafkaClients:
    """Make the factory of a service's clients; nothing connects yet.

    Raises:
        ConfigurationError: A certificate, key or password cannot be read, or SASL lacks user or
            password.
    """
    protocol = settings.security_protocol
    password = read_secret(
        "KAFKA_SASL_PASSWORD", settings.sasl_password, settings.sasl_password_file
    )
    if protocol.startswith("SASL") and not (settings.sasl_username and password):
        raise ConfigurationError(
            f"KAFKA_SECURITY_PROTOCOL is {protocol}: set KAFKA_SASL_USERNAME and "
            "KAFKA_SASL_PASSWORD as well, or KAFKA_SASL_PASSWORD_FILE."
        )
    context = _ssl_context(settings) if protocol.endswith("SSL") else None
    return KafkaClients(settings, client_id, password, context)


def _ssl_context(settings: KafkaSettings) -> SSLContext:
    try:
        context: SSLContext = create_ssl_context(
            cafile=settings.ssl_cafile,
            certfile=settings.ssl_certfile,
            keyfile=settings.ssl_keyfile,
            password="",  # else a locked key would have Python ask the terminal for it
        )
    except (OSError, SSLError) as error:
        raise ConfigurationError(
            "The certificates of KAFKA_SSL_CAFILE, KAFKA_SSL_CERTFILE and KAFKA_SSL_KEYFILE "
            f"cannot be read ({error.strerror or error}): give PEM files that this user may read."
        ) from None
    # From 3.13 on Python would refuse the certificates that Strimzi gives its brokers, which do not
    # name their authority's key. Chain, name and dates are looked at all the same.
    context.verify_flags &= ~VERIFY_X509_STRICT
    return context
