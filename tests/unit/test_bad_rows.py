import gzip
from pathlib import Path
from typing import NamedTuple

import pytest

from services.cli import run
from tests.unit.training_data import BUSY, as_csv, as_json_lines, labelled_rows, remit_rows, write

ROWS = labelled_rows(0, BUSY)
GOOD, LINES = as_csv(ROWS), as_json_lines(ROWS)
ZIPPED = gzip.compress(GOOD)
HEADER, FIRST, *_ = GOOD.splitlines(keepends=True)
ONE_CLASS = as_csv([row for row in ROWS if row.department == "tax"])
UNLABELLED = as_csv([row for row in remit_rows(0) if not row.department])
UNIQUE = "".join(f"{chr(0x4E00 + n)},{BUSY[n % 2]},2025-01-01\n" for n in range(40)).encode()
SWAN = b"The swan,parks,2025-01-01\n"
UNNAMED = b"".join(b"%s,,%s\n" % tuple(line.split(b",")[::2]) for line in GOOD.splitlines()[1:])
SEEN = as_csv(ROWS[:100])


class Bad(NamedTuple):
    """A file, and what the sentence about it has to say; the option that it is given with."""

    name: str
    content: bytes
    named: tuple[str, ...]
    option: str = "--data"


BAD = {
    "no such column": Bad("a.csv", GOOD.replace(b"depart", b"", 1), ("/a.csv", "department")),
    "no such key": Bad("a.jsonl", LINES.replace(b"depart", b""), ("/a.jsonl", "department")),
    "one class": Bad("a.csv", ONE_CLASS, ("tax",)),
    "an empty text": Bad("a.csv", GOOD + b",tax,2025-01-01\n", ("/a.csv", "line 272")),
    "a blank text": Bad("a.csv", GOOD + b" \t,tax,2025-01-01\n", ("/a.csv", "line 272")),
    "a text that is a number": Bad(
        "a.jsonl", b'{"text": 5, "department": "a"}\n', ("/a.jsonl", "line 1")
    ),
    "too few rows of a class": Bad(
        "a.csv", GOOD + SWAN * 9, ("/a.csv", "lines 272, 273, 274 and 6")
    ),
    "no label at all": Bad("a.csv", HEADER + UNNAMED, ("No row has a label", "--label")),
    "seen before": Bad("a.csv", SEEN, ("/a.csv", "stand in --data"), "--valid"),
    "not UTF-8": Bad("a.csv", GOOD + b"caf\xe9,tax,2025-01-01\n", ("/a.csv", "UTF-8")),
    "torn gzip": Bad("a.csv.gz", ZIPPED[:-40], ("/a.csv.gz", "gzip")),
    "no gzip": Bad("a.csv.gz", GOOD, ("/a.csv.gz", "gzip")),
    "broken gzip": Bad("a.csv.gz", ZIPPED[:30] + b"\xff" * 99, ("/a.csv.gz", "gzip")),
    "a torn line": Bad("a.jsonl", LINES + b'{"text": "hel', ("/a.jsonl", "line 271")),
    "a line without an object": Bad("a.jsonl", LINES + b'["hello"]\n', ("/a.jsonl", "line 271")),
    "no rows": Bad("a.csv", HEADER, ("/a.csv", "no rows")),
    "nothing": Bad("a.csv", b"", ("/a.csv", "is empty")),
    "a torn row": Bad("a.csv", GOOD + b"hello,tax\r\n", ("/a.csv", "line 272")),
    "a wrong date": Bad("a.csv", GOOD + b"hello,tax,24/11/2025\n", ("/a.csv", "line 272")),
    "no common word": Bad("a.csv", HEADER + UNIQUE, ("in common",)),
    "an unknown later label": Bad("a.csv", GOOD + SWAN, ("line 272",), "--valid"),
    "few later rows": Bad("a.csv", HEADER + FIRST * 4, ("/a.csv", "--valid"), "--valid"),
    "nothing out of remit": Bad("a.csv", GOOD, ("/a.csv", "remit"), "--remit"),
    "nothing in remit": Bad("a.csv", UNLABELLED, ("/a.csv", "remit"), "--remit"),
    "remit not UTF-8": Bad("a.csv", b"\xff", ("/a.csv", "UTF-8"), "--remit"),
}


def triage(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        run([str(argument) for argument in arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("bad", BAD.values(), ids=[*BAD])
def test_bad_rows_end_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: Bad
) -> None:
    """`triage train` exits 2, says what is wrong in one line, and leaves nothing behind."""
    path = tmp_path / bad.name
    path.write_bytes(bad.content)
    good = write(tmp_path / "good.csv", ROWS)
    others = [] if bad.option == "--data" else ["--data", str(good)]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    out = tmp_path / "models" / "mine"
    assert triage("train", bad.option, path, *others, "--date", "day", "--out", out) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("triage: ")
    assert all(name in line for name in bad.named)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file and a folder are refused by name, and the earlier model stays."""
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.onnx").write_bytes(b"of the one before")
    for path in (tmp_path / "missing.csv", tmp_path):
        assert triage("train", "--data", path, "--out", model) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert str(path) in line
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (model / "model.onnx").read_bytes() == b"of the one before"


@pytest.mark.parametrize("option", [("--precision", "1.5"), ("--seed", "-1"), ("--half-life", "0")])
def test_a_wrong_option_is_refused(tmp_path: Path, option: tuple[str, str]) -> None:
    """An option that makes no sense is refused before anything is read."""
    good = write(tmp_path / "good.csv", ROWS)
    assert triage("train", "--data", good, "--out", tmp_path / "mine", *option) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["good.csv"]
