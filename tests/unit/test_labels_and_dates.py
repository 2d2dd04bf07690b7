from datetime import date
from pathlib import Path

import pytest

from services.errors import ConfigurationError
from services.training.data.dataset import Columns, read_dataset
from services.training.data.spelling import joined_names, near_doubles

COLUMNS = Columns("text", "department", "day")
TODAY = date(2025, 6, 1)
DAYS = [f"{day:%Y-%m-%d}" for day in (date(2025, 1, 1 + n % 28) for n in range(450))]


def written(folder: Path, *rows: str, days: list[str] | None = None) -> Path:
    path = folder / "a.csv"
    usual = [f"hello {n},tax|housing,{day}" for n, day in enumerate(days or DAYS[:20])]
    path.write_text("\n".join(["text,department,day", *usual, *rows]), encoding="utf-8")
    return path


def test_blanks_around_a_label_are_nothing(tmp_path: Path) -> None:
    """`tax `, ` tax` and `housing | tax` have the labels that they seem to have."""
    rows = [
        "a,tax ,2025-01-01",
        "b, tax,2025-01-01",
        "c,housing | tax,2025-01-01",
        "d,\xa0,2025-01-01",
    ]
    labels = read_dataset([written(tmp_path, *rows)], COLUMNS, TODAY).labels
    assert set(labels) == {frozenset({"tax"}), frozenset({"tax", "housing"}), frozenset()}


@pytest.mark.parametrize("label", ["TAX", "Tax", "t ax", "housing|TAX", "ta\u00adx", "\uff54ax"])
def test_labels_that_differ_by_case_or_blanks_are_refused(tmp_path: Path, label: str) -> None:
    """One department written in two ways is not two departments."""
    path = written(tmp_path, f"a,{label},2025-01-01")
    with pytest.raises(ConfigurationError) as caught:
        read_dataset([path], COLUMNS, TODAY)
    assert "a.csv line 22 has in department what" in str(caught.value)
    assert "a.csv line 2 has, but for case or blanks" in str(caught.value)


def test_labels_of_two_files_are_held_against_each_other(tmp_path: Path) -> None:
    """A department that last year's file writes otherwise is refused, too."""
    other = tmp_path / "b.csv"
    other.write_text("text,department\nhello,TAX\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"b\.csv line 2 has in department"):
        read_dataset([written(tmp_path), other], COLUMNS, TODAY)


@pytest.mark.parametrize(
    "label",
    [
        "nan",
        "NULL",
        "N/A",
        "n/a",
        r"\N",
        "None",
        "-",
        "#N/A",
        "tax|nan",
        "(blank)",
        "Not Applicable",
        "unknown",
        "TBC",
        "n.v.t.",
    ],
)
def test_placeholders_are_refused(tmp_path: Path, label: str) -> None:
    """What programs write where nothing is known is no department."""
    with pytest.raises(ConfigurationError, match="line 22 has a placeholder"):
        read_dataset([written(tmp_path, f"a,{label},2025-01-01")], COLUMNS, TODAY)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("['tax']", "as code writes it"),
        ('"{""name"": ""tax""}"', "as code writes it"),
        ("('tax')", "as code writes it"),
        ("'tax'", "a name in quotes"),
        ('"""tax"""', "a name in quotes"),
        ('"tax\nhousing"', "more than a name"),
        ("x" * 101, "more than a name"),
        ("tax\x1b[31m", "more than a name"),
    ],
)
def test_what_is_no_name_is_no_label(tmp_path: Path, label: str, said: str) -> None:
    """Lists as code writes them, texts and control characters are refused."""
    with pytest.raises(ConfigurationError, match=f"line 22 has .*{said}"):
        read_dataset([written(tmp_path, f"a,{label},2025-01-01")], COLUMNS, TODAY)


@pytest.mark.parametrize("label", ["true", "1.5", "NaN", '{"name": "tax"}', "[1]", '["nan"]'])
def test_what_is_no_name_in_json_is_no_label(tmp_path: Path, label: str) -> None:
    """JSON's truths, fractions and objects are no names; a list of names is several."""
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "a", "department": {label}}}\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"a\.jsonl line 1 has (no text|a placeholder)"):
        read_dataset([path], COLUMNS, TODAY)
    path.write_text('{"text": "a", "department": ["tax", " roads "]}\n', encoding="utf-8")
    assert read_dataset([path], COLUMNS, TODAY).labels == (frozenset({"tax", "roads"}),)


