"""Reads settings from the environment: here and nowhere else."""

from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

from services.errors import ConfigurationError

S = TypeVar("S", bound=BaseSettings)


def read_settings(settings: type[S]) -> S:
    """Read settings from the environment.

    Raises:
        ConfigurationError: A setting is missing or wrong; the sentence names it.
    """
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
