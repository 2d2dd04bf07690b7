"""Inquiries to measure with: the same on every machine, and none that a citizen wrote.

Texts are excerpts of the project's own example inquiries, picked by a seed. What a text costs
depends on how much of the model's tables its words touch: sentences put together from a small
list of words keep to a corner of them, and made the model look a quarter faster than it is on
written questions of the same length. On these it is as fast as there.
"""

import json
from contextlib import suppress
from itertools import cycle, islice
from random import Random

import msgspec

from services.local.examples import EXAMPLES, read_lines
from services.messages.inquiry import Inquiry

SEED = 4


def texts(length: int, count: int) -> list[str]:
    """Return texts of `length` characters, less what is left of a word that did not fit."""
    running, random = words(), Random(SEED)
    return [excerpt(running, random.randrange(len(running)), length) for _ in range(count)]


def words() -> list[str]:
    """Return the words of the example inquiries, in their order."""
    found: list[str] = []
    for line in read_lines(EXAMPLES):
        with suppress(msgspec.DecodeError, UnicodeDecodeError):  # some are bad, on purpose
            found += msgspec.json.decode(line, type=Inquiry).text.split()
    return found


def excerpt(running: list[str], start: int, length: int) -> str:
    """Cut `length` characters out of running words, less what is left of a word at the end."""
    # So many words that one space too many is among them: the cut is at the last that fits.
    text = " ".join(islice(cycle(running), start, start + length // 2 + 2))
    return text[: text.rindex(" ", 0, length + 1)]


def inquiry(number: int, text: str) -> bytes:
    """Write an inquiry as a contact centre would."""
    more = {"channel": "email", "language": "en", "received_at": "2026-11-09T07:21:30Z"}
    fields = {"id": f"q-{number}", "text": text, **more, "reference": f"CC-2026-{number:06}"}
    return json.dumps(fields, ensure_ascii=False).encode()
