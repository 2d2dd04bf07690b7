from collections.abc import Iterator
from pathlib import Path

import pytest

from services.router.settings import ROUTES
from services.router.table import load_table

ROOT = Path(__file__).parents[2]
# The messages that schemas and the AsyncAPI documents show.
EXAMPLES = ROOT / "services" / "messages" / "examples.py"
SHOWN = {".py", ".jinja", ".js", ".css"}


def code() -> Iterator[Path]:
    yield from (each for each in ROOT.glob("services/**/*") if each.suffix in SHOWN)
    yield from ROOT.glob("k8s/base/monitoring/**/*.*")


@pytest.mark.parametrize("of", ["labels", "names", "signposts"])
def test_what_the_shipped_table_names_stands_in_no_code(of: str) -> None:
    """Departments and signposts are the table's: no code, page, dashboard or alert has one."""
    table = load_table(ROUTES)
    names = {
        "labels": [*table.departments],
        "names": [each.name for each in table.departments.values()],
        "signposts": table.signposts,
    }[of]
    assert names
    found = [
        (str(path.relative_to(ROOT)), name)
        for path in code()
        if path != EXAMPLES
        for name in names
        if name in path.read_text(encoding="utf-8")
    ]
    assert not found
