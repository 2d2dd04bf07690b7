import hashlib
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from services.desk.pages.static_files import FOLDER, TYPES

ROOT = Path(__file__).parents[2]
VENDORED = tomllib.loads((FOLDER / "vendored.toml").read_text(encoding="utf-8"))


def test_what_is_not_ours_is_as_it_was_published() -> None:
    """Each file of govuk-frontend is, byte for byte, the one that was taken from its package."""
    found = {
        name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
        for name in VENDORED["sha256"]
    }
    assert found == VENDORED["sha256"]


def test_nothing_else_is_served_that_is_not_ours() -> None:
    """What is served is the desk's own or is locked, and its licence lies beside it."""
    assert {name for name in TYPES if name.startswith("govuk")} == VENDORED["sha256"].keys()
    assert "MIT License" in (FOLDER / VENDORED["licence"]).read_text(encoding="utf-8")
    assert "govuk-frontend" in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_the_stylesheet_is_the_one_that_the_macros_are_made_for() -> None:
    """Macros and stylesheet are of one version of govuk-frontend."""
    described = distribution("govuk-frontend-jinja").read_text("METADATA") or ""
    assert f"GOV.UK%20Frontend-v{VENDORED['version']}" in described
