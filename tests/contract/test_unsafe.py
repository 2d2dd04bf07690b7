import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[2] / "services"
# Reading any of these runs what whoever wrote the file wanted to run.
RUNS_WHAT_IT_READS = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
CALLS = {"compile", "eval", "exec", "__import__"}
LOADS = {"load", "read_array"}


def unsafe(source: str) -> Iterator[str]:
    """Yield the lines of a module that could run what they read, and what each does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt | ast.expr):
            yield from (f"{node.lineno}: {name}" for name in risks(node))


def risks(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [each.name for each in names if is_risky(each.name)]
        case ast.ImportFrom(module=str(module)):
            return [module] if is_risky(module) else []
        case ast.Call(func=ast.Name(id=name)):
            return [name] if name in CALLS else []
        case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in LOADS:
            is_numpy = ast.unparse(owner).partition(".")[0] in {"np", "numpy"}
            return [name] if is_numpy and not refuses(node) else []
    return []


def is_risky(module: str) -> bool:
    return module.partition(".")[0] in RUNS_WHAT_IT_READS


def refuses(call: ast.Call) -> bool:
    """Tell whether a call of numpy's says that it takes no pickles."""
    return any(
        keyword.arg == "allow_pickle"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is False
        for keyword in call.keywords
    )


def test_nothing_that_is_loaded_can_run() -> None:
    """No service imports pickle or its like, or calls eval: a file it loads is data, not code."""
    found = [
        f"{path.relative_to(SERVICES)}:{line}"
        for path in SERVICES.rglob("*.py")
        for line in unsafe(path.read_text(encoding="utf-8"))
    ]
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import a, marshal as m",
        "eval('1')",
        "np.load(file)",
        "numpy.lib.format.read_array(file, allow_pickle=True)",
    ],
)
def test_what_could_run_is_found(source: str) -> None:
    """Each way to run what is read is found where there is one."""
    assert [*unsafe(source)]


@pytest.mark.parametrize("source", ["np.load(file, allow_pickle=False)", "re.compile('a')"])
def test_what_is_safe_is_not_found(source: str) -> None:
    """Numpy without pickles is allowed, and so are regular expressions."""
    assert not [*unsafe(source)]
