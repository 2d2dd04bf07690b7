import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent.parent


def every_test(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and node.name.startswith("test_"):
            yield node


def test_every_test_states_its_promise() -> None:
    """Each test has a docstring that says what a user can rely on."""
    silent = [
        f"{path.name}:{test.name}"
        for path in TESTS.rglob("test_*.py")
        for test in every_test(path)
        if not ast.get_docstring(test)
    ]
    assert not silent
