import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent.parent


def nodes(pattern: str) -> Iterator[tuple[Path, ast.AST]]:
    for path in TESTS.rglob(pattern):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path, node


def test_every_test_states_its_promise() -> None:
    """Each test has a docstring that says what a user can rely on."""
    silent = [
        f"{path.name}:{node.name}"
        for path, node in nodes("test_*.py")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent


def test_nothing_is_patched() -> None:
    """A test hands in fakes and sets the environment; it replaces no part of what it tests."""
    patching = [
        f"{path.name}:{node.lineno}"
        for path, node in nodes("*.py")
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "monkeypatch"
        and node.attr not in {"setenv", "delenv", "chdir"}
    ]
    assert not patching
