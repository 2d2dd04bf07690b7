"""Inquiries from files and standard input: one a line, or in the JSON that programs write.

What is neither is refused by name: read as text, it would be decided on as what nobody wrote.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedReader, BytesIO
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, NoReturn

import msgspec

from services.errors import ConfigurationError
from services.messages.record import Header
from services.standard_streams import standard_input

STANDARD_INPUT = "Standard input"
AS_LINES = "give one inquiry a line, as text or as a JSON object with its `text`"
# Of a file's name in an id, which has 200 characters at most.
LONGEST_NAME = 150
MOST_LINES = 10_000

ENCODINGS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8"),
)
# What the first line is of what holds no inquiries line by line.
OTHERS = (
    (rb"\x1f\x8b|BZh\d|\xfd7zXZ|\x28\xb5\x2f\xfd", "compressed"),
    (rb"PK\x03\x04", "a ZIP archive, as documents and spreadsheets are"),
    (rb"%PDF-", "a PDF"),
    (rb"\xd0\xcf\x11\xe0|\{\\rtf", "a document of a word processor"),
    (rb"(?i:<\?xml|<!doctype|<html)[^<]*>\s*$", "XML or HTML"),
    (rb"From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) +[A-Z][a-z]{2} +\d", "a mail with its header"),
    (rb"(?i:Return-Path|Message-ID): *<|Received: *from ", "a mail with its header"),
    (rb"(?i:MIME-Version: *1|Delivered-To: *\S+@|DKIM-Signature: )", "a mail with its header"),
    (rb"[^\0]*\0", "no text"),
)
_others = [(re.compile(pattern), kind) for pattern, kind in OTHERS]
_may_be_array = re.compile(rb"\s*\[\s*(?:[{\"\[\]]|$)").match
_has_objects = re.compile(rb'\s*\[\s*\{\s*["}]').match
# What begins several lines of one that is no list of texts.
_mail_header = re.compile(
    rb"(From|To|Cc|Bcc|Subject|Date|Sent|Reply-To|Message-ID|Content-[A-Z]\S*|X-[A-Z]\S*|"
    rb"Von|An|Betreff|Gesendet): *\S",
    re.IGNORECASE,
).match
_quoted_cells = re.compile(rb'\s*"[^"]*"(?:([,;\t|])"(?:[^"]|"")*")+\s*').fullmatch

SEPARATORS = {b",": "commas", b";": "semicolons", b"\t": "tabs", b"|": "bars"}
_column = re.compile(rb'"?[A-Za-z][A-Za-z0-9]*(?:[ _.-][A-Za-z0-9]+){0,4}"?').fullmatch
# Names of which a header has at least one.
TEXT_COLUMNS = {
    *(b"text", b"body", b"message", b"subject", b"description", b"inquiry", b"enquiry"),
    *(b"content", b"comment", b"comments", b"details", b"question"),
    *(b"neges", b"cwestiwn", b"pwnc", b"testun", b"betreff", b"nachricht", b"anfrage", b"anliegen"),
    *(b"objet", b"sujet", b"texte", b"asunto", b"mensaje", b"texto", b"onderwerp", b"bericht"),
}

_unquotable = re.compile(rb'[\x00-\x1f"\\]')

_objects = msgspec.json.Decoder()
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_decode_at = json.JSONDecoder().raw_decode
_separators = re.compile(r"[\s,]*").match
_encode = msgspec.json.Encoder().encode


class Line(NamedTuple):
    """One inquiry as the record that the codec reads: its number is its offset, from 1.

    `topic` is the name of its file, where there are files.
    """

    offset: int
    value: bytes
    topic: str = ""
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = None
    headers: tuple[Header, ...] = ()

    def __repr__(self) -> str:
        """Show where it stands alone, and no word of it."""
        return f"Line({self.offset}, {self.topic!r})"


def lines_of(files: Sequence[Path]) -> Iterator[Line]:
    """Read files, or standard input where there are none; each counts its lines from 1.

    Raises:
        ConfigurationError: One cannot be read, or is of a kind that has no inquiries line by line.
    """
    try:
        if not files:
            yield from read_lines(standard_input(), "")
        for path in files:
            name = str(path).encode(errors="backslashreplace").decode()
            with path.open("rb") as file:
                yield from read_lines(file, name, several=len(files) > 1)
    except OSError as error:
        name = str(error.filename or (path if files else STANDARD_INPUT))
        raise ConfigurationError(
            f"{name} cannot be read ({error.strerror}): name a file that can."
        ) from None


def read_lines(
    stream: BufferedReader | BytesIO, name: str, *, several: bool = False
) -> Iterator[Line]:
    """Read the inquiries of one file: lines, objects over several lines, or arrays of them.

    A line that begins with `{` is an inquiry as JSON. Any other is the text of one, and its number
    is the id, with the file's name before it where there are several. Blank lines are left out.

    Args:
        stream: Its bytes: UTF-8, or UTF-16 or UTF-32.
        name: That of the file, empty for standard input.
        several: Whether it is one of several.

    Raises:
        ConfigurationError: It is of a kind that has no inquiries line by line.
    """
    before = f"{name[-LONGEST_NAME:]}:" if several else ""
    numbered = enumerate(_utf8_lines(stream, name), start=1)
    for number, line in numbered:
        if line.strip():
            _check_kind(line, name)
            head = [(number, line)]
            if _mail_header(line) or _quoted_cells(line):
                head += [*islice(numbered, 1)]
                _check_first_two(*(each for _, each in head), name=name)
            elif _may_be_array(line):
                head += [*numbered]
            rest = chain(head, numbered)
            found = _of_arrays(head, name) if _is_array(head) else _of_lines(rest)
            for at, value in found:
                is_json = value.startswith(b"{") or b"\0" in value or _has_objects(value)
                as_json = value if is_json else _wrapped(value, f"{before}{at}")
                yield Line(at, as_json, name)


def _utf8_lines(stream: BufferedReader | BytesIO, name: str) -> Iterable[bytes]:
    """Return the lines of a file as UTF-8, or as they come: the codec finds what is none."""
    buffered = stream if isinstance(stream, BufferedReader) else BufferedReader(stream)
    head = buffered.peek(4)[:4]
    encoding = next((encoding for mark, encoding in ENCODINGS if head.startswith(mark)), "")
    if not encoding and len(head) > 1 and (head[0] == 0) != (head[1] == 0):
        encoding = "utf-16-be" if head[0] == 0 else "utf-16-le"
    if encoding == "utf-8":
        buffered.read(len(codecs.BOM_UTF8))
    if encoding in {"", "utf-8"}:
        return _by_any_end(buffered)
    try:
        return _by_any_end(BytesIO(buffered.read().decode(encoding).encode()))
    except UnicodeError:
        _refuse(name, f"begins as {encoding[:6].upper()} and is none", "save it as UTF-8")


def _by_any_end(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Return lines that a CR alone may end, as on an old Mac."""
    for line in lines:
        if b"\r" in line[:-2]:
            yield from line.splitlines(keepends=True)
        else:
            yield line


