"""Finds the rules' phrases in a text, in time that grows with the text and nothing else."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_word = re.compile(r"\w+").findall
# Unicode's five blocks of combining diacritical marks.
_accents = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# Plain ASCII, by far the most, is cut six times faster: what is no part of a word becomes a space.
# So is a text whose only other characters are those that typewriters lacked: they part words too.
_letters = re.compile(
    "[^\x00-\x7f\u00a0\u00a3\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026\u20ac]"
).search
_PLAIN = "".join(c.lower() if c.isalnum() or c == "_" else " " for c in map(chr, range(128)))
_ASCII = _PLAIN.encode("ascii") + bytes(128)


def words_of(text: str) -> list[str]:
    """Give the words of a text without capitals, accents and punctuation; `can't` is two."""
    if text.isascii() or not _letters(text):
        return text.encode("ascii", "replace").translate(_ASCII).decode("ascii").split()
    return _word(_accents.sub("", unicodedata.normalize("NFKD", text)).casefold())


class _Phrase(NamedTuple):
    """The words of a phrase, the place of the longest among them, and whose phrase it is."""

    words: list[str]
    longest: int
    rule: str


class PhraseBook:
    """Phrases, each known by the rule it belongs to.

    They are kept by their longest word, the one that a text is least likely to have: most texts
    have none of these words, and where one stands the phrase is compared around it.
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """Build the book from the phrases of each rule."""
        self._by_word: dict[str, list[_Phrase]] = defaultdict(list)
        for rule, texts in phrases.items():
            for text in texts:
                words = words_of(text)
                longest = max(words, key=len)
                self._by_word[longest].append(_Phrase(words, words.index(longest), rule))
        self._longest = frozenset(self._by_word)

    def find(self, text: str) -> dict[str, int]:
        """Count the different phrases of a rule in a text, for each rule that has any there."""
        words = words_of(text)
        if self._longest.isdisjoint(words):
            return {}
        found: dict[str, set[str]] = defaultdict(set)
        for place, word in enumerate(words):
            for phrase, offset, rule in self._by_word.get(word, ()):
                start = place - offset
                if start >= 0 and words[start : start + len(phrase)] == phrase:
                    found[rule].add(" ".join(phrase))
        return {rule: len(phrases) for rule, phrases in found.items()}
