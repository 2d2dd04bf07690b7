"""Finds the rules' phrases in a text, in time that grows with the text and nothing else."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

_word = re.compile(r"\w+").findall


def words_of(text: str) -> list[str]:
    """Give the words of a text without capitals, accents and punctuation; `can't` is two."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _word(text.casefold())


class PhraseBook:
    """Phrases, each known by the rule it belongs to.

    They are kept by their first word. Few words of a text begin a phrase, and at such a word only
    the phrases that begin with it are compared.
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """Build the book from the phrases of each rule."""
        self._by_first: dict[str, list[tuple[list[str], str]]] = defaultdict(list)
        for rule, texts in phrases.items():
            for text in texts:
                words = words_of(text)
                self._by_first[words[0]].append((words, rule))
        self._first_words = frozenset(self._by_first)

    def find(self, text: str) -> dict[str, int]:
        """Count the different phrases of a rule in a text, for each rule that has any there."""
        words = words_of(text)
        if self._first_words.isdisjoint(words):
            return {}
        found: dict[str, set[str]] = defaultdict(set)
        for place, word in enumerate(words):
            for phrase, rule in self._by_first.get(word, ()):
                if words[place : place + len(phrase)] == phrase:
                    found[rule].add(" ".join(phrase))
        return {rule: len(phrases) for rule, phrases in found.items()}
