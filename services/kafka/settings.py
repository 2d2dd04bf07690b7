"""How to reach Kafka: the same settings for every service."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.settings import Int32


class KafkaSettings(BaseSettings):
    """How to reach Kafka; the same for every service."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", frozen=True)

    bootstrap_servers: str = Field("localhost:9092", description="The brokers to ask first.")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to connect."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="How a user is checked, with SASL."
    )
    sasl_username: str | None = Field(None, description="The user, with SASL.")
    sasl_password: SecretStr | None = Field(None, description="The user's password, with SASL.")
    sasl_password_file: Path | None = Field(
        None, description="A file with that password instead, such as a mounted secret."
    )
    ssl_cafile: Path | None = Field(None, description="PEM file of the brokers' authority.")
    ssl_certfile: Path | None = Field(None, description="PEM file of the client's certificate.")
    ssl_keyfile: Path | None = Field(None, description="PEM file of the client's key.")
    topic_prefix: str = Field(
        "",
        description="What every topic, consumer group and transactional id begins with, so that "
        "several installations share a cluster.",
        pattern=r"^[a-zA-Z0-9._-]{0,100}$",
    )
    session_timeout_ms: Int32 = Field(
        10_000, description="How long a silent process keeps its partitions."
    )
    transaction_timeout_ms: Int32 = Field(
        60_000, description="How long the broker keeps a transaction open."
    )
    compression_type: Literal["none", "lz4", "zstd", "snappy", "gzip"] = Field(
        "none", description="How what we write is compressed."
    )
    max_message_bytes: Int32 = Field(
        1_000_000, description="The smallest `max.message.bytes` of the topics written to."
    )
