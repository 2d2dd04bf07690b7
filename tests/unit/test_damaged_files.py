import csv
import gzip
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import ConfigurationError
from services.training.data.dataset import Columns, read_dataset, read_files
from tests.unit.training_data import BUSY, as_csv, as_json_lines, labelled_rows

COLUMNS = Columns("text", "department", "day")
ROWS = labelled_rows(0, BUSY)[:40]
GOOD = as_csv(ROWS).decode()
HEADER, *LINES = GOOD.splitlines()
OBJECTS = as_json_lines(ROWS).decode().splitlines()


def with_line(line: str) -> bytes:
    """Put a line in the place of the file's tenth."""
    return "\r\n".join([HEADER, *LINES[:8], line, *LINES[9:], ""]).encode()


def semicolons(text: str = GOOD) -> str:
    return text.replace(",", ";")


# As clerks send them: each is the same forty rows.
FORMS = {
    "Excel's CSV UTF-8": (("\ufeff" + semicolons()).encode(), "semicolons, in UTF-8 with a byte"),
    "Excel's Unicode text": (GOOD.replace(",", "\t").encode("utf-16"), "tabs, in UTF-16"),
    "UTF-16, the other way": (("\ufeff" + GOOD).encode("utf-16-be"), "commas, in UTF-16"),
    "bars": (GOOD.replace(",", "|").encode(), "bars, in UTF-8"),
    "Excel's sep": (b"sep=;\r\n" + semicolons().encode(), "semicolons, in UTF-8"),
    "a header with blanks": (GOOD.replace(HEADER, " text ,department, day").encode(), "commas"),
    "a quoted header": (GOOD.replace(HEADER, '"text","department","day"').encode(), "commas"),
    "empty lines": (
        f"\n{GOOD}\r\n,,\r\n , ,\r\n\r\n".encode(),
        "commas, in UTF-8); left out 4 emp",
    ),
    "gzip by another name": (gzip.compress(GOOD.encode()), "commas, in UTF-8"),
    "JSON Lines": ("\r\n".join([*OBJECTS, "", ""]).encode(), "JSON Lines"),
    "a JSON array": (("[" + ",\n".join(OBJECTS) + "]").encode(), "a JSON array"),
    "an indented array": (
        ("[\n" + ",\n".join(OBJECTS).replace("{", "{\n  ") + "\n]\n").encode(),
        "a JSON array",
    ),
    "indented objects": ("\n".join(OBJECTS).replace("{", "{\n  ").encode(), "JSON Lines"),
    "two arrays": (
        f"[{','.join(OBJECTS[:30])}]\n[{','.join(OBJECTS[30:])}]".encode(),
        "a JSON array",
    ),
    "an array and then lines": (
        "\n".join([f"[{','.join(OBJECTS[:30])}]", *OBJECTS[30:]]).encode(),
        "a JSON array",
    ),
    "lines and then an array": (
        "\n".join([*OBJECTS[:30], f"[{','.join(OBJECTS[30:])}]"]).encode(),
        "JSON Lines",
    ),
    "an array a line": ("\n".join(f"[{each}]" for each in OBJECTS).encode(), "a JSON array"),
    "an empty object": ("\n".join([*OBJECTS, "{}"]).encode(), "JSON Lines, in UTF-8); left out 1"),
}


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
@pytest.mark.parametrize(("content", "form"), FORMS.values(), ids=[*FORMS])
def test_what_is_certain_is_read_and_named(
    tmp_path: Path, name: str, content: bytes, form: str
) -> None:
    """Encodings with a mark, delimiters and forms are told by the content, and the file says so."""
    path = tmp_path / name
    path.write_bytes(content)
    [file] = read_files([path], COLUMNS)
    assert form in file.summary
    assert f"{len(ROWS)} rows read" in file.summary
    assert [*read_dataset([path], COLUMNS).texts] == [row.text for row in ROWS]


class Damaged(NamedTuple):
    """A file, and what the sentence about it has to say."""

    content: bytes
    said: tuple[str, ...]


