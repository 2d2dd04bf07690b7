"""The page of all settings, made from the settings themselves; `make schemas` writes it out."""

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic_settings import BaseSettings

from services.classifier.settings import ClassifierSettings
from services.desk.login.settings import LoginSettings
from services.desk.settings import DeskSettings
from services.kafka.settings import KafkaSettings
from services.resources import shipped
from services.router.settings import RouterSettings
from services.settler.settings import SettlerSettings

SETTINGS: dict[str, type[BaseSettings]] = {
    "Kafka, for every service and command": KafkaSettings,
    "Classifier": ClassifierSettings,
    "Router": RouterSettings,
    "Settler": SettlerSettings,
    "Desk": DeskSettings,
    "Desk: who may sign in": LoginSettings,
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
        yield f"| `{variable}` | {_shown(field.default)} | {field.description} |"


def _shown(default: object) -> str:
    match default:
        case None | "":
            return "none"
        case Path() as path:
            return f"`{path.relative_to(shipped())}`"
        case tuple() as several:
            return ", ".join(map(_shown, several))
        case other:
            return f"`{other}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(settings_page(), encoding="utf-8")
