"""Inquiries from files and standard input: one a line, or in the JSON that programs write.

What is neither is refused by name: read as text, it would be decided on as what nobody wrote.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedReader, BytesIO
from itertools import chain
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
    (rb"From \S+@\S+ |(?i:Return-Path|Message-ID): *<|Received: *from ", "a mail with its header"),
    (rb"(?i:MIME-Version: *1|Delivered-To: *\S+@|DKIM-Signature: )", "a mail with its header"),
    (rb"[^\0]*\0", "no text"),
)
_others = [(re.compile(pattern), kind) for pattern, kind in OTHERS]
_array_begins = re.compile(rb"\s*\[\s*(?:[{\"\[\]]|$)").match

SEPARATORS = {b",": "commas", b";": "semicolons", b"\t": "tabs", b"|": "bars"}
_column = re.compile(rb'"?[A-Za-z][A-Za-z0-9]*(?:[ _.-][A-Za-z0-9]+){0,4}"?').fullmatch
# Names of which a header has at least one.
TEXT_COLUMNS = {
    *(b"text", b"body", b"message", b"subject", b"description", b"inquiry", b"enquiry"),
    *(b"content", b"comment", b"comments", b"details", b"question"),
}

_unquotable = re.compile(rb'[\x00-\x1f"\\]')

_objects = msgspec.json.Decoder()
_elements = msgspec.json.Decoder(list[msgspec.Raw])
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
    """Read the inquiries of one file: lines, objects over several lines, or one array of them.

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
            rest = chain([(number, line)], numbered)
            found = _of_array(rest, name) if _array_begins(line) else _of_lines(rest)
            for at, value in found:
                as_json = value if value[:1] == b"{" else _wrapped(value, f"{before}{at}")
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
        return buffered
    try:
        return BytesIO(buffered.read().decode(encoding).encode())
    except UnicodeError:
        _refuse(name, f"begins as {encoding[:6].upper()} and is none", "save it as UTF-8")


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


def _refuse(name: str, what: str, remedy: str) -> NoReturn:
    raise ConfigurationError(f"{name or STANDARD_INPUT} {what}: {remedy}.")


def _of_lines(numbered: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Return lines, and JSON objects over several lines by their first one's number."""
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


def _of_array(numbered: Iterable[tuple[int, bytes]], name: str) -> Iterator[tuple[int, bytes]]:
    """Return the elements of an array, each with the number of the line it begins on."""
    lines = [*numbered]
    number, content = lines[0][0], b"".join(line for _, line in lines)
    try:
        elements = [bytes(each) for each in _elements.decode(content)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _refuse(name, "begins as a JSON array and is none", f"mend it, or {AS_LINES}")
    if not all(element.startswith(b"{") for element in elements):
        _refuse(name, "is a JSON array of other than objects", AS_LINES)
    end = 0
    for element in elements:
        start = content.index(element, end)
        number += content.count(b"\n", end, start)
        yield number, element
        end = start + len(element)
        number += element.count(b"\n")


def _wrapped(text: bytes, name: str) -> bytes:
    """Return a text as the JSON of an inquiry; what is no UTF-8 so that the codec finds where."""
    try:
        return _encode({"id": name, "text": text.decode()})
    except UnicodeDecodeError:
        return b'"%b"' % _unquotable.sub(b" ", text)
