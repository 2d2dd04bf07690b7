"""Bytes of a file to its text: read where the encoding is certain, and else named as what it is."""

import codecs
import gzip
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from services.errors import ConfigurationError
from services.training.data.faults import Fault, FaultyDataError, Place

UTF_8 = "UTF-8"
# UTF-32's mark begins with that of UTF-16, so it stands first.
MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
GZIP = b"\x1f\x8b"
SAVE = "save it in Excel as CSV UTF-8"
UNPACK = "unpack it, or compress it with gzip"
# What is sent instead of a text, by its first bytes.
NO_TEXT = (
    (b"PK\x03\x04", "an Excel workbook or another zip file", SAVE),
    (b"\xd0\xcf\x11\xe0", "a workbook of an old Excel", SAVE),
    (b"%PDF", "a PDF", "export the rows as CSV"),
    (b"PAR1", "a Parquet file", "export the rows as CSV"),
    (b"SQLite format 3", "an SQLite database", "export the rows as CSV"),
    (b"BZh", "compressed with bzip2", UNPACK),
    (b"\xfd7zXZ", "compressed with xz", UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
    (GZIP, "compressed twice", UNPACK),
)
# A column may be called <text>: a delimiter stands after it.
MARKUP = re.compile(rb"\s*<(?:!doctype|\?xml|\w+[^<>]*>(?! *[,;\t|]))", re.IGNORECASE)
HEAD = 4096


@dataclass(frozen=True)
class Decoded:
    """A file's text, and how it was encoded."""

    text: str = field(repr=False)
    encoding: str


def read_text(path: Path) -> Decoded:
    """Read a file, unpack it if it is gzip, and decode it.

    Raises:
        ConfigurationError: It cannot be read, is no text, or is encoded in a way that is not
            certain; the sentence says which it seems to be and how to convert it.
    """
    raw = _unpacked(path)
    for start, what, remedy in NO_TEXT:
        if raw.startswith(start):
            raise ConfigurationError(f"{path} is {what}: {remedy}.")
    if MARKUP.match(raw[:HEAD]):
        raise ConfigurationError(f"{path} is HTML or XML: export the rows as CSV.")
    for mark, codec, name in MARKS:
        if raw.startswith(mark):
            return Decoded(_decoded(path, raw[len(mark) :], codec, name), name)
    _check_nothing_between(path, raw)
    return Decoded(_decoded(path, raw, "utf-8", UTF_8), UTF_8)


def _unpacked(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        packed = raw.startswith(GZIP) or path.suffix == ".gz"
        return gzip.decompress(raw) if packed else raw
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "not a complete gzip file"
        raise ConfigurationError(
            f"{path} cannot be read ({reason}): name a CSV, CSV.gz or JSON Lines file."
        ) from None


def _check_nothing_between(path: Path, raw: bytes) -> None:
    """See that no letter is followed by a NUL, as in UTF-16, nor any else."""
    head = raw[:HEAD]
    if head.count(0) > len(head) / 4:
        order = "UTF-16BE" if head[::2].count(0) > head[1::2].count(0) else "UTF-16LE"
        raise ConfigurationError(
            f"{path} seems to be UTF-16 without a byte order mark: {SAVE}, or convert it with "
            f"iconv -f {order} -t UTF-8."
        )
    if (nul := raw.find(0)) >= 0:
        line = raw.count(b"\n", 0, nul) + 1
        raise FaultyDataError(
            [Fault(Place(path, line), "has a NUL byte, which no text has: export the file anew.")]
        )


def _decoded(path: Path, raw: bytes, codec: str, name: str) -> str:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError as error:
        start = error.start
    if codec != "utf-8":
        raise ConfigurationError(f"{path} is {name}, but not to its end: export it anew.")
    place = Place(path, raw.count(b"\n", 0, start) + 1)
    raise FaultyDataError([Fault(place, f"is not UTF-8 at byte {start:,}{_guess(raw, start)}.")])


def _guess(raw: bytes, start: int) -> str:
    """Say what bytes that are not UTF-8 seem to be, and what helps."""
    if start >= len(raw) - 3:
        return ", where the file ends: it seems to be cut off, so export it anew"
    if not raw[:start].isascii():
        return ", though letters before it are: convert its parts to UTF-8 before you join them"
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return f" and no Windows-1252 either: {SAVE}"
    return (
        ", and may be Windows-1252, as Excel's plain CSV is in Western Europe: "
        f"{SAVE}, or convert it with iconv -f WINDOWS-1252 -t UTF-8 and see that its letters are "
        "right"
    )