QUOTES_AFTER = with_line('"a quote that nobody closes,tax,2025-01-01')
DAMAGED = {
    "a quote never closed": Damaged(QUOTES_AFTER, ("line 10 ", "never closed", "31 lines after")),
    "one that the next quote closes": Damaged(
        QUOTES_AFTER + b'"quoted",tax,2025-01-01\r\n', ("line 10 ", "double each quote")
    ),
    "one that a quote closes where a cell ends": Damaged(
        QUOTES_AFTER + b'a board of 5",tax,2025-01-01\r\n', ("line 10 ", "takes in the 32 lines")
    ),
    "an open quote at the end": Damaged(GOOD.encode() + b'"and so', ("line 42 ", "never closed")),
    "quotes as MySQL writes them": Damaged(
        with_line(r'"she said \"no\" and left",tax,2025-01-01'), ("line 10 ", r"\"", "MySQL")
    ),
    "a comma in a text": Damaged(
        with_line("no, never,tax,2025-01-01"), ("line 10 ", "4 cells", "header 3", "commas")
    ),
    "a row that is cut": Damaged(with_line("no, never"), ("line 10 ", "2 cells", "header 3")),
    "a comma too many": Damaged(with_line("no,tax,2025-01-01,"), ("line 10 ", "4 cells")),
    "a line break without quotes": Damaged(
        with_line("no\r\nnever,tax,2025-01-01"), ("line 10 ", "1 cell,")
    ),
    "a header again": Damaged(with_line(HEADER), ("line 10 ", "header again")),
    "a doubled column": Damaged(
        semicolons(GOOD.replace(HEADER, "text,text,department,day")).encode(),
        ("more than one column text",),
    ),
    "columns by another name": Damaged(
        GOOD.replace(HEADER, "Body,Team,Date").encode(), ("no column text", "Body, Team, Date")
    ),
    "a column in other case": Damaged(
        GOOD.replace(HEADER, "Text,department,day").encode(), ("no column text, but Text:",)
    ),
    "Windows-1252": Damaged(
        with_line("a caf\u00e9,tax,2025-01-01").decode().encode("cp1252"),
        ("line 10 ", "Windows-1252", "iconv -f WINDOWS-1252", "CSV UTF-8"),
    ),
    "two encodings in one file": Damaged(
        with_line("a caf\u00e9,tax,2025-01-01") + b"caf\xe9 again,tax,2025-01-01\r\n" * 3,
        ("line 42 ", "before you join them"),
    ),
    "cut in the middle of a letter": Damaged(GOOD.encode() + b"\xc5", ("line 42 ", "cut off")),
    "no known encoding": Damaged(with_line("x") + b"\x81\x8d\x81\x8d\n", ("line 42 ", "no Window")),
    "UTF-16 without a mark, the other way": Damaged(
        GOOD.encode("utf-16-be"), ("without a byte order", "iconv -f UTF-16BE")
    ),
    "Japanese": Damaged(
        with_line("@").replace(b"@", "\u30c6\u30b9\u30c8".encode("shift-jis")),
        ("line 10 ", "is not UTF-8", "may be Windows-1252", "see that its letters are right"),
    ),
    "an escaped quote before a comma": Damaged(
        with_line(r'"a board of 6\", wide",tax,2025-01-01'), ("line 10 ", r"\"", "MySQL")
    ),
    "rows in an object": Damaged(
        f'{{"data": [{",".join(OBJECTS)}]}}'.encode(), ("rows in a list", "that list alone")
    ),
    "an element on a line of its own": Damaged(b"<table>\n<tr><td>a,b</td>", ("HTML or XML",)),
    "UTF-16 without a mark": Damaged(GOOD.encode("utf-16-le"), ("UTF-16 without a byte order",)),
    "torn UTF-16": Damaged(GOOD.encode("utf-16")[:-1], ("UTF-16, but not to its end",)),
    "a NUL byte": Damaged(with_line("a\x00b,tax,2025-01-01"), ("line 10 ", "NUL")),
    "an Excel workbook": Damaged(b"PK\x03\x04" + bytes(50), ("Excel", "CSV UTF-8")),
    "an old workbook": Damaged(b"\xd0\xcf\x11\xe0" + bytes(50), ("old Excel", "CSV UTF-8")),
    "a page": Damaged(b"<!DOCTYPE html><table>" + GOOD.encode(), ("HTML or XML",)),
    "gzip in gzip": Damaged(gzip.compress(gzip.compress(GOOD.encode())), ("twice",)),
    "bzip2": Damaged(b"BZh91AY" + bytes(50), ("bzip2",)),
    "nothing": Damaged(b"\r\n", ("is empty",)),
    "a torn object": Damaged(
        "\n".join([*OBJECTS[:9], '{"text": "hel', *OBJECTS[10:]]).encode(), ("line 10 ", "JSON obj")
    ),
    "no object": Damaged("\n".join([*OBJECTS, '["a"]']).encode(), ("line 41 ", "JSON object")),
    "an open array": Damaged(
        ("[" + ",\n".join(OBJECTS)).encode(), ("line 40 ", "array that is not closed")
    ),
    "a doubled key": Damaged(
        "\n".join([*OBJECTS, '{"text": "a", "text": "b", "department": "tax"}']).encode(),
        ("line 41 ", "has text twice"),
    ),
    "half of a letter": Damaged(
        "\n".join([*OBJECTS, '{"text": "\\ud83d", "department": "tax"}']).encode(),
        ("line 41 ", "half of a letter"),
    ),
    "too deep": Damaged(('{"text": ' + "[" * 100_000).encode(), ("line 1 ", "JSON object")),
    "more after an array": Damaged(
        ("[" + ",\n".join(OBJECTS) + "]\nand so on").encode(), ("line 41 ", "JSON object")
    ),
    "a second array that is open": Damaged(
        "\n".join([*OBJECTS, f"[{OBJECTS[0]}", ""]).encode(), ("array that is not closed",)
    ),
    "a quote that takes in rows without a label": Damaged(
        b'text,department\na,tax\n"never closed,\n' + b"why,\n" * 9 + b'a 5",tax\nb,tax\n',
        ("line 3 ", "takes in the 10 lines"),
    ),
    "a quote that takes in rows without a label before": Damaged(
        b'department,text\ntax,a\n,"never closed\n,one\n,two\n,a board of 5"\ntax,b\n',
        ("line 3 ", "takes in the 3 lines"),
    ),
    "a key that is nowhere": Damaged(b'{"body": "a", "team": "tax"}', ("no column text", "body")),
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=[*DAMAGED])
def test_what_is_damaged_is_refused_by_its_line(tmp_path: Path, damaged: Damaged) -> None:
    """No row is cut or lost in silence: one sentence names the line of the file, and what helps."""
    path = tmp_path / "a.csv"
    path.write_bytes(damaged.content)
    with pytest.raises(ConfigurationError) as caught:
        read_dataset([path], Columns("text", "department"))
    message = str(caught.value)
    assert message.count("a.csv") >= 1
    assert [said for said in damaged.said if said not in message] == []


