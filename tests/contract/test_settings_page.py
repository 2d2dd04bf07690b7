import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from services.classifier.settings import ClassifierSettings
from services.desk.login.settings import LoginSettings
from services.desk.settings import DeskSettings
from services.kafka.settings import KafkaSettings
from services.operate.settings_page import settings_page
from services.router.settings import RouterSettings
from services.settler.settings import SettlerSettings
from tests.contract.test_readme import PAGES, ROOT

PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
SETTINGS: tuple[type[BaseSettings], ...] = (
    KafkaSettings,
    ClassifierSettings,
    RouterSettings,
    SettlerSettings,
    DeskSettings,
    LoginSettings,
)
NAME = re.compile(r"\b(?:KAFKA|CLASSIFIER|ROUTER|SETTLER|DESK)_[A-Z_]+[A-Z]\b")


def shown(default: Any) -> str:
    if default is None or not str(default):
        return "none"
    if isinstance(default, tuple):
        return ", ".join(map(shown, default))
    return f"`{Path(default).relative_to(ROOT)}`" if isinstance(default, Path) else f"`{default}`"


def rows() -> Iterator[str]:
    for settings in SETTINGS:
        prefix = settings.model_config.get("env_prefix", "")
        for name, field in settings.model_fields.items():
            variable = field.validation_alias or f"{prefix}{name.upper()}"
            yield f"| `{variable}` | {shown(field.default)} | {field.description} |"


def test_the_table_of_settings_is_the_settings() -> None:
    """The page lists every setting with its default and what it is, and no other."""
    assert re.findall(r"^\| `[A-Z_]+` \|.*\|$", PAGE, flags=re.MULTILINE) == [*rows()]


def test_the_page_is_what_the_settings_give() -> None:
    """The page in the repository is the one that is made from the code (`make schemas`)."""
    assert settings_page() == PAGE


def test_every_setting_that_is_named_exists() -> None:
    """What the pages and the manifests set, a service reads; the changelog has what one read."""
    known = {*NAME.findall(PAGE)}
    pages = [page for page in PAGES if page.name != "CHANGELOG.md"]
    files = [*pages, *(ROOT / "k8s").rglob("*.yaml"), ROOT / "Dockerfile"]
    for file in files:
        assert {*NAME.findall(file.read_text(encoding="utf-8"))} - known == set(), file
