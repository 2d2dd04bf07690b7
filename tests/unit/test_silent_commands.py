import gzip
import json
from pathlib import Path
from typing import NamedTuple

import pytest

from services.cli import MODEL, run
from tests.unit.training_data import BUSY, as_csv, labelled_rows, write

# Stands in every text, label, date and name of a column that a file of these has.
MARK = "Zebedee"
TEXT = f"{MARK} has no home"
ROWS = [row._replace(text=f"{MARK} {row.text}") for row in labelled_rows(0, BUSY)]
GOOD = as_csv(ROWS).decode()
HEADER = "text,department,day\r\n"


class Bad(NamedTuple):
    """A file that no training takes, and the options with which it is given."""

    content: bytes | str
    name: str = "a.csv"
    options: tuple[str, ...] = ()


def line(text: str = TEXT, label: str = "tax", day: str = "2025-01-01") -> str:
    return f"{GOOD}{text},{label},{day}\n"


def objects(*rows: object) -> str:
    return "\n".join(map(json.dumps, rows))


DAY, FLAGS = ("--date", "day"), ("--flags", "day")
BAD = {
    "no header": Bad(f"{TEXT},tax,2025-01-01\n" * 20),
    "a header of texts": Bad(f"{TEXT},{MARK}\n{TEXT},tax\n"),
    "no column": Bad(GOOD, options=("--text", "body")),
    "texts as labels": Bad(GOOD, options=("--text", "department", "--label", "text")),
    "the same column": Bad(GOOD, options=("--label", "text")),
    "texts as dates": Bad(GOOD.replace(HEADER, "day,department,text\n"), options=DAY),
    "texts as flags": Bad(GOOD.replace(HEADER, "day,department,text\n"), options=FLAGS),
    "an own label": Bad(line(label=TEXT)),
    "own labels": Bad("".join([HEADER, *(f"a,{MARK} {n},2025-01-01\n" for n in range(99))])),
    "two spellings": Bad(line(label=MARK) + line(label=MARK.upper()).removeprefix(GOOD)),
    "a list": Bad(line(label=f"['{TEXT}']")),
    "a long label": Bad(line(label=TEXT * 30)),
    "a label of two lines": Bad(line(label=f'"{TEXT}\n"')),
    "a wrong date": Bad(line(day=TEXT), options=DAY),
    "a far date": Bad(line(day="2052-01-01"), options=DAY),
    "more cells": Bad(line(text=f"{TEXT}, {MARK}")),
    "fewer cells": Bad(GOOD + TEXT),
    "an open quote": Bad(line(text=f'"{TEXT}')),
    "a wrong quote": Bad(line(text=f'"{TEXT}" {MARK}"')),
    "MySQL's quotes": Bad(line(text=rf'"\"{TEXT}\" {MARK}"')),
    "a NUL": Bad(line(text=f"\0{TEXT}")),
    "doubled columns": Bad(f"text,text,{MARK},department\n{TEXT},{TEXT},a,tax\n"),
    "Windows-1252": Bad(line(text=f"caf\u00e9 {TEXT}").encode("cp1252")),
    "no encoding": Bad(GOOD.encode() + b"\x81\x8d" + TEXT.encode()),
    "half of UTF-16": Bad(GOOD.encode("utf-16-le")),
    "torn gzip": Bad(gzip.compress(GOOD.encode())[:-9], name="a.csv.gz"),
    "HTML": Bad(f"<html><p>{TEXT}</p></html>"),
    "XML": Bad(f"<{MARK}>{TEXT}</{MARK}>"),
    "a torn object": Bad(objects({"text": TEXT, "department": "tax"}) + f'\n{{"text": "{TEXT}'),
    "an object of objects": Bad(objects({TEXT: {MARK: TEXT}}), name="a.json"),
    "an array of texts": Bad(objects([TEXT, MARK]), name="a.json"),
    "a text": Bad(TEXT, name="a.jsonl"),
    "a label that is an object": Bad(objects({"text": TEXT, "department": {TEXT: MARK}})),
    "half of a letter": Bad(objects({"text": f"{TEXT}\ud83d", "department": "tax"})),
    "a key twice": Bad(f'{{"text": "{TEXT}", "text": "{MARK}", "department": "tax"}}'),
    "too deep": Bad(f'{{"text": "{TEXT}", "department": ' + "[" * 100_000),
    "CSV called JSON": Bad(GOOD, name="a.json"),
}