@given(
    cells=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30),
        min_size=1,
        max_size=5,
    ),
    delimiter=st.sampled_from(",;\t|"),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whatever_is_written_properly_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str], delimiter: str, codec: str
) -> None:
    """Texts with any letter come through each delimiter and encoding unchanged."""
    texts = [f"a {cell}" for cell in cells]
    path = tmp_path_factory.mktemp("any") / "a.csv"
    with path.open("w", encoding=codec, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([("text", "department"), *((text, "tax") for text in texts)])
    assert [*read_dataset([path], Columns("text", "department")).texts] == texts


@given(
    start=st.sampled_from(
        [b"", b"text,department\n", b'{"text": ', b"[{", b"\xff\xfe", b"\x1f\x8b"]
    ),
    rest=st.binary(max_size=60) | st.text(',;"\\\n\t|{}[]:a', max_size=60).map(str.encode),
)
def test_whatever_a_file_holds_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, start: bytes, rest: bytes
) -> None:
    """No content of a file is an error that a user cannot read."""
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_bytes(start + rest)
    with suppress(ConfigurationError):
        assert len(read_dataset([path], Columns("text", "department")))


@pytest.mark.parametrize("order", ["text,department,day", "day,department,text"])
def test_what_people_write_over_several_lines_is_no_damage(tmp_path: Path, order: str) -> None:
    """Lines with commas in a quoted text are not taken for rows, whatever departments they name."""
    text = "Dear Sir,\nmy bin, my tax, my road\nI asked roads, tax\n\nYours,\nA. Smith"
    rows = [{"text": text, "department": "tax", "day": "2025-01-01"}, *(r._asdict() for r in ROWS)]
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, order.split(","))
        writer.writeheader()
        writer.writerows(rows)
    assert read_dataset([path], Columns("text", "department")).texts[0] == text


