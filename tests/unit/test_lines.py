import json
import re
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import ConfigurationError
from services.messages.codec import Received, inquiries
from services.offline.lines import lines_of, read_lines

ROWS: list[dict[str, object]] = [
    {"id": "a", "text": "Blodwen's tax", "attributes": {"x": "1"}},
    {"id": "b", "text": "{"},
]


def texts(content: bytes, name: str = "") -> list[tuple[int, str]]:
    """Return the number and the text of each inquiry, or why it is none."""
    found = []
    for line in read_lines(BytesIO(content), name):
        read = inquiries.read_or_reject(line)
        text = read.body.text if isinstance(read, Received) else f"{read.reason}: {read.detail}"
        found.append((line.offset, text))
    return found


LINES = "".join(json.dumps(row) + "\n" for row in ROWS)
FORMS = {
    "lines": (LINES, [1, 2]),
    "an array": (json.dumps(ROWS), [1, 1]),
    "an array over several lines": (json.dumps(ROWS, indent=2), [2, 9]),
    "two arrays": ("\n".join(json.dumps([row]) for row in ROWS), [1, 2]),
    "two arrays over several lines": (
        "\n".join(json.dumps([row], indent=1) for row in ROWS),
        [2, 11],
    ),
    "an array and then a line": (f"[{json.dumps(ROWS[0])}]\n{json.dumps(ROWS[1])}\n", [1, 2]),
    "a line and then an array": (f"{json.dumps(ROWS[0])}\n[{json.dumps(ROWS[1])}]\n", [1, 2]),
    "ends of lines as on an old Mac": (LINES.replace("\n", "\r"), [1, 2]),
    "pretty-printed": ("\n".join(json.dumps(row, indent=4) for row in ROWS), [1, 8]),
    "blank lines between": ("\n\n" + LINES.replace("\n", "\n\n"), [3, 5]),
    "ends of lines as on Windows": (json.dumps(ROWS, indent=2).replace("\n", "\r\n"), [2, 9]),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("content", "numbers"), FORMS.values(), ids=FORMS)
def test_json_is_read_however_programs_write_it(
    content: str, numbers: list[int], encoding: str
) -> None:
    """Lines, arrays and objects over several lines are the same inquiries, in any Unicode."""
    expected = [str(row["text"]) for row in ROWS]
    assert texts(content.encode(encoding)) == list(zip(numbers, expected, strict=True))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_plain_lines_are_read_in_any_unicode(encoding: str) -> None:
    """What PowerShell writes is read as what was written, and not as something else."""
    content = "My PIP has been stopped\r\nBle mae fy nhŷ\r\n"
    assert texts(content.encode(encoding)) == [
        (1, "My PIP has been stopped"),
        (2, "Ble mae fy nhŷ"),
    ]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"id,text,department\n1,Blodwen,tax\n", "CSV, whose columns are separated by commas"),
        (b"\xef\xbb\xbfid;text\n1;Blodwen\n", "CSV, whose columns are separated by semicolons"),
        (b'"Case id"\t"Subject"\n1\tBlodwen\n', "CSV, whose columns are separated by tabs"),
        (b"\x1f\x8b\x08\x00Blodwen", "compressed"),
        (b"PK\x03\x04Blodwen", "a ZIP archive"),
        (b"%PDF-1.7\nBlodwen", "a PDF"),
        (b"{\\rtf1 Blodwen", "word processor"),
        (b"<!DOCTYPE html>\n<p>Blodwen</p>", "XML or HTML"),
        (b"<?xml version='1.0'?>\n<a>Blodwen</a>", "XML or HTML"),
        (b"Received: from mx by Blodwen\nFrom: x\n\nHello\n", "a mail"),
        (b"From blodwen@example.org Mon Jan  1\nSubject: x\n\nHello\n", "a mail"),
        (b'[{"text": "Blodwen"}, {"text": ]', "begins as a JSON array and is none"),
        (b'[\n  {"text": "Blodwen"},\n', "begins as a JSON array and is none"),
        (b'["Blodwen"]', "a JSON array of other than objects"),
        (b'[\n"Blodwen"\n]', "a JSON array of other than objects"),
        (b'"1","Blodwen\'s tax"\n"2","Blodwen ""again"""\n', "separated by commas"),
        (b'"Blodwen";"tax"\n"Jones";"roads"\n', "separated by semicolons"),
        (b"Betreff;Nachricht\nBlodwen;tax\n", "separated by semicolons"),
        (b"Enw,Neges\nBlodwen,tax\n", "separated by commas"),
        (b"From: Blodwen <a@b.example>\nTo: you\nSubject: x\n\nHello\n", "a mail"),
        (b"subject: Blodwen\r\nX-Mailer: y\r\n\r\nHello\n", "a mail"),
        (b"From - Mon Jan  1 00:00:00 2026\nBlodwen\n", "a mail"),
        (b"Blodwen\0\x01\n", "no text"),
        (b"\xff\xfeB\x00l", "begins as UTF-16 and is none"),
    ],
)
def test_what_has_no_inquiries_line_by_line_is_refused_by_name(content: bytes, kind: str) -> None:
    """Other files are named as what they are, in one sentence without a word of them."""
    with pytest.raises(ConfigurationError, match=kind) as caught:
        texts(content)
    assert "Blodwen" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("Standard input ")