def _check_kind(first: bytes, name: str) -> None:
    for begins, kind in _others:
        if begins.match(first):
            _refuse(name, f"is {kind}", AS_LINES)
    if separator := _separator_of_columns(first):
        columns = f"is CSV, whose columns are separated by {SEPARATORS[separator]}"
        _refuse(name, columns, AS_LINES)
    if name.lower().endswith((".csv", ".tsv")) and first.lstrip()[:1] not in b"{[":
        _refuse(name, "is CSV", AS_LINES)


def _separator_of_columns(line: bytes) -> bytes | None:
    """Return what separates the columns that a line names, if that is what it does."""
    for separator in SEPARATORS:
        cells = line.strip().split(separator)
        named = len(cells) > 1 and all(map(_column, cells))
        if named and TEXT_COLUMNS.intersection(cell.strip(b'"').lower() for cell in cells):
            return separator
    return None


def _check_first_two(first: bytes, second: bytes = b"", *, name: str) -> None:
    """See that what may be one strange text is not the first of two lines that are alike."""
    one, other = _mail_header(first), _mail_header(second)
    if one and other and one[1].lower() != other[1].lower():
        _refuse(name, "is a mail with its header", AS_LINES)
    cells, more = _quoted_cells(first), _quoted_cells(second)
    if cells and more and cells[1] == more[1]:
        columns = f"is CSV, whose columns are separated by {SEPARATORS[cells[1]]}"
        _refuse(name, columns, AS_LINES)


