import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
CLAIMS = re.findall(r"`([A-Za-z_.]+)`\s+in\s+\[[^\]]+\]\(([^)]+\.py)\)", PAGE)


def names_in(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = [
                n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
            names |= {f"{node.name}.{method.name}" for method in methods}
    return names


@pytest.mark.parametrize(("name", "file"), CLAIMS)
def test_what_the_page_names_is_in_the_file_it_names(name: str, file: str) -> None:
    """Each function and class that ARCHITECTURE.md places in a file is defined there."""
    assert name in names_in(ROOT / file)


def test_the_page_places_the_three_hops() -> None:
    """Reading, deciding and writing are all placed, for both services."""
    hops = {"Reader.read_or_reject", "classify", "Decider.decide", "write_classified"}
    assert hops <= {name for name, _ in CLAIMS}


def test_every_folder_stands_in_its_place() -> None:
    """The page lists the folders of `services/` in the order of the layers that lint holds."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [layers] = [
        each["layers"]
        for each in config["tool"]["importlinter"]["contracts"]
        if each["id"] == "layers"
    ]
    level = {name: n for n, line in enumerate(layers) for name in line.split(" | ")}
    table = PAGE.partition("## What lives where")[2]
    listed = [name.rstrip("/") for name in re.findall(r"\[(\w+/)\]\(services/", table)]
    folders = {
        path.name for path in (ROOT / "services").iterdir() if (path / "__init__.py").exists()
    }
    assert set(listed) == folders
    assert [level[name] for name in listed] == sorted(level[name] for name in listed)
