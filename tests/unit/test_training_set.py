import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from services.errors import ConfigurationError
from services.training.data.dataset import Columns
from services.training.data.training_set import Request, TrainingSet, read_training_set
from tests.unit.training_data import BUSY, FlaggedRow, flagged_rows, labelled_rows, write

PLAIN = Columns("text", "department")
WITH_FLAGS = Columns("text", "department", flags="flags")
ROWS = labelled_rows(1, BUSY)


def asking(folder: Path, *names: str) -> Request:
    return Request(data=[folder / name for name in names], columns=PLAIN, out=folder / "model")


def read_rows(folder: Path, *lines: tuple[str, str]) -> TrainingSet:
    """Read the rows with some more, each a text and its label."""
    path = write(folder / "rows.csv", ROWS)
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((*line, "2025-01-01") for line in lines)
    return read_training_set(asking(folder, "rows.csv"))


def test_a_row_with_several_labels_is_a_row_of_less_weight_for_each(tmp_path: Path) -> None:
    """What two departments should get teaches both, and counts as much as any other row."""
    found = read_rows(tmp_path, ("school tax", "tax|schools"))
    assert [*found.train.texts[-2:]] == ["school tax"] * 2
    assert {found.names[label] for label in found.train.labels[-2:]} == {"tax", "schools"}
    assert found.train.weights[-2:].tolist() == [0.5, 0.5]
    assert found.train.weights.sum() == len(ROWS) + 1
    assert found.train.in_remit.all()


def test_a_row_without_a_label_is_for_the_remit(tmp_path: Path) -> None:
    """What no department should get has no label, and its whole file tells of the remit."""
    plain = read_rows(tmp_path).train
    assert not plain.knows_remit.any()
    train = read_rows(tmp_path, *((f"lottery {n}", "") for n in range(10))).train
    assert (train.labels[-10:] == -1).all()
    assert not train.in_remit[-10:].any()
    assert (train.labels[:-10] >= 0).all()
    assert train.in_remit[:-10].all()
    assert train.knows_remit.all()


def test_only_a_file_with_flags_tells_of_flags(tmp_path: Path) -> None:
    """Rows of a file without the column are not taken for rows without a flag."""
    write(tmp_path / "rows.csv", ROWS)
    write(tmp_path / "flagged.jsonl", flagged_rows(2))
    asked = replace(asking(tmp_path, "rows.csv", "flagged.jsonl"), columns=WITH_FLAGS)
    found = read_training_set(asked)
    assert found.flag_names == ("danger",)
    assert (found.train.knows_flags == (found.train.kinds == 1)).all()
    flags = [bool(row.flags) for row in flagged_rows(2)]
    assert found.train.flags[found.train.kinds == 1, 0].tolist() == flags
    assert not found.train.flags[found.train.kinds == 0].any()


def test_rows_that_were_learnt_from_judge_nothing(tmp_path: Path) -> None:
    """Later rows that stand among the others, exactly or nearly, are left out and counted."""
    write(tmp_path / "rows.csv", ROWS)
    same = [row._replace(text=row.text.upper()) for row in ROWS[:20]]
    longer = [row._replace(text=f"{row.text} Thank you") for row in ROWS[20:40]]
    fresh = labelled_rows(5, BUSY)
    write(tmp_path / "later.csv", [*same, *fresh, *longer])
    asked = replace(asking(tmp_path, "rows.csv"), valid=tmp_path / "later.csv")
    found = read_training_set(asked)
    assert found.valid is not None
    assert [*found.valid.texts] == [row.text for row in fresh]
    assert found.left_out == 40
    assert len(found.train.texts) == len(ROWS)


def test_rows_that_are_not_later_are_counted(tmp_path: Path) -> None:
    """Rows that judge and are as old as those that teach are told from later ones."""
    write(tmp_path / "rows.csv", ROWS)
    fresh = [row._replace(day="2025-06-01") for row in labelled_rows(5, BUSY)]
    later = [row._replace(day="2026-06-01") for row in labelled_rows(6, BUSY)]
    write(tmp_path / "later.csv", [*ROWS[:20], *fresh, *later])
    dated = Columns("text", "department", "day")
    asked = replace(
        asking(tmp_path, "rows.csv"),
        columns=dated,
        valid=tmp_path / "later.csv",
        today=date(2026, 6, 1),
    )
    found = read_training_set(asked)
    assert (found.left_out, found.not_later) == (20, len(fresh))
    assert read_training_set(replace(asked, columns=PLAIN)).not_later == 0


