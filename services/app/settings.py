"""The settings that every service has."""

from typing import ClassVar, Literal, Self

from pydantic import Field

from services.engine.settings import EngineSettings


class ServiceSettings(EngineSettings):
    """The settings of the loop, and of the process around it."""

    # The settings whose names are shared with everybody else on the cluster.
    names_on_kafka: ClassVar[tuple[str, ...]] = ("input_topic", "group_id", "rejected_topic")

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

    def prefixed(self, prefix: str) -> Self:
        """Return these settings with a prefix before each topic and the consumer group."""
        names = {name: prefix + getattr(self, name) for name in self.names_on_kafka}
        return self.model_copy(update=names)
