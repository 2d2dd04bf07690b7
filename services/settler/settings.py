"""The settler's own settings."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.app.settings import ServiceSettings
from services.errors import ConfigurationError
from services.router.settings import AUDIT_TOPIC, CLASSIFIED_TOPIC, ROUTES
from services.router.table import Table, sameness


class SettlerSettings(ServiceSettings):
    """Read from `SETTLER_…`; the routing table and two topics are the router's."""

    model_config = SettingsConfigDict(
        env_prefix="SETTLER_", frozen=True, validate_by_name=True, validate_by_alias=True
    )

    inputs: ClassVar[tuple[str, ...]] = (*ServiceSettings.inputs, "returned_topic")
    names_on_kafka: ClassVar[tuple[str, ...]] = (
        *ServiceSettings.names_on_kafka,
        "returned_topic",
        "settled_topic",
        "not_ours_topic",
        "audit_topic",
        "classified_topic",
    )

    input_topic: str = Field("inquiries.judged", description="The topic of what people decide.")
    returned_topic: str = Field(
        "inquiries.returned", description="The topic of what departments return."
    )
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
    classified_topic: str = Field(
        CLASSIFIED_TOPIC,
        description="The topic that the router reads: the ids of what departments return are made "
        "of its name.",
        validation_alias="ROUTER_INPUT_TOPIC",
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


def check_own_topics(settings: SettlerSettings, table: Table) -> None:
    """See that notes, and what is not ours, go where nothing else lies that somebody reads.

    What is not ours may go to a department's topic, whose people then answer it.

    Raises:
        ConfigurationError: The topic of one of them has another use.
    """
    read = {table.review_topic, settings.audit_topic, settings.classified_topic}
    others = {
        "settled_topic": read | table.topics | {settings.not_ours_topic},
        "not_ours_topic": read,
    }
    for name, taken in others.items():
        topic = getattr(settings, name)
        if sameness(topic) in map(sameness, taken):
            raise ConfigurationError(
                f"The topic {topic} has another use: set SETTLER_{name.upper()} to one of its own."
            )
