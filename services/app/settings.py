"""The settings that every service has."""

from collections.abc import Collection
from typing import ClassVar, Literal, Self

from pydantic import Field
from pydantic_settings import BaseSettings

from services.engine.settings import EngineSettings
from services.errors import ConfigurationError


class ProcessSettings(BaseSettings):
    """The settings of a process that serves HTTP and knows topics."""

    # The settings that name what it reads.
    inputs: ClassVar[tuple[str, ...]] = ("input_topic",)
    # The settings whose names are shared with everybody else on the cluster.
    names_on_kafka: ClassVar[tuple[str, ...]] = ()

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

    @property
    def input_topics(self) -> tuple[str, ...]:
        """The topics that it reads."""
        return tuple(getattr(self, name) for name in self.inputs)

    def prefixed(self, prefix: str) -> Self:
        """Return these settings with a prefix before each topic and the consumer group."""
        names = {name: prefix + getattr(self, name) for name in self.names_on_kafka}
        return self.model_copy(update=names)


class ServiceSettings(ProcessSettings, EngineSettings):
    """The settings of the loop, and of the process around it."""

    names_on_kafka: ClassVar[tuple[str, ...]] = ("input_topic", "group_id", "rejected_topic")


def check_topics_apart(settings: ServiceSettings, writes: Collection[str]) -> None:
    """See that nothing goes where it would be read again, and dead letters stand by themselves.

    Args:
        settings: A service's own.
        writes: The topics that it writes, but that of the dead letters.

    Raises:
        ConfigurationError: One topic is two of what is read, what is written and dead letters.
    """
    inputs = {name.removesuffix("_topic"): {getattr(settings, name)} for name in settings.inputs}
    uses = {**inputs, "dead letters": {settings.rejected_topic}, "output": {*writes}}
    for topic in (*settings.input_topics, settings.rejected_topic):
        found = [use for use, topics in uses.items() if topic in topics]
        if len(found) > 1:
            prefix = settings.model_config.get("env_prefix", "")
            names = [f"{prefix}{name.upper()}" for name in (*settings.inputs, "rejected_topic")]
            raise ConfigurationError(
                f"The topic {topic} is set for {' and '.join(found)} at once: give each a topic "
                f"of its own, with {', '.join(names)}, or the names of what is written."
            )
