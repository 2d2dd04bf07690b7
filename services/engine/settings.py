"""The settings of the loop."""

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic_settings import BaseSettings

from services.settings import Int32


class EngineSettings(BaseSettings):
    """What a service reads, and in which portions."""

    input_topic: str
    group_id: str
    rejected_topic: str = Field("inquiries.rejected", description="Where dead letters go.")
    batch_records: PositiveInt = Field(
        1_000, description="How many records one transaction processes at most."
    )
    fetch_bytes: Int32 = Field(
        256 * 1024, description="How much may wait of each partition, unless one record is larger."
    )
    linger_ms: int | None = Field(
        None,
        description="From one transaction of a partition to its next, at least: what comes "
        "meanwhile is processed together. Not set, it follows what transactions take.",
        ge=0,
        le=60_000,
    )
    circuit_breaker_share: float = Field(
        0.1,
        description="The share of rejected records over which a service stops reading.",
        ge=0,
        le=1,
    )
    circuit_breaker_records: PositiveInt = Field(
        200, description="How many recent records that share is taken of, at least."
    )
    circuit_breaker_seconds: PositiveFloat = Field(
        300, description="How long it stays open, or after it was closed by hand does not open."
    )
