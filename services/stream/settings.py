"""The settings: read from the environment here and nowhere else."""

from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.errors import ConfigurationError

S = TypeVar("S", bound=BaseSettings)


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
    session_timeout_ms: PositiveInt = Field(
        10_000, description="How long a silent process keeps its partitions."
    )
    transaction_timeout_ms: PositiveInt = Field(
        60_000, description="How long the broker keeps a transaction open."
    )
    compression_type: Literal["none", "lz4", "zstd", "snappy", "gzip"] = Field(
        "none", description="How what we write is compressed."
    )
    max_message_bytes: PositiveInt = Field(
        1_000_000, description="The smallest `max.message.bytes` of the topics written to."
    )


class ServiceSettings(BaseSettings):
    """What every service needs to know of itself."""

    input_topic: str
    group_id: str
    rejected_topic: str = Field("inquiries.rejected", description="Where dead letters go.")
    batch_records: PositiveInt = Field(
        1_000, description="How many records one transaction answers at most."
    )
    fetch_bytes: PositiveInt = Field(
        256 * 1024, description="How much may wait of each partition, unless one record is larger."
    )
    linger_ms: int = Field(
        10,
        description="From one transaction of a partition to its next, at least: what comes "
        "meanwhile is answered together.",
        ge=0,
    )
    brake_share: float = Field(
        0.1, description="The share of rejected records over which it stops and asks.", ge=0, le=1
    )
    brake_records: PositiveInt = Field(
        200, description="How many recent records that share is taken of, at least."
    )
    brake_seconds: PositiveFloat = Field(
        300, description="How long it stops, or after a release does not."
    )
    http_host: str = Field("0.0.0.0", description="Where metrics and health are served.")  # noqa: S104 - Prometheus and the probes come from other hosts
    http_port: int = Field(description="The port of metrics and health.", ge=0, le=65_535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least severe event that is logged."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto",
        description="`json` for machines, `console` for people; `auto` is `console` on a terminal "
        "and else `json`.",
    )


def read_settings(settings: type[S]) -> S:
    """Read settings from the environment.

    Raises:
        ConfigurationError: A setting is missing or wrong; the sentence names it.
    """
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        wrong = [
            f"{prefix}{'.'.join(map(str, problem['loc']))}".upper() + f" ({problem['msg']})"
            for problem in error.errors(include_input=False)
        ]
        raise ConfigurationError(
            f"Set right in the environment: {'; '.join(wrong)}; README.md lists every setting."
        ) from None
