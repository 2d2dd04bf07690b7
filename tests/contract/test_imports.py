import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# The import contracts in pyproject.toml say what may not be imported (`make lint`); this says
# what may, as import-linter has no contract of that form.
ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
STANDARD = sys.stdlib_module_names
EXTRAS = PROJECT["optional-dependencies"]


def imported(folder: str) -> Iterator[tuple[str, str]]:
    """Yield each file's name and each package that it imports, Python's own left out."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            outside = (name for name in names if name.partition(".")[0] not in STANDARD)
            yield from ((path.name, name) for name in outside)


def test_messages_need_only_msgspec() -> None:
    """Whoever wants to read our messages in Python takes one folder and one dependency."""
    strange = [
        f"{file}: {name}"
        for file, name in imported("services/messages")
        if name != "msgspec" and not name.startswith("services.messages")
    ]
    assert not strange


def test_what_is_imported_is_required() -> None:
    """No command fails one day because a dependency of a dependency has gone."""
    of_extras = [text for name in ("classifier", "demo", "desk", "train") for text in EXTRAS[name]]
    texts = [*PROJECT["dependencies"], *of_extras]
    required = {canonicalize_name(Requirement(text).name) for text in texts}
    providers = packages_distributions()
    strange = [
        f"{file}: {name}"
        for file, name in imported("services")
        if not name.startswith("services.")
        and required.isdisjoint(map(canonicalize_name, providers.get(name.partition(".")[0], ())))
    ]
    assert not strange
