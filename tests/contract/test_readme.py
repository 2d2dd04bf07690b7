import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic_settings import BaseSettings

from services.classifier.settings import ClassifierSettings
from services.messages.events import Routed
from services.messages.inquiry import Inquiry
from services.router.settings import RouterSettings
from services.stream.settings import KafkaSettings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("models/*/README.md")]
SETTINGS: tuple[type[BaseSettings], ...] = (KafkaSettings, ClassifierSettings, RouterSettings)


def shown(default: Any) -> str:
    if default is None:
        return "none"
    return f"`{Path(default).relative_to(ROOT)}`" if isinstance(default, Path) else f"`{default}`"


def rows() -> Iterator[str]:
    for settings in SETTINGS:
        prefix = settings.model_config.get("env_prefix", "")
        for name, field in settings.model_fields.items():
            yield f"| `{prefix}{name.upper()}` | {shown(field.default)} | {field.description} |"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_table_of_settings_is_the_settings() -> None:
    """The README lists every setting with its default and what it is, and no other."""
    listed = re.findall(r"^\| `[A-Z_]+` \|.*\|$", README, flags=re.MULTILINE)
    assert listed == [*rows()]


def test_the_messages_shown_are_messages() -> None:
    """The inquiry and the routed event in the README read as what they say they are."""
    received, routed = blocks("json")
    inquiry = msgspec.json.decode(received, type=Inquiry)
    assert msgspec.json.decode(routed, type=Routed).inquiry == inquiry


def test_every_make_target_that_is_named_exists() -> None:
    """What the pages tell people to make, the Makefile knows."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*##", makefile, flags=re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, flags=re.MULTILINE))
        assert named <= targets, page


def test_every_command_that_is_named_exists() -> None:
    """What the pages tell people to run, `triage` knows."""
    run = [sys.executable, "-c", "from services.cli import run; run(['--help'])"]
    listed = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for command in set(re.findall(r"(?:^|`|/)triage ([a-z]+)", text, flags=re.MULTILINE)):
            assert f" {command} " in listed, (page, command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Each file that a page links to is there."""
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing
