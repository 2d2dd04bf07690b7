import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from services.messages.events import Routed
from services.messages.inquiry import Inquiry

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("models/*/README.md")]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


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