def _refuse(name: str, what: str, remedy: str) -> NoReturn:
    raise ConfigurationError(f"{name or STANDARD_INPUT} {what}: {remedy}.")


def _of_lines(numbered: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Return lines, and JSON objects over several lines by their first one's number.

    A line that is an array of objects is each of them.
    """
    begun: list[bytes] = []
    start = 0
    for number, line in numbered:
        if begun and _goes_on(line) and len(begun) < MOST_LINES:
            begun.append(line)
            if line.rstrip().endswith(b"}") and _is_whole(b"".join(begun)):
                yield start, b"".join(begun)
                begun = []
            continue
        if begun:
            yield start, b"".join(begun)
            begun = []
        stripped = line.strip()
        if stripped.startswith(b"{") and stripped.endswith((b"{", b"[", b",", b":")):
            start, begun = number, [line]
        elif _has_objects(stripped) and (elements := _elements_of(stripped)):
            yield from ((number, element) for element in elements)
        elif stripped:
            yield number, stripped
    if begun:
        yield start, b"".join(begun)


def _goes_on(line: bytes) -> bool:
    """Say whether a line may be one of an object's that began above it."""
    return line[:1] in b' \t\r\n"}]'


def _is_whole(value: bytes) -> bool:
    try:
        _objects.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _is_array(numbered: Sequence[tuple[int, bytes]]) -> bool:
    """Say whether lines begin with an array: of objects, or of anything if they are one whole."""
    if not _may_be_array(numbered[0][1]):
        return False
    content = b"".join(line for _, line in numbered)
    return bool(_has_objects(content)) or _elements_of(content) is not None


def _elements_of(content: bytes) -> list[bytes] | None:
    """Return the elements of an array, or None of what is none."""
    try:
        return [bytes(each) for each in _elements.decode(content)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _of_arrays(numbered: Sequence[tuple[int, bytes]], name: str) -> Iterator[tuple[int, bytes]]:
    """Return the elements of arrays, and objects after them, each by the line it begins on."""
    try:
        text = b"".join(line for _, line in numbered).decode()
        found = [*_values_of(text)]
    except (ValueError, RecursionError):
        _refuse(name, "begins as a JSON array and is none", f"mend it, or {AS_LINES}")
    if not all(text.startswith("{", start) for start, _ in found):
        _refuse(name, "is a JSON array of other than objects", AS_LINES)
    number, counted = numbered[0][0], 0
    for start, end in found:
        number += text.count("\n", counted, start)
        counted = start
        yield number, text[start:end].encode()


def _values_of(text: str) -> Iterator[tuple[int, int]]:
    """Return where each value begins and ends that stands in arrays, or after them.

    Raises:
        ValueError: One is no JSON, or an array is not closed.
    """
    place, within = 0, False
    while (place := _next(text, place)) < len(text):
        if text[place] == ("]" if within else "["):
            within, place = not within, place + 1
            continue
        start = place
        _, place = _decode_at(text, start)
        yield start, place
    if within:
        raise ValueError


def _next(text: str, place: int) -> int:
    found = _separators(text, place)
    return found.end() if found else place


def _wrapped(text: bytes, name: str) -> bytes:
    """Return a text as the JSON of an inquiry; what is no UTF-8 so that the codec finds where."""
    try:
        return _encode({"id": name, "text": text.decode()})
    except UnicodeDecodeError:
        return b'"%b"' % _unquotable.sub(b" ", text)
