from pathlib import Path

import pytest

from services.cli import run
from tests.unit.training_data import BUSY, flagged_rows, labelled_rows, write

ROWS = labelled_rows(0, BUSY)


def checked(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str]:
    """Run `triage check`; return its exit code and what it printed."""
    with pytest.raises(SystemExit) as ended:
        run(["check", *map(str, arguments)])
    printed = capsys.readouterr()
    assert printed.err == ""
    assert isinstance(ended.value.code, int)
    return ended.value.code, printed.out


def with_rows(path: Path, *rows: str) -> Path:
    write(path, ROWS)
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{row}\n" for row in rows))
    return path


def test_a_history_that_training_takes_is_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Encoding, rows, labels with counts, dates; and the exit code is 0."""
    write(tmp_path / "b.jsonl", flagged_rows(1))
    files = with_rows(tmp_path / "a.csv", "hello you,,2025-01-01", ",,"), tmp_path / "b.jsonl"
    code, printed = checked(capsys, *files, "--date", "day", "--flags", "flags")
    assert code == 0
    assert "a.csv: 271 rows read (CSV, parted by commas, in UTF-8); left out 1 empty." in printed
    assert "b.jsonl: 270 rows read (JSON Lines, in UTF-8)." in printed
    assert "  Empty cells: department 1." in printed
    assert "3 labels; " in printed
    assert all(f" {name}\n" in printed for name in (*BUSY, "danger"))
    assert "Dates: from 2025-01-01 to 2025-09-27; 0 rows have none." in printed
    assert printed.endswith("Training would take this.\n")


def test_texts_that_stand_twice_and_personal_data_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exactly, nearly, and with other labels; personal data by kind; no text is printed."""
    text = "Nobody has emptied my bins at SW1A 1AA since the start of March"
    rows = [f"{text},tax,2025-01-01"] * 3 + [f"{text} thank you,roads,2025-01-01"]
    path = with_rows(tmp_path / "a.csv", *rows, "lost \ufffd letter at a@b.co,tax,2025-01-01")
    code, printed = checked(capsys, path)
    assert code == 0
    assert "Texts that stand twice: 2 exactly, 1 nearly; 4 rows are among such as have" in printed
    assert "Personal data, in so many texts: e-mail address 1, postcode 4." in printed
    assert "Letters that were lost when this was converted earlier: in 1 texts." in printed
    assert "bins" not in printed


def test_near_doubles_of_labels_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Labels that are nearly one are named, those of few rows by their line."""
    rows = ["a,housing benefit,2025-01-01"] * 10 + ["b,housing-benefit,2025-01-01"]
    code, printed = checked(capsys, with_rows(tmp_path / "a.csv", *rows))
    assert code == 1
    assert f"Nearly the same name: housing benefit | the one in line 282 of {tmp_path}" in printed
    assert "Fewer than 10 rows each: the one in line 282 of " in printed
    assert "housing-benefit" not in printed


def test_labels_that_are_made_of_others_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Several labels with a comma between are one that is called so, and that is said."""
    rows = ["a,tax / roads,2025-01-01"] * 10
    _, printed = checked(capsys, with_rows(tmp_path / "a.csv", *rows))
    assert "Made of others, which only | parts: tax / roads." in printed


def test_texts_that_an_export_has_cut_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Many texts of one length, and none longer, are what a column of 255 letters leaves."""
    rows = [f"{'why ' * 62}{n} and so,tax,2025-01-01" for n in range(100, 104)]
    _, printed = checked(capsys, with_rows(tmp_path / "a.csv", *rows))
    assert "Texts that seem to be cut: 4, after 258 letters each." in printed


def test_all_that_training_would_refuse_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Faults of all files, those that cannot be read among them; and the exit code is 1."""
    path = with_rows(
        tmp_path / "a.csv", ",tax,2025-01-01", "hello,NULL,2025-01-01", "a,TAX,2052-01-01"
    )
    (tmp_path / "b.csv").write_bytes("caf\u00e9".encode("cp1252") * 9)
    code, printed = checked(capsys, path, tmp_path / "b.csv", tmp_path / "c.csv", "--date", "day")
    assert code == 1
    refused = printed.partition("Training would refuse this:\n")[2]
    assert "b.csv line 1 is not UTF-8 at byte 3" in refused
    assert "c.csv cannot be read (No such file or directory)" in refused
    assert "a.csv line 272 has no text in text" in refused
    assert "a.csv line 273 has a placeholder (NULL) in department" in refused
    assert "a.csv line 274 has a date in the future in day" in refused
    assert "left out 3 wrong." in printed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--label", "text"], "The column text is named for two things"),
        (["--label", "day"], "10 rows each have these labels"),
        (["--text", "body"], "no column body, but 3 others, such as text, department, day"),
        (["--date", "when"], "no column when: leave --date out"),
        (["--flags", "danger"], "no column danger: leave --flags out"),
    ],
)
def test_what_was_asked_for_wrongly_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    """A column that is not there, or not what it is named for, is what training refuses, too."""
    code, printed = checked(capsys, write(tmp_path / "a.csv", ROWS), *options)
    assert code == 1
    assert said in printed


def test_subjects_of_which_one_recurs_are_not_taken_for_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where most values of a column stand there once, the one that many rows have is no name."""
    subjects = [f"MARKED {n}" for n in range(30)] + ["MARKED"] * 12
    rows = [f"a text as long as they are {n},{each}" for n, each in enumerate(subjects)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["text,subject", *rows]), encoding="utf-8")
    _, printed = checked(capsys, path, "--label", "subject")
    assert "MARKED" not in printed


@pytest.mark.parametrize(
    "marked",
    [
        ["Where is my MARKED passport", "My MARKED bins were missed"],
        ["MARKED?", "MARKED!"],
        [f"MARKED {n}" for n in range(30)] + ["MARKED"] * 10,
    ],
)
def test_texts_that_recur_are_not_taken_for_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], marked: list[str]
) -> None:
    """A column of texts that is named for the labels is not shown, however often a text stands."""
    rows = [f"{text},{name}" for text in marked for name in ("tax", "roads")] * 15
    rows += [f"{text} as others say,tax" for text in marked[:2]]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["text,department", *rows]), encoding="utf-8")
    _, printed = checked(capsys, path, "--text", "department", "--label", "text")
    assert "MARKED" not in printed
