"""Where in a text the phrases stand that rules look for."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from services.desk.interface import Marked
from services.router.phrases import words_of
from services.router.table import Rule

_tokens = re.compile(r"\w+(?:['`\u00b4\u02bc\u2018\u2019]\w+)*").finditer


class _Found(NamedTuple):
    start: int
    end: int
    rule: str


class Marker:
    """Finds the phrases of a routing table's rules in texts as they were written.

    The router also finds them in what is only to be read once it is decoded, as in
    quoted-printable; that is not marked.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._at_least = {rule.id: rule.at_least for rule in rules}
        self._phrases: dict[str, list[tuple[list[str], str]]] = defaultdict(list)
        for rule in rules:
            for phrase in rule.phrases:
                words = words_of(phrase)
                self._phrases[words[0]].append((words, rule.id))

    def mark(self, text: str) -> list[Marked]:
        """Return a text in parts, those that a rule found with its id."""
        parts: list[Marked] = []
        end = 0
        for found in self._that_count(text):
            if found.start < end:
                continue
            if found.start > end:
                parts.append(Marked(text[end : found.start]))
            parts.append(Marked(text[found.start : found.end], found.rule))
            end = found.end
        if end < len(text) or not parts:
            parts.append(Marked(text[end:]))
        return parts

    def _that_count(self, text: str) -> list[_Found]:
        """Return what stands there of rules of which enough does, the longest first of a place."""
        found = list(self._find(text))
        phrases: Mapping[str, set[tuple[str, ...]]] = defaultdict(set)
        for each in found:
            phrases[each.rule].add(tuple(words_of(text[each.start : each.end])))
        counting = [each for each in found if len(phrases[each.rule]) >= self._at_least[each.rule]]
        return sorted(counting, key=lambda each: (each.start, -each.end))

    def _find(self, text: str) -> Iterator[_Found]:
        places = [
            (word, token.start(), token.end())
            for token in _tokens(text)
            for word in words_of(token.group())
        ]
        words = [word for word, _, _ in places]
        for index, word in enumerate(words):
            for phrase, rule in self._phrases.get(word, ()):
                if words[index : index + len(phrase)] == phrase:
                    yield _Found(places[index][1], places[index + len(phrase) - 1][2], rule)
