"""Finds the rules' phrases in a text, in time that grows with the text and nothing else."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from services.model.patterns import word_set

_word = re.compile(r"\w+").findall
# Unicode's five blocks of combining diacritical marks.
_accents = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# An apostrophe is no part of a word, and many leave it out: `can't` is `cant`. These are what
# keyboards, programs and people write for one; a question mark is one that was lost.
_APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u02bd\u02c8\u2018\u2019\u201b\u2032\uff07"
_apostrophes = re.compile(f"[{_APOSTROPHES}]")
_lost_apostrophe = re.compile(r"(?<=n)\?(?=t\b)", re.IGNORECASE)
# Plain ASCII, by far the most, is cut six times faster: what is no part of a word becomes a space.
# So is a text whose only other characters are those that typewriters lacked: they part words too.
_letters = re.compile("[^\x00-\x7f\u00a0\u00a3\u2013\u2014\u201c\u201d\u2022\u2026\u20ac]").search
_PLAIN = "".join(c.lower() if c.isalnum() or c == "_" else " " for c in map(chr, range(128)))
_ASCII = _PLAIN.encode("ascii") + bytes(128)


def words_of(text: str) -> list[str]:
    """Return the words of a text without capitals, accents and punctuation; `can't` is `cant`."""
    if "?" in text and ("n?t" in text or "N?T" in text):
        text = _lost_apostrophe.sub("", text)
    if not text.isascii():
        text = text.replace("\u2019", "").replace("\u2018", "")
        if _letters(text):
            plain = unicodedata.normalize("NFKD", _apostrophes.sub("", text))
            plain = _accents.sub("", plain)
            return _word(plain.casefold()) if _letters(plain) else _cut(plain)
    return _cut(text, apostrophes=b"'`")


def _cut(text: str, apostrophes: bytes = b"") -> list[str]:
    plain = text.encode("ascii", "replace").translate(_ASCII, apostrophes)
    return plain.decode("ascii").split()


# Words that most texts have, whatever they are about.
_COMMON = word_set(
    "a about after again all am an and any anyone anything are as asked at back be because",
    "been before being boyfriend brother but by can cannot cant children could cut dad date",
    "daughter day didnt do does doesnt dont down everyone everything father find for found",
    "from get gets go goes going gone got had has have he help her here herself hes him",
    "himself his home house how husband i if im in into is it ive just keep keeps know",
    "landlord last left let letter like little lost may me money month months more morning",
    "mother mum mums my need neighbour never next night no nobody not nothing now of off on",
    "online only or our out outside over partner pension people phone please put puts",
    "report said same saying says school she shes since sister so somebody someone son take",
    "that the their them themselves then there theres they thing things think this time to",
    "today told too turned twice under until up us want wants was we week weeks well went",
    "were weve what when where which who why wife will with without wont work would year",
    "years you your",
)


class _Phrase(NamedTuple):
    """The words of a phrase, each between two spaces, and whose phrase it is."""

    words: str
    rule: str


class PhraseBook:
    """Phrases, each known by the rule it belongs to.

    They are kept by the two words next to each other that a text is least likely to have: most
    texts have no such pair, and where one stands its phrases are looked for. A phrase of one word
    is kept by that.
    """

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        """Build the book from the phrases of each rule."""
        self._kept: dict[str | tuple[str, str], list[_Phrase]] = defaultdict(list)
        for rule, texts in phrases.items():
            for text in texts:
                words = words_of(text)
                self._kept[_rarest(words)].append(_Phrase(_spaced(words), rule))
        self._words = frozenset(key for key in self._kept if isinstance(key, str))
        self._pairs = self._kept.keys() - self._words

    def find(self, text: str) -> dict[str, int]:
        """Count the different phrases of a rule in a text, for each rule that has any there.

        The text is one that was decoded, so that its words are those that it says.
        """
        words = words_of(text)
        after = words[1:]
        if self._pairs.isdisjoint(zip(words, after)) and self._words.isdisjoint(words):  # noqa: B905 - the last has none after it
            return {}
        keys = self._pairs.intersection(zip(words, after))  # noqa: B905 - likewise
        keys |= self._words.intersection(words)
        said = _spaced(words)
        found: dict[str, set[str]] = defaultdict(set)
        for key in keys:
            for phrase, rule in self._kept[key]:
                if phrase in said:
                    found[rule].add(phrase)
        return {rule: len(phrases) for rule, phrases in found.items()}


def _rarest(words: Sequence[str]) -> str | tuple[str, str]:
    """Return the pair of a phrase's words that fewest texts have, or its only word."""
    if len(words) == 1:
        return words[0]
    return max(
        pairwise(words), key=lambda pair: (sum(w not in _COMMON for w in pair), sum(map(len, pair)))
    )


def _spaced(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "
