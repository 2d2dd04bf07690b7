"""The classifier's own settings."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.app.settings import ServiceSettings
from services.resources import shipped


class ClassifierSettings(ServiceSettings):
    """Read from `CLASSIFIER_…`."""

    model_config = SettingsConfigDict(env_prefix="CLASSIFIER_", frozen=True)
    names_on_kafka: ClassVar[tuple[str, ...]] = (*ServiceSettings.names_on_kafka, "output_topic")

    input_topic: str = Field("inquiries", description="The topic it reads.")
    output_topic: str = Field("inquiries.classified", description="The topic it writes.")
    group_id: str = Field("inquiry-triage.classifier", description="Its consumer group.")
    http_port: int = Field(8001, description="The port of metrics and health.", ge=0, le=65_535)
    model: Path = Field(
        shipped("models", "uk-departments"), description="The folder of the text model."
    )
    threads: int = Field(1, description="Threads that score one batch.", ge=1, le=256)