def printed_by(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        run([*map(str, arguments)])
    printed = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, printed.out + printed.err


@pytest.mark.parametrize("bad", BAD.values(), ids=[*BAD])
def test_no_command_shows_a_word_of_a_file_that_it_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: Bad
) -> None:
    """Whichever command reads a file names lines, and never what stands there."""
    path, good = tmp_path / bad.name, write(tmp_path / "good.csv", ROWS)
    content = bad.content if isinstance(bad.content, bytes) else bad.content.encode()
    path.write_bytes(content)
    out = ("--out", str(tmp_path / "model"), *bad.options)
    commands: dict[str, tuple[str | Path, ...]] = {
        "--data": ("train", "--data", path, *out),
        "--valid": ("train", "--data", good, "--valid", path, *out),
        "check": ("check", path, *bad.options),
        "evaluate": ("evaluate", "--data", path, *bad.options),
        "compare": ("compare", "--model", MODEL, "--with", MODEL, "--lessons", path),
        "thresholds": ("thresholds", "--lessons", path, "--out", tmp_path / "model"),
    }
    for name, command in commands.items():
        code, printed = printed_by(capsys, *command)
        assert code == (1 if name == "check" else 2), name
        assert MARK.casefold() not in printed.casefold(), name
        assert "Traceback" not in printed


@pytest.mark.parametrize("bad", BAD.values(), ids=[*BAD])
def test_classify_shows_no_word_of_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: Bad
) -> None:
    """`classify` says by number which lines are bad, and decides the others without their words."""
    path = tmp_path / bad.name
    path.write_bytes(bad.content if isinstance(bad.content, bytes) else bad.content.encode())
    _, printed = printed_by(capsys, "classify", path)
    assert MARK.casefold() not in printed.casefold()


@pytest.mark.parametrize("content", [f"{MARK} " * 200_000, "\n \n"])
def test_load_shows_no_word_of_what_it_would_publish(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    """A file of inquiries that Kafka would not take is refused by its line."""
    path = tmp_path / "a.jsonl"
    path.write_text(content, encoding="utf-8")
    code, printed = printed_by(capsys, "load", "--rate", "1", "--inquiries", path)
    assert code == 2
    assert MARK not in printed


@pytest.mark.parametrize("bad", BAD.values(), ids=[*BAD])
def test_review_and_demo_show_no_word_of_what_they_would_judge_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: Bad
) -> None:
    """A file of truths that says nothing is refused by its line, before anything is started."""
    path = tmp_path / bad.name
    path.write_bytes(bad.content if isinstance(bad.content, bytes) else bad.content.encode())
    for command in (("review", "--simulate", path), ("demo", "--truths", path)):
        code, printed = printed_by(capsys, *command)
        assert code == 2
        assert MARK.casefold() not in printed.casefold()


def test_labels_that_no_model_knows_are_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stands where a label or a group's name should is not repeated."""
    path = tmp_path / "a.csv"
    path.write_text(f"text,department\n{TEXT},{TEXT}\n", encoding="utf-8")
    good, grouped = write(tmp_path / "good.csv", ROWS), tmp_path / "grouped.csv"
    subjects = "".join(f"a,tax,{MARK} {number}\n" for number in range(101))
    grouped.write_text(f"text,department,subject\n{subjects}", encoding="utf-8")
    for command in (
        ("evaluate", "--data", path),
        ("train", "--data", good, "--remit", path, "--out", tmp_path / "model"),
        ("evaluate", "--data", good, "--by", "text"),
        ("evaluate", "--data", grouped, "--by", "subject"),
    ):
        code, printed = printed_by(capsys, *command)
        assert code == 2
        assert MARK not in printed
