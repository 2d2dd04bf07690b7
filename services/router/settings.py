"""The router's own settings."""

from pathlib import Path

from pydantic import Field, PositiveInt
from pydantic_settings import SettingsConfigDict

from services.resources import shipped
from services.stream.settings import ServiceSettings

ROUTES = Path(__file__).parent / "routes" / "uk-departments.toml"


class RouterSettings(ServiceSettings):
    """Read from `ROUTER_…`."""

    model_config = SettingsConfigDict(env_prefix="ROUTER_", frozen=True)

    input_topic: str = Field("inquiries.classified", description="The topic it reads.")
    group_id: str = Field("inquiry-triage.router", description="Its consumer group.")
    # What it reads is three times as large as what the classifier reads.
    fetch_bytes: PositiveInt = Field(
        1024 * 1024, description="How much may wait of each partition, unless one record is larger."
    )
    http_port: int = Field(8002, description="The port of metrics and health.", ge=0, le=65_535)
    routes: Path = Field(ROUTES, description="The routing table.")
    model: Path = Field(
        shipped("models", "uk-departments"),
        description="The model that classified: its labels and thresholds.",
    )
