"""The settler's own settings."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.app.settings import ServiceSettings
from services.router.settings import AUDIT_TOPIC, ROUTES


class SettlerSettings(ServiceSettings):
    """Read from `SETTLER_…`; the routing table and the topic of copies are the router's."""

    model_config = SettingsConfigDict(
        env_prefix="SETTLER_", frozen=True, validate_by_name=True, validate_by_alias=True
    )

    names_on_kafka: ClassVar[tuple[str, ...]] = (
        *ServiceSettings.names_on_kafka,
        "settled_topic",
        "not_ours_topic",
        "audit_topic",
    )

    input_topic: str = Field("inquiries.judged", description="The topic it reads.")
    group_id: str = Field("inquiry-triage.settler", description="Its consumer group.")
    settled_topic: str = Field(
        "inquiries.settled", description="Where it notes what became of each judgement; compacted."
    )
    not_ours_topic: str = Field(
        "inquiries.not-ours", description="Where inquiries go that no department should get."
    )
    audit_topic: str = Field(
        AUDIT_TOPIC,
        description="Where copies lie of inquiries that went by themselves.",
        validation_alias="ROUTER_AUDIT_TOPIC",
    )
    promise_days: int = Field(
        28,
        description="Of how many days, today's among them, judged audit copies tell how right is "
        "what goes to departments by itself.",
        ge=1,
        le=3_650,
    )
    http_port: int = Field(8003, description="The port of metrics and health.", ge=0, le=65_535)
    routes: Path = Field(
        ROUTES,
        description="The routing table: it says each department's topic, and which is for review.",
        validation_alias="ROUTER_ROUTES",
    )