@pytest.mark.parametrize("flag", ["yes", "No", "TRUE", "0", "danger|n"])
def test_yes_and_no_are_no_flags(tmp_path: Path, flag: str) -> None:
    """A column that answers a question does not name what a person must see first."""
    path = tmp_path / "a.csv"
    path.write_text(f"text,department,danger\na,tax,{flag}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 2 has a yes or no in danger"):
        read_dataset([path], Columns("text", "department", flags="danger"), TODAY)


@pytest.mark.parametrize("text", ["NULL", "nan", r"\N", "#REF!", "undefined"])
def test_what_a_program_writes_for_no_text_is_none(tmp_path: Path, text: str) -> None:
    """A text that is `NULL` is an empty one; what a person may write is a text."""
    path = written(tmp_path, f"{text},tax,2025-01-01", "none,tax,2025-01-01", "?,tax,2025-01-01")
    with pytest.raises(ConfigurationError, match=r"a\.csv line 22 has no text in text") as caught:
        read_dataset([path], COLUMNS, TODAY)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2052-01-01", "in the future"),
        ("9999-12-31", "in the future"),
        ("2025-06-03", "in the future"),
        ("0001-01-01", "more than three years"),
        ("1970-01-01", "more than three years"),
        ("2015-01-01T10:00:00", "more than three years"),
        ("24/11/2025", "one with the year last: write it so"),
        ("03.11.2025 09:12", "one with the year last: write it so"),
        ("45962", "Excel's number of a day"),
        ("", "but an empty cell"),
        ("2025-13-01", "no date such as"),
        ("2025-01-0100:00", "no date such as"),
        ("2025010110", "no date such as"),
    ],
)
def test_one_wrong_date_is_named(tmp_path: Path, day: str, said: str) -> None:
    """A date in the future, far from the others or in another form is refused by its line."""
    path = written(tmp_path, f"a,tax,{day}", days=DAYS)
    with pytest.raises(ConfigurationError, match=f"a.csv line 452 has .*{said}"):
        read_dataset([path], COLUMNS, TODAY)


@pytest.mark.parametrize(
    "day",
    [
        "20250101",
        "20250101T101010",
        "2025-01-01T10:10:10.1234567Z",
        "2025-01-01 10:10 +0100",
        "2025-01-01Z",
        "2025-W01-3",
    ],
)
def test_a_date_as_iso_8601_has_it_is_read(tmp_path: Path, day: str) -> None:
    """With hyphens or without, of a time its day, and a day of a week."""
    dates = read_dataset([written(tmp_path, f"a,tax,{day}")], COLUMNS, TODAY).dates
    assert dates is not None
    assert date(2025, 1, 1) in dates


def test_tomorrow_is_somewhere_today(tmp_path: Path) -> None:
    """A row of tomorrow is taken: the clocks of two machines need not agree on the day."""
    assert len(read_dataset([written(tmp_path, "a,tax,2025-06-02")], COLUMNS, TODAY)) == 21


def test_a_text_may_be_what_is_no_name(tmp_path: Path) -> None:
    """A citizen may write no more than `unknown`."""
    assert len(read_dataset([written(tmp_path, "unknown,tax,2025-01-01")], COLUMNS, TODAY)) == 21


def test_a_history_of_many_years_is_no_fault(tmp_path: Path) -> None:
    """Years that many rows have are not far from the others, nor are years in a row."""
    days = [f"{year}-01-01" for year in range(1990, 2026)]
    assert len(read_dataset([written(tmp_path, days=days)], COLUMNS, TODAY)) == len(days)
    old = ["2010-05-05"] * 30 + ["2025-05-05"] * 400
    assert len(read_dataset([written(tmp_path, days=old)], COLUMNS, TODAY)) == len(old)


def test_names_that_are_made_of_others_are_found() -> None:
    """Only what is made of names alone is, whatever parts them."""
    names = ["tax", "Council Housing", "tax, council housing", "tax and spend", "TAX/tax", "a/b"]
    assert joined_names(names) == ["tax, council housing", "TAX/tax"]


@pytest.mark.parametrize(
    ("names", "near"),
    [
        (("council tax", "council-tax"), True),
        (("Housing & Benefits", "housing and benefits"), True),
        (("libraries", "librarys and"), False),
        (("environmental health", "enviromental health"), True),
        (("team 1", "team 2"), False),
        (("tax", "taxi"), False),
        (("tax", "TAX"), False),
    ],
)
def test_names_that_are_nearly_the_same_are_found(names: tuple[str, str], near: bool) -> None:  # noqa: FBT001
    """Punctuation, `&` and a letter more make a near double; numbers and short names do not."""
    assert near_doubles(names) == ([names] if near else [])
