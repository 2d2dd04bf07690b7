"""Inquiries to measure with: the same on every machine, and none that a citizen wrote.

Texts are excerpts of the project's own example inquiries, picked by a seed. What a text costs
depends on how much of the model's tables its words touch: sentences put together from a small
list of words keep to a corner of them, and made the model look a quarter faster than it is on
written questions of the same length. On these it is as fast as there.
"""

import json
from collections.abc import Iterator
from itertools import cycle, islice
from random import Random

import msgspec

from services.local.demo import EXAMPLES, read_lines
from services.messages.inquiry import Inquiry

SEED = 4


def texts(length: int, count: int) -> list[str]:
    """Make texts of `length` characters, less what is left of a word that did not fit."""
    running = words()
    random = Random(SEED)
    starts = (random.randrange(len(running)) for _ in range(count))
    return [excerpt(running, start, length) for start in starts]


def words() -> list[str]:
    """Give the words of the example inquiries, in their order."""
    return [word for text in _examples() for word in text.split()]


def excerpt(running: list[str], start: int, length: int) -> str:
    """Cut `length` characters out of running words, less what is left of a word at the end."""
    # So many words that one space too many is among them: the cut is at the last that fits.
    text = " ".join(islice(cycle(running), start, start + length // 2 + 2))
    return text[: text.rindex(" ", 0, length + 1)]


def inquiry(number: int, text: str) -> bytes:
    """Write an inquiry as a contact centre would."""
    return json.dumps(
        {
            "id": f"q-{number}",
            "text": text,
            "channel": "email",
            "language": "en",
            "received_at": "2026-11-09T07:21:30Z",
            "reference": f"CC-2026-{number:06}",
        },
        ensure_ascii=False,
    ).encode()


def _examples() -> Iterator[str]:
    for line in read_lines(EXAMPLES):
        try:
            yield msgspec.json.decode(line, type=Inquiry).text
        except (msgspec.DecodeError, UnicodeDecodeError):  # some are bad, on purpose
            continue
