"""Tells the language of a text by the words that hold its sentences together."""

import re
import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

_LANGUAGES = Path(__file__).with_name("languages.toml")
_word = re.compile(r"[^\W\d_]+").findall
# What is no letter in ASCII becomes a space, which cuts a text in a quarter of the time.
_LETTERS = "".join(
    c.lower() if c.isalpha() else " " for c in map(chr, range(128))
).encode() + bytes(128)
# Whoever writes more than this has said which language it is in.
_READ = 2000
_FEWEST_WORDS, _FEWEST_SURE = 6, 2


class _Letters(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    often: str
    than: str
    share: float

    def may_be_in(self, text: str) -> bool:
        return sum(map(text.count, self.often)) > self.share * sum(map(text.count, self.than))


class _Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `languages.toml` has of a language."""

    words: str
    common: str = ""
    short: str = ""
    endings: str = ""
    beside: tuple[str, ...] | None = None
    letters: _Letters | None = None

    @property
    def all(self) -> frozenset[str]:
        return frozenset(f"{self.words} {self.short}".split())


class _Language:
    """One language, told from some others."""

    def __init__(self, own: _Words, others: Collection[_Words]) -> None:
        self._letters = own.letters
        self._words = own.all
        self._others = [each.all for each in others]
        self._sure = frozenset(own.words.split()) - frozenset(own.common.split())
        endings = "|".join(own.endings.split())
        # In small letters, so what is no name.
        self._ends = re.compile(rf"\b[^\W\d_A-Z]+(?:{endings})\b").findall if endings else None

    def has(self, text: str) -> bool:
        """Say whether more of a text's small words are its own than any other's."""
        if self._letters and not self._letters.may_be_in(text):
            return False
        words = _words_of(text[:_READ])
        if len(words) < _FEWEST_WORDS or self._sure.isdisjoint(words):
            return False
        sure = sum(map(self._sure.__contains__, words))
        own = sum(map(self._words.__contains__, words))
        most = max(sum(map(other.__contains__, words)) for other in self._others)
        if self._ends and not most:
            sure += len(self._ends(text))
        return sure >= _FEWEST_SURE and own > most


def _words_of(text: str) -> list[str]:
    if text.isascii():
        return text.encode("ascii").translate(_LETTERS).decode("ascii").split()
    return _word(text.lower())


class Recognised:
    """Recognises some languages in texts.

    Args:
        languages: Their BCP 47 codes; one that has no words here is in no text.
    """

    def __init__(self, languages: Collection[str]) -> None:
        known = _known()
        self._languages = {
            code: _Language(known[code], [known[other] for other in _beside(code, known)])
            for code in sorted(languages)
            if code in known
        }

    def __bool__(self) -> bool:
        """Say whether there is any language that it can recognise."""
        return bool(self._languages)

    def __contains__(self, code: str) -> bool:
        return code in self._languages

    def of(self, text: str) -> frozenset[str]:
        """Return those languages that a text is in.

        Names of people and places do not make it so, nor do words that other languages have too.
        It takes six words; what is shorter is not said to be in any.
        """
        if text.isupper():
            text = text.lower()
        return frozenset([code for code, each in self._languages.items() if each.has(text)])


@cache
def _known() -> Mapping[str, _Words]:
    table = tomllib.loads(_LANGUAGES.read_text(encoding="utf-8"))
    return msgspec.convert(table, dict[str, _Words])


def _beside(code: str, known: Mapping[str, _Words]) -> Collection[str]:
    named = known[code].beside
    return [other for other in known if other != code] if named is None else named
