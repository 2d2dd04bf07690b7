from pathlib import Path

import pytest

from services.cli import run
from services.router.starter_table import starter_table
from services.router.table import check_labels, load_table

LABELS = ["tax", "roads & bridges", "what?", 'the "other"', "addysg ŵyr"]


def test_the_starter_table_fits_its_model(tmp_path: Path) -> None:
    """Whatever a model's departments are called, the table has each, with a topic Kafka takes."""
    path = tmp_path / "ours.toml"
    path.write_text(starter_table(LABELS), encoding="utf-8")
    table = load_table(path)
    check_labels(table, LABELS)
    assert table.departments["roads & bridges"].topic == "departments.roads-bridges"


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """`triage routes` writes a table for a model's departments to standard output."""
    with pytest.raises(SystemExit) as ended:
        run(["routes"])
    assert not ended.value.code
    assert '[departments."home-office"]' in capsys.readouterr().out
