"""Makes aiokafka's clients from the settings."""

from dataclasses import dataclass
from ssl import SSLContext, SSLError
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.helpers import create_ssl_context
from aiokafka.protocol.metadata import MetadataRequest
from pydantic import SecretStr

from services.errors import ConfigurationError
from services.stream.client import Admin, Consumer, Producer, Reader
from services.stream.settings import KafkaSettings

# aiokafka leaves a group whose member reads nothing for `max_poll_interval_ms`, and would never
# join again where a standby has no partition to read; /livez watches the loop instead.
NEVER_MS = 2**31 - 1


class _Admin(AIOKafkaAdminClient):  # type: ignore[misc]  # aiokafka has no types
    """Asks about topics without creating them, which a broker does by its default settings."""

    async def _get_cluster_metadata(self, topics: list[str] | None = None) -> Any:  # noqa: ANN401 - a raw response
        return await self._send_request(MetadataRequest(topics, allow_auto_topic_creation=False))


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

    def admin(self) -> Admin:
        """Make an admin client."""
        return cast("Admin", _Admin(**self._connection(), request_timeout_ms=10_000))

    def consumer(self, group: str) -> Consumer:
        """Make a member of a group, which reads committed records only."""
        session = self.settings.session_timeout_ms
        consumer = AIOKafkaConsumer(
            **self._connection(),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=session,
            heartbeat_interval_ms=max(session // 5, 1),
            max_poll_interval_ms=NEVER_MS,
        )
        return cast("Consumer", consumer)

    def reader(self, topic: str) -> Reader:
        """Make a member of no group, which reads committed records only."""
        reader = AIOKafkaConsumer(
            topic,
            **self._connection(),
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        return cast("Reader", reader)

    def producer(self, transactional_id: str) -> Producer:
        """Make a transactional producer."""
        compression = self.settings.compression_type
        producer = AIOKafkaProducer(
            **self._connection(),
            transactional_id=transactional_id,
            transaction_timeout_ms=self.settings.transaction_timeout_ms,
            compression_type=None if compression == "none" else compression,
            # Twice: a dead letter has the input record whole, and its reason beside it.
            max_batch_size=2 * self.settings.max_message_bytes,
            max_request_size=2 * self.settings.max_message_bytes,
        )
        return cast("Producer", producer)

    def _connection(self) -> dict[str, Any]:
        password = self.password
        return {
            "bootstrap_servers": self.settings.bootstrap_servers,
            "client_id": self.client_id,
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
    password = _password(settings)
    if protocol.startswith("SASL") and not (settings.sasl_username and password):
        raise ConfigurationError(
            f"KAFKA_SECURITY_PROTOCOL is {protocol}: set KAFKA_SASL_USERNAME and "
            "KAFKA_SASL_PASSWORD as well, or KAFKA_SASL_PASSWORD_FILE."
        )
    context = _ssl_context(settings) if protocol.endswith("SSL") else None
    return KafkaClients(settings, client_id, password, context)


def _password(settings: KafkaSettings) -> SecretStr | None:
    file = settings.sasl_password_file
    if file is None:
        return settings.sasl_password
    if settings.sasl_password:
        raise ConfigurationError(
            "KAFKA_SASL_PASSWORD and KAFKA_SASL_PASSWORD_FILE are both set: keep one of them."
        )
    try:
        return SecretStr(file.read_text(encoding="utf-8").removesuffix("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The password in {file} cannot be read ({getattr(error, 'strerror', 'not UTF-8')}): "
            "set KAFKA_SASL_PASSWORD_FILE to a file that this user may read."
        ) from None


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
    return context
