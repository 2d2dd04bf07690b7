"""The router's own settings."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from services.app.settings import ServiceSettings
from services.resources import shipped
from services.settings import Int32


def split_folders(folders: object) -> object:
    """Return the folders of a list with commas between."""
    if not isinstance(folders, str):
        return folders
    names = [name.strip() for name in folders.split(",")]
    if not all(names):
        raise ValueError("Name at least one folder, and nothing but folders between the commas")
    return names


AUDIT_TOPIC = "inquiries.audit"
CLASSIFIED_TOPIC = "inquiries.classified"
ROUTES = Path(__file__).parent / "routes" / "uk-departments.toml"


class RouterSettings(ServiceSettings):
    """Read from `ROUTER_…`."""

    model_config = SettingsConfigDict(env_prefix="ROUTER_", frozen=True)
    names_on_kafka: ClassVar[tuple[str, ...]] = (*ServiceSettings.names_on_kafka, "audit_topic")

    input_topic: str = Field(CLASSIFIED_TOPIC, description="The topic it reads.")
    group_id: str = Field("inquiry-triage.router", description="Its consumer group.")
    # What it reads is three times as large as what the classifier reads.
    fetch_bytes: Int32 = Field(
        1024 * 1024, description="How much may wait of each partition, unless one record is larger."
    )
    http_port: int = Field(8002, description="The port of metrics and health.", ge=0, le=65_535)
    routes: Path = Field(ROUTES, description="The routing table.")
    models: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(split_folders)] = Field(
        (shipped("models", "uk-departments"),),
        description="The folders of the models that classify, with commas between: what each "
        "promises is what its classifications are judged by.",
        min_length=1,
    )
    audit_share: float = Field(
        0.0,
        description="Of inquiries that go to a department by themselves, the share of which a copy "
        "is drawn for an audit: next to the threshold and for small departments more, of what is "
        "sure less.",
        ge=0,
        le=1,
    )
    audit_topic: str = Field(AUDIT_TOPIC, description="Where these copies go.")
