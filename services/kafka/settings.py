"""How to reach Kafka: the same settings for every service."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.settings import Int32

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_SERVER = re.compile(rf"({_LABEL}(\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{{1,5}}))?")
_QUOTES = "\"'"
MAX_PORT = 65_535


def _servers(written: str) -> str:
    """Read addresses as people write them: in quotes, between blanks, with a comma too many."""
    parts = [part.strip().strip(_QUOTES).strip() for part in written.strip(_QUOTES).split(",")]
    servers = [part for part in parts if part]
    if schemes := [each.partition("://")[0] for each in servers if "://" in each]:
        raise ValueError(
            f"leave out {schemes[0]}://, and say how to connect in KAFKA_SECURITY_PROTOCOL"
        )
    if not servers or not all(map(_is_server, servers)):
        raise ValueError("name servers as host:port, with commas between")
    return ",".join(servers)


def _is_server(written: str) -> bool:
    found = _SERVER.fullmatch(written)
    return found is not None and 0 < int(found["port"] or MAX_PORT) <= MAX_PORT


class KafkaSettings(BaseSettings):
    """How to reach Kafka; the same for every service."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", frozen=True)

    bootstrap_servers: Annotated[str, AfterValidator(_servers)] = Field(
        "localhost:9092", description="The brokers to ask first: host:port, with commas between."
    )
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