def test_a_file_that_says_it_is_csv_is_believed() -> None:
    """A file called .csv is no list of texts, whatever its columns are called."""
    for content in (b"a,b\n1,2\n", b"Blodwen,Jones\n", b"one column\nBlodwen\n"):
        with pytest.raises(ConfigurationError, match=r"rows\.csv is CSV"):
            texts(content, "rows.csv")


@pytest.mark.parametrize(
    "text",
    [
        "Hello, text me",
        "[URGENT] my bin",
        "Received: a letter from you, and no answer",
        "From Monday on there is no bus",
        "<p>I want to <b>ask</b></p>",
        '"You owe us", they said',
        "subject, to what?",
        "PIP",
        '["quoted"] passport is lost',
        "[",
        "[{name}] has no bin",
        "From me@x.example I ask about my passport",
        "Subject: my bin",
        '"yes","no"',
    ],
)
def test_what_people_write_is_taken_for_a_text(text: str) -> None:
    """No text is refused because it begins as something else does."""
    assert texts(text.encode()) == [(1, text)]
    assert texts(f"{text}\nmy tax\nmy road".encode()) == [(1, text), (2, "my tax"), (3, "my road")]


def test_texts_that_begin_alike_are_no_mail() -> None:
    """A list of subjects is a list of texts, and no header of a mail."""
    found = texts(b"Subject: my bin\nSubject: my tax\n")
    assert found == [(1, "Subject: my bin"), (2, "Subject: my tax")]


def test_lines_that_a_cr_ends_are_lines() -> None:
    """Two inquiries do not become one where lines end as on an old Mac."""
    assert texts(b"my bin\rmy tax\rmy road\n") == [(1, "my bin"), (2, "my tax"), (3, "my road")]
    assert texts(b"my bin\r\r\nmy tax\r\n")[0] == (1, "my bin")


@pytest.mark.parametrize("line", [b"a\0b", b'[{"text": "a"', b'{"id": "1", "text": "a"}\0'])
def test_a_later_line_that_is_no_text_is_one_bad_inquiry(line: bytes) -> None:
    """Binary and torn JSON below good lines are not decided on as what a citizen wrote."""
    found = texts(b"my bin\n" + line + b"\nmy tax\n")
    assert [number for number, _ in found] == [1, 2, 3]
    assert found[1][1].startswith("not-json")


def test_an_object_that_is_broken_is_one_bad_inquiry() -> None:
    """Of an object over several lines with a mistake no line is read as a text."""
    content = b'{\n  "id": "a",\n  "text": "x" "y"\n}\nmy tax\n{"id": "b",\nmy bin\n{"text": \n'
    found = texts(content)
    assert [number for number, _ in found] == [1, 5, 6, 7, 8]
    assert [found[1][1], found[3][1]] == ["my tax", "my bin"]
    assert all(found[n][1].startswith("not-json") for n in (0, 2, 4))


def test_a_text_that_is_not_utf_8_is_refused_as_that() -> None:
    """A line in Latin-1 is named by the byte at which it is no UTF-8, the first of them 1."""
    assert texts('ok\nsa"ys caf\u00e9 \\'.encode("latin-1")) == [
        (1, "ok"),
        (2, "not-json: the value is not UTF-8 at byte 10"),
    ]


def test_lines_are_counted_by_file(tmp_path: Path) -> None:
    """Of several files each line has its file's name and the number it has there."""
    files = [tmp_path / name for name in ("a.txt", "b.jsonl")]
    files[0].write_text("tax\nroads\n")
    files[1].write_text('\n{"text": 1}\nparks\n')
    assert [(Path(line.topic).name, line.offset) for line in lines_of(files)] == [
        ("a.txt", 1), ("a.txt", 2), ("b.jsonl", 2), ("b.jsonl", 3),
    ]  # fmt: skip
    ids = [
        read.body.id
        for line in lines_of(files)
        if isinstance(read := inquiries.read_or_reject(line), Received)
    ]
    assert [re.sub(r".*/", "", each) for each in ids] == ["a.txt:1", "a.txt:2", "b.jsonl:3"]
    assert [inquiries.read(line).body.id for line in lines_of(files[:1])] == ["1", "2"]


def test_a_long_name_of_a_file_is_no_long_id(tmp_path: Path) -> None:
    """An id has at most 200 characters, whatever the files are called."""
    deep = tmp_path.joinpath(*["folder" * 10] * 4)
    deep.mkdir(parents=True)
    files = [deep / "a.txt", deep / "b.txt"]
    for file in files:
        file.write_text("tax")
    assert len({inquiries.read(line).body.id for line in lines_of(files)}) == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file and a folder are said by their names."""
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(ConfigurationError, match=f"^{path} cannot be read"):
            list(lines_of([path]))


@given(st.binary(max_size=300))
def test_any_bytes_are_lines_or_refused(content: bytes) -> None:
    """No file ends in anything but inquiries, bad ones, or a sentence that refuses it."""
    with suppress(ConfigurationError):
        assert all(number > 0 for number, _ in texts(content))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4), st.booleans())
def test_any_objects_come_back(given_texts: list[str], pretty: bool) -> None:  # noqa: FBT001
    """Whatever texts are written as JSON, over several lines or not, is read as they are."""
    rows = [{"id": "a", "text": text or "-"} for text in given_texts]
    content = "\n".join(json.dumps(row, indent=2 if pretty else None) for row in rows)
    assert [text[:20_000] for _, text in texts(content.encode())] == [row["text"] for row in rows]
