"""The desk's own settings."""

from pathlib import Path
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt
from pydantic_settings import NoDecode, SettingsConfigDict

from services.app.settings import ProcessSettings
from services.resources import shipped
from services.router.settings import AUDIT_TOPIC, ROUTES, split_folders


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        ValueError: There is none here.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            "no time zone of that name is known here, give an IANA name such as Europe/London"
        ) from None


def _time_zone(name: str) -> str:
    zone_of(name)
    return name


class DeskSettings(ProcessSettings):
    """Read from `DESK_…`; the routing table, the models and the other topics are others'."""

    model_config = SettingsConfigDict(
        env_prefix="DESK_", frozen=True, validate_by_name=True, validate_by_alias=True
    )
    names_on_kafka: ClassVar[tuple[str, ...]] = (
        "claims_topic",
        "audit_topic",
        "judged_topic",
        "settled_topic",
    )

    claims_topic: str = Field(
        "inquiries.claims",
        description="Where it notes who has which inquiry; all replicas share it. By the broker's "
        "time, and kept for days.",
    )
    audit_topic: str = Field(
        AUDIT_TOPIC,
        description="Where copies lie of inquiries that went by themselves.",
        validation_alias="ROUTER_AUDIT_TOPIC",
    )
    judged_topic: str = Field(
        "inquiries.judged",
        description="Where judgements go, which the settler reads.",
        validation_alias="SETTLER_INPUT_TOPIC",
    )
    settled_topic: str = Field(
        "inquiries.settled",
        description="Where the settler notes what became of each judgement.",
        validation_alias="SETTLER_SETTLED_TOPIC",
    )
    http_port: int = Field(8004, description="The port of its pages.", ge=0, le=65_535)
    routes: Path = Field(
        ROUTES,
        description="The routing table: it says which topic is for review, and the departments.",
        validation_alias="ROUTER_ROUTES",
    )
    models: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(split_folders)] = Field(
        (shipped("models", "uk-departments"),),
        description="The folders of the models that classify: the thresholds that are shown.",
        validation_alias="ROUTER_MODELS",
        min_length=1,
    )
    explain_model: Path | None = Field(
        None,
        description="A model's folder: of what it classified the words that spoke are shown. It "
        "takes the extra `classifier`, and 100 MB more.",
    )
    name: str = Field(
        "Inquiries", description="What the pages call it.", min_length=1, max_length=100
    )
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "UTC", description="The time zone of its pages, by its IANA name."
    )
    language: str = Field(
        "en", description="The language that every reviewer reads (BCP 47).", min_length=2
    )
    claim_seconds: PositiveInt = Field(
        600, description="How long somebody has an inquiry before others may; alike everywhere."
    )
    undo_seconds: PositiveInt = Field(
        60,
        description="How long a decision can be taken back, unless the next one comes first; one "
        "on what is urgent 10 s at most.",
    )
    audit_every: PositiveInt = Field(
        10,
        description="On every so many turns of a person a copy for an audit comes first, or a "
        "second opinion; on the others they come last.",
        ge=2,
    )