def test_labels_of_later_rows_in_other_case_are_said_to_be_that(tmp_path: Path) -> None:
    """`TAX` in --valid is not a label that no training text has, but `tax` in another way."""
    write(tmp_path / "rows.csv", ROWS)
    later = [row._replace(department=row.department.upper()) for row in labelled_rows(5, BUSY)]
    write(tmp_path / "later.csv", later)
    asked = replace(asking(tmp_path, "rows.csv"), valid=tmp_path / "later.csv")
    with pytest.raises(ConfigurationError, match=r"by case or blanks alone: .*in one way"):
        read_training_set(asked)


@pytest.mark.parametrize("new", [0, 49])
def test_too_few_rows_that_judge_are_refused(tmp_path: Path, new: int) -> None:
    """Where so few are left that nothing could be promised, the sentence says how many and why."""
    write(tmp_path / "rows.csv", ROWS)
    write(tmp_path / "later.csv", [*ROWS, *labelled_rows(5, BUSY)[:new]])
    asked = replace(asking(tmp_path, "rows.csv"), valid=tmp_path / "later.csv")
    sentence = rf"has {new} rows with one label .* \({len(ROWS)} do\), and fewer than 50"
    with pytest.raises(ConfigurationError, match=sentence):
        read_training_set(asked)


@pytest.mark.parametrize(
    ("row", "columns", "sentence"),
    [
        (FlaggedRow("moon", "moon", "", ""), PLAIN, "the label moon"),
        (FlaggedRow("lottery", "", "", ""), PLAIN, "no label"),
        (FlaggedRow("help", "tax", "", "danger"), WITH_FLAGS, "the flag danger"),
    ],
    ids=["label", "remit", "flag"],
)
def test_one_text_many_times_is_one(
    tmp_path: Path, row: FlaggedRow, columns: Columns, sentence: str
) -> None:
    """What stands in few texts that differ is refused: whichever part learnt it would judge it."""
    same = [row._replace(text=f"{row.text.upper()}{' ' * n}") for n in range(20)]
    write(tmp_path / "rows.csv", [*(FlaggedRow(*each, "") for each in ROWS), *same])
    asked = replace(asking(tmp_path, "rows.csv"), columns=columns)
    with pytest.raises(ConfigurationError, match=rf"10 texts that differ have {sentence}:"):
        read_training_set(asked)


def changed(flags: str) -> list[FlaggedRow]:
    return [row._replace(flags=flags) for row in flagged_rows(2)]


@pytest.mark.parametrize(
    ("rows", "change", "sentence"),
    [
        (ROWS, {"columns": WITH_FLAGS}, "no column flags: leave --flags out"),
        (ROWS, {"columns": Columns("text", "department", "when")}, "no column when"),
        (ROWS, {"weights": (1.0, 2.0)}, "2 weights .* 1 files"),
        (changed("danger"), {"columns": WITH_FLAGS}, "Fewer than 10 rows lack the flag danger"),
        (
            [*changed("")[9:], *changed("danger")[:9]],
            {"columns": WITH_FLAGS},
            "10 rows each have these flags: the one in lines 263, 264, 265 and 6 more of",
        ),
    ],
    ids=["no flags", "no date", "weights", "all flagged", "few flagged"],
)
def test_what_cannot_be_learnt_is_said_in_one_sentence(
    tmp_path: Path, rows: list[FlaggedRow], change: dict[str, object], sentence: str
) -> None:
    """A column, a weight or a flag that makes no sense is refused, and the sentence names it."""
    write(tmp_path / "rows.csv", rows)
    asked = replace(asking(tmp_path, "rows.csv"), **change)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        read_training_set(asked)
    assert "\n" not in str(caught.value)
