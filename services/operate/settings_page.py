"""The page of all settings, made from the settings themselves; `make schemas` writes it out."""

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from services.classifier.settings import ClassifierSettings
from services.kafka.settings import KafkaSettings
from services.resources import shipped
from services.router.settings import RouterSettings
from services.settler.settings import SettlerSettings

SETTINGS: dict[str, type[BaseSettings]] = {
    "Kafka, for every service and command": KafkaSettings,
    "Classifier": ClassifierSettings,
    "Router": RouterSettings,
    "Settler": SettlerSettings,
}
HEAD = """\
# Settings

Every setting is an environment variable. This page is made from the code (`make schemas`).
"""


def settings_page() -> str:
    """Return the page, as Markdown."""
    parts = [HEAD]
    for title, settings in SETTINGS.items():
        rows = "\n".join(_rows(settings))
        parts.append(f"\n## {title}\n\n| setting | default | what it is |\n|---|---|---|\n{rows}\n")
    return "".join(parts)


def _rows(settings: type[BaseSettings]) -> Iterator[str]:
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        variable = field.validation_alias or f"{prefix}{name.upper()}"
        yield f"| `{variable}` | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    match field.default:
        case None | "":
            return "none"
        case Path() as path:
            return f"`{path.relative_to(shipped())}`"
        case tuple() as paths:
            return ", ".join(f"`{path.relative_to(shipped())}`" for path in paths)
        case default:
            return f"`{default}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(settings_page(), encoding="utf-8")
