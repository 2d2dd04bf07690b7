"""Which characters are letters and digits, and the plain lower-case letter behind each.

The table is made from what the Unicode standard promises never to change (decomposition and case
of letters that have long been assigned), so every Python and every machine makes the same one.
"""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SEPARATOR = 0
LAST = 0xFFFF
_NO_LETTER = 0xD800  # stands in the table for what is dropped; a surrogate is no letter itself
# Read letter by letter: Latin, Greek and Cyrillic, where capitals and accents are folded away.
FOLDED = (range(0x250), range(0x370, 0x530), range(0x1E00, 0x2000))
# Neither letters nor digits: punctuation, currency, arrows, mathematics, halves of surrogates.
SEPARATING = (
    range(0x2000, 0x2070),
    range(0x20A0, 0x20D0),
    range(0x2190, 0x2600),
    range(0x27C0, 0x2C00),
    range(0x3000, 0x3040),
    range(0xD800, 0xE000),
    range(0xFF00, 0xFF10),
)
# Written inside words and no letters of their own: combining accents, joiners, soft hyphens,
# direction marks and variation selectors. `ŵ` is the same word in one code point or in two.
DROPPED = (
    range(0xAD, 0xAE),
    range(0x300, 0x370),
    range(0x1AB0, 0x1B00),
    range(0x1DC0, 0x1E00),
    range(0x200B, 0x2010),
    range(0x202A, 0x202F),
    range(0x2060, 0x2065),
    range(0x20D0, 0x2100),
    range(0xFE00, 0xFE10),
    range(0xFE20, 0xFE30),
    range(0xFEFF, 0xFF00),
)


def _fold(code: int) -> int:
    character = chr(code)
    if not character.isalnum():
        return SEPARATOR
    plain = unicodedata.normalize("NFKD", character)[0].lower()
    # Greek ends a word with another small sigma; in capitals there is one.
    return ord(
        plain[0].replace("\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}")
    )


def _table() -> NDArray[np.uint16]:
    table = np.arange(LAST + 1, dtype=np.uint16)
    for separating in SEPARATING:
        table[separating.start : separating.stop] = SEPARATOR
    for folded in FOLDED:
        table[folded.start : folded.stop] = [_fold(code) for code in folded]
    for dropped in DROPPED:
        table[dropped.start : dropped.stop] = _NO_LETTER
    return table


_TABLE = _table()
_ASCII = _TABLE[:256].astype(np.uint8).tobytes()


def fold(texts: Sequence[str]) -> tuple[NDArray[np.unsignedinteger], NDArray[np.intp]]:
    """Fold texts to letters, one after the other.

    Args:
        texts: Any strings, those with lone surrogates and NUL among them.

    Returns:
        The letters as code points, 0 where a character separates words, and the place after the
        last letter of each text; there is at least one separator between two texts.
    """
    joined = "\n".join((*texts, ""))
    ends = np.cumsum(np.fromiter(map(len, texts), np.intp, len(texts)) + 1)
    if joined.isascii():
        return np.frombuffer(joined.encode("ascii").translate(_ASCII), np.uint8), ends
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    letters: NDArray[np.unsignedinteger] = _TABLE.take(codes, mode="clip")
    dropped = letters == _NO_LETTER
    [beyond] = (codes > LAST).nonzero()
    if len(beyond):
        letters = letters.astype(np.uint32)
        letters[beyond] = codes[beyond]
    if dropped.any():
        ends = ends - np.cumsum(dropped)[ends - 1]
        letters = letters[~dropped]
    return letters, ends
