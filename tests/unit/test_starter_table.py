import os
import re
import subprocess
from pathlib import Path

import pytest

from services.cli import run
from services.router.starter_table import LONGEST, starter_table, topics_for
from services.router.table import check_labels, load_table, sameness
from tests.tools import TRIAGE

LABELS = ["tax", "roads & bridges", "what?", 'the "other"', "addysg ŵyr"]


def test_the_starter_table_fits_its_model(tmp_path: Path) -> None:
    """Whatever a model's departments are called, the table has each, with a topic Kafka takes."""
    path = tmp_path / "ours.toml"
    path.write_text(starter_table(LABELS), encoding="utf-8")
    table = load_table(path)
    check_labels(table, LABELS)
    assert table.departments["roads & bridges"].topic == "departments.roads-bridges"


def test_what_the_starter_table_suggests_may_be_taken(tmp_path: Path) -> None:
    """Signposts, limits and rules that stand there as examples are right as they are."""
    path = tmp_path / "ours.toml"
    head, rules = starter_table(LABELS).split("# Rules look at words")
    head = re.sub(r"^#   (min_in_remit|signposts)", r"\1", head, flags=re.MULTILINE)
    rules = re.sub(r"^# (?!Rules)", "", rules[rules.index("\n") :], flags=re.MULTILINE)
    path.write_text(head + rules, encoding="utf-8")
    table = load_table(path)
    assert table.signposts == ("The city's offices", "The police")
    assert [rule.languages for rule in table.rules] == [(), ("pl",)]


@pytest.mark.parametrize(
    ("label", "topic"),
    [
        ("Crèches & écoles", "Creches-ecoles"),
        ("Kesinti ve Arıza", "Kesinti-ve-Ariza"),
        ("Zgłoszenie", "Zgloszenie"),
        ("Straße / Øst", "Strasse-Ost"),
    ],
)
def test_a_topic_is_read_as_its_department(label: str, topic: str) -> None:
    """No letter of a Latin alphabet is lost in a topic's name."""
    assert topics_for([label]) == [f"departments.{topic}"]


ALIKE = {
    "signs": ["Housing & Benefits", "Housing / Benefits"],
    "capitals": ["Tax", "tax"],
    "dots": ["adult.care", "adult_care"],
    "another script": ["الصحة", "التعليم"],
    "signs alone": ["?", "!", "."],
    "their ends": ["a very long name " * 20 + "of one", "a very long name " * 20 + "of another"],
    "too long": ["x" * 300],
}


@pytest.mark.parametrize("labels", ALIKE.values(), ids=ALIKE)
def test_each_department_has_a_topic_of_its_own(tmp_path: Path, labels: list[str]) -> None:
    """Departments whose names differ by what no topic can say get topics that differ all the same.

    With the longest prefix, too, a topic's name is not too long.
    """
    topics = topics_for(labels)
    assert len({*map(sameness, topics)}) == len(labels)
    assert all(len(topic) <= LONGEST for topic in topics)
    assert topics == topics_for([*labels, "waste"])[:-1]
    path = tmp_path / "ours.toml"
    path.write_text(starter_table(labels), encoding="utf-8")
    check_labels(load_table(path), labels)


def test_any_character_stands_in_a_table(tmp_path: Path) -> None:
    """What JSON leaves as it is and TOML forbids is escaped."""
    labels = [f"tax{chr(code)}" for code in (*range(1, 32), 127, 0x1F600)]
    path = tmp_path / "ours.toml"
    path.write_text(starter_table(labels, ["danger\x7f"]), encoding="utf-8")
    check_labels(load_table(path), labels)


@pytest.mark.parametrize("locale", ["C", "en_GB.ISO-8859-1", "en_GB.UTF-8"])
@pytest.mark.parametrize("encoding", ["", "latin-1", "ascii"])
def test_the_printed_table_is_its_own_input(tmp_path: Path, locale: str, encoding: str) -> None:
    """`triage routes > table.toml` is read again, whatever the terminal speaks."""
    environment = {**os.environ, "LC_ALL": locale, "PYTHONIOENCODING": encoding}
    path = tmp_path / "ours.toml"
    with path.open("wb") as file:
        subprocess.run([TRIAGE, "routes"], env=environment, stdout=file, check=True)
    assert load_table(path).departments
    assert "…" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_that_an_editor_saved_is_read(tmp_path: Path, encoding: str) -> None:
    """A byte order mark, as Notepad and PowerShell write one, is no part of the table."""
    path = tmp_path / "ours.toml"
    path.write_text(starter_table(LABELS), encoding=encoding, newline="\r\n")
    check_labels(load_table(path), LABELS)


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """`triage routes` writes a table for a model's departments to standard output."""
    with pytest.raises(SystemExit) as ended:
        run(["routes"])
    assert not ended.value.code
    assert '[departments."home-office"]' in capsys.readouterr().out
