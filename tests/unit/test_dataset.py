import gzip
import json
from datetime import date
from pathlib import Path

import pytest

from services.training.data.dataset import Columns, read_dataset
from tests.unit.training_data import (
    BUSY,
    as_csv,
    as_json_lines,
    labelled_rows,
    write,
)

COLUMNS = Columns("text", "department", "day")
ROWS = labelled_rows(0, BUSY)


@pytest.mark.parametrize(
    "name", ["a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.ndjson", "a.json"]
)
def test_the_same_rows_are_read_from_any_form(tmp_path: Path, name: str) -> None:
    """CSV and JSON Lines, compressed or not, hold the same texts, labels and dates."""
    content = as_csv(ROWS) if ".csv" in name else as_json_lines(ROWS)
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    data = read_dataset([path], COLUMNS)
    assert [*data.texts] == [row.text for row in ROWS]
    assert [*data.labels] == [{row.department} for row in ROWS]
    assert data.dates is not None
    assert [*data.dates] == [date.fromisoformat(row.day) for row in ROWS]


def test_what_people_write_is_kept_as_it_is(tmp_path: Path) -> None:
    """Quotes, line breaks, a byte order mark and any letter come through CSV and JSON alike."""
    text = 'She said "no",\r\n\u2028and left; ŵ 😀 \t'
    quoted = text.replace('"', '""')
    (tmp_path / "a.csv").write_bytes(f'\ufefftext,department\n"{quoted}",tax\n'.encode())
    line = json.dumps({"text": text, "department": "tax"}, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_bytes(f"{line}\n\n".encode())
    data = read_dataset([tmp_path / "a.csv", tmp_path / "a.jsonl"], Columns("text", "department"))
    assert [*data.texts] == [text, text]


def test_with_dates_the_order_of_rows_makes_no_difference(tmp_path: Path) -> None:
    """Rows stand in the order of time, however many files they come in and in which order."""
    write(tmp_path / "new.csv", ROWS[100:])
    write(tmp_path / "old.jsonl", ROWS[99::-1])
    both = [tmp_path / "new.csv", tmp_path / "old.jsonl"]
    assert [*read_dataset(both, COLUMNS).texts] == [row.text for row in ROWS]


def test_labels_are_none_one_or_several(tmp_path: Path) -> None:
    """A row may be for no department, for one, or for any of several; a number is a label too."""
    labels = ["", "tax", "tax|roads", None, 0, 7]
    rows = [{"text": "hello", "department": label} for label in labels]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = read_dataset([path], Columns("text", "department")).labels
    assert [set(each) for each in found] == [set(), {"tax"}, {"tax", "roads"}, set(), {"0"}, {"7"}]


def test_times_and_days_are_dates(tmp_path: Path) -> None:
    """A time stands for its day."""
    path = tmp_path / "a.csv"
    path.write_text("text,department,day\nhello,tax,2025-11-24T10:00:00Z\n", encoding="utf-8")
    assert read_dataset([path], COLUMNS).dates == (date(2025, 11, 24),)


def test_a_citizens_text_does_not_show(tmp_path: Path) -> None:
    """Printing a data set shows none of what was written."""
    write(tmp_path / "a.csv", ROWS)
    assert ROWS[0].text not in repr(read_dataset([tmp_path / "a.csv"], COLUMNS))


def test_of_several_files_some_may_lack_dates_and_flags(tmp_path: Path) -> None:
    """Rows without a date stand first; rows of a file without flags have none."""
    write(tmp_path / "a.jsonl", ROWS[:3])
    (tmp_path / "b.csv").write_text("text,department,flags,x\nhi,tax,a|b,7\n", encoding="utf-8")
    columns = Columns("text", "department", "day", "flags", ("x",))
    data = read_dataset([tmp_path / "a.jsonl", tmp_path / "b.csv"], columns)
    assert data.dates is not None
    assert data.dates[0] is None
    assert data.flags == (frozenset("ab"), *[frozenset()] * 3)
    assert data.groups == {"x": ["7", "", "", ""]}
