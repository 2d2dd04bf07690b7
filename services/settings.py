"""Reads settings from the environment: here and nowhere else."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, SecretStr, ValidationError
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


def read_secret(name: str, given: SecretStr | None, file: Path | None) -> SecretStr | None:
    """Return a secret that is set by itself or by a file; None where it is neither.

    Args:
        name: The setting; that of the file ends with `_FILE`.
        given: What it is set to.
        file: What has it instead; the end of its last line does not count.

    Raises:
        ConfigurationError: Both are set, or the file cannot be read.
    """
    if file is None:
        return given
    if given:
        raise ConfigurationError(f"{name} and {name}_FILE are both set: keep one of them.")
    try:
        return SecretStr(file.read_text(encoding="utf-8-sig").removesuffix("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The secret in {file} cannot be read ({getattr(error, 'strerror', 'not UTF-8')}): "
            f"set {name}_FILE to a file that this user may read."
        ) from None


def _check_names(prefix: str) -> None:
    given = {name.upper() for name in os.environ}  # noqa: TID251 - this is where it is read
    old = sorted(name for name in given & RENAMED.keys() if name.startswith(prefix))
    if old:
        renamed = ", ".join(f"{name} is {RENAMED[name]} now" for name in old)
        raise ConfigurationError(f"Set by their new names in the environment: {renamed}.")
