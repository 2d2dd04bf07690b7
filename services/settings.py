"""Reads settings from the environment: here and nowhere else."""

import os
from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings

from services.errors import ConfigurationError

S = TypeVar("S", bound=BaseSettings)
# What Kafka's protocol has 32 bits for.
Int32 = Annotated[int, Field(ge=1, le=2**31 - 1)]

# Each setting that is called otherwise now: what is set by the old name would count for nothing.
RENAMED: Mapping[str, str] = {
    "ROUTER_MODEL": "ROUTER_MODELS",
    **{
        f"{service}_BRAKE_{what}": f"{service}_CIRCUIT_BREAKER_{what}"
        for service in ("CLASSIFIER", "ROUTER")
        for what in ("SHARE", "RECORDS", "SECONDS")
    },
}


def read_settings(settings: type[S]) -> S:
    """Read settings from the environment.

    Raises:
        ConfigurationError: A setting is missing or wrong, or is set by the name that it had once;
            the sentence names it.
    """
    _check_names(settings.model_config.get("env_prefix", ""))
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        wrong = [
            f"{prefix}{'.'.join(map(str, problem['loc']))}".upper() + f" ({problem['msg']})"
            for problem in error.errors(include_input=False)
        ]
        raise ConfigurationError(
            f"Set right in the environment: {'; '.join(wrong)}; docs/settings.md lists every "
            "setting."
        ) from None


def _check_names(prefix: str) -> None:
    given = {name.upper() for name in os.environ}  # noqa: TID251 - this is where it is read
    old = sorted(name for name in given & RENAMED.keys() if name.startswith(prefix))
    if old:
        renamed = ", ".join(f"{name} is {RENAMED[name]} now" for name in old)
        raise ConfigurationError(f"Set by their new names in the environment: {renamed}.")