@pytest.mark.parametrize(
    "text",
    [
        "My questions are about tax, housing\nand what is next",
        "My questions are about tax,housing\nand what is next",
        "Dear Sir,\n12 High Street,\nLeeds,\nYours faithfully,\nA. Smith",
        "I ask,\ntax,housing\n",
    ],
)
@pytest.mark.parametrize("columns", [["text", "department"], ["text", "department", "day"]])
def test_a_line_that_happens_to_end_in_a_department_is_no_damage(
    tmp_path: Path, text: str, columns: list[str]
) -> None:
    """One line of a text that looks like a row does not make its quotes wrong."""
    named = [(text, "tax", "2025-01-01"), ("a", "housing", "2025-01-02"), ("b", "", "2025-01-02")]
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *(row[: len(columns)] for row in named)])
    assert read_dataset([path], Columns("text", "department")).texts[0] == text


def test_a_quote_that_swallows_a_row_is_found_where_the_text_stands_last(tmp_path: Path) -> None:
    """The line in which another quote happens to end is a row by itself, and that tells."""
    rows = ["1,tax,Where?", '2,tax,"never closed', '3,tax,a board of 5"', "4,tax,Why?"]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["id,department,text", *rows]), encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match=r"line 3 opens .+ closed, so it takes in the line after it"
    ):
        read_dataset([path], Columns("text", "department"))


def test_columns_may_be_called_as_elements_are(tmp_path: Path) -> None:
    """A header `<text>,<department>` is no XML."""
    path = tmp_path / "a.csv"
    path.write_text("<text>,<department>\na,tax\n", encoding="utf-8")
    assert read_dataset([path], Columns("<text>", "<department>")).texts == ("a",)


def test_a_row_over_several_lines_counts_as_editors_count(tmp_path: Path) -> None:
    """A fault after a text with line breaks in it is named by the line, not by the row."""
    path = tmp_path / "a.csv"
    path.write_text('text,department\n"a\nb\n\nc",tax\n,tax\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"a\.csv line 6 has no text"):
        read_dataset([path], Columns("text", "department"))


def test_all_faults_are_named_at_once_up_to_twenty_kinds(tmp_path: Path) -> None:
    """What is wrong in any file is said in one run; what is wrong alike shares a sentence."""
    (tmp_path / "a.csv").write_bytes(with_line("no,NULL,2025-01-01") + b",tax,2025-01-01\n" * 30)
    (tmp_path / "b.csv").write_bytes(with_line("no,tax,1.2.2025"))
    with pytest.raises(ConfigurationError) as caught:
        read_dataset([tmp_path / "a.csv", tmp_path / "b.csv"], COLUMNS)
    said = str(caught.value).splitlines()
    assert said[0] == "32 faults were found:"
    assert len(said) == 4
    assert "a.csv line 10 has a placeholder" in said[1]
    assert "a.csv line 42 has no text" in said[2]
    assert said[2].endswith(
        "The same in lines " + ", ".join(map(str, range(43, 62))) + " and 10 more."
    )
    assert "b.csv line 10 has no date" in said[3]


def test_rows_that_differ_in_their_faults_are_named_up_to_twenty(tmp_path: Path) -> None:
    """A file that is wrong all over does not flood the terminal."""
    rows = [f"{'x,' * cells}tax,2025-01-01" for cells in range(2, 40)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([HEADER, *rows]), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_dataset([path], COLUMNS)
    said = str(caught.value).splitlines()
    assert (said[0], len(said), said[-1].strip()) == ("38 faults were found:", 22, "and 18 more.")
