"""What is read of a text: the newest words that somebody wrote, and nothing around them.

The bytes of an inquiry never change; this is what the model is shown, and what the rules are.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct

from services.model import mail, notices, signatures
from services.model.decoding import decode, markup_in
from services.model.mail import (
    Kind,
    Kinds,
    Line,
    find_encoded,
    find_thread,
    has_word,
    quote,
    unflatten,
)
from services.model.notices import is_sure, split_notices
from services.model.patterns import beginnings
from services.model.signatures import mark_rules, mark_signature


class LeftOut(NamedTuple):
    """How many characters of a kind were not read."""

    kind: Kind
    characters: int


class Reading(Struct, frozen=True, gc=False):
    """What was read of a text, and what was left out of it."""

    text: str
    left_out: tuple[LeftOut, ...] = ()

    def __repr__(self) -> str:
        """Show how much was read alone: what a citizen wrote must not reach a log by accident."""
        return f"Reading(text=<{len(self.text)} characters>, left_out={self.left_out!r})"


_OLDER = frozenset({Kind.QUOTED_THREAD, Kind.FORWARDED_HEADER})
# How often a forwarded message may hold nothing but another one.
_DEPTH = 5

# GOV.UK is a name that people write.
_address = re.compile(
    r"<?(?:mailto:)?(?<![\w.+'-])[\w+'-][\w.+'-]{0,63}@[\w.-]{0,250}\w>?"
    r"|<?\b(?:https?://|ftp://|www\.)[^\s<>\"]+>?"
    r"|(?<![\w.@/-])(?!gov\.uk\b(?![\w./-]))[\w-][\w.-]{0,250}\."
    r"(?:co|com|cymru|gov|info|net|org|scot|uk|wales)(?:/[^\s<>]*|\b(?![\w@-]|\.\w))",
    re.IGNORECASE,
)
# Only what has a sign within may be one; the pattern above would try every letter of a text.
_candidate = re.compile(r"(?<![^\s<(\"])[^\s@.:<(\"]*[@.:][^\s<>\"]+")
_dot_in_word = re.compile(r"\.[A-Za-z]{2}").search


# Lines that may begin something to leave out.
_OPENERS = (*mail.OPENERS, *notices.OPENERS, *signatures.OPENERS)
_opens = re.compile(
    rf"\n[^\w\n]{{0,12}}(?:[-_=*\u2014]{{2}}|[A-Za-z0-9+/]{{40}}|{beginnings(_OPENERS)})"
).search
_number = re.compile(r"0\d[\d ()-]{7}").search
_ends_line = re.compile(r":[ \t\r]*\n").search

# What nothing but a greeting says leaves a forwarded message to say the rest; so does a line that
# points to it.
_greeting = re.compile(
    r"\s*(?:hi|hello|hiya|hey|dear|good (?:morning|afternoon|evening)|morning|afternoon|all|sirs?|"
    r"madam|annwyl|helo|shwmae|bore da|prynhawn da)\b[^.?!]{0,40}[,.!]?\s*$",
    re.IGNORECASE,
).match
_points = re.compile(
    r"\b(?:(?:see|the|as|from|e-?mail|message|correspondence|trail|thread|this) below|"
    r"below (?:e-?mail|message|correspondence|thread|trail)|fyi|fwd?|forward(?:ing|ed)|"
    r"for your (?:information|attention|action)|gweler isod|er gwybodaeth)\b",
    re.IGNORECASE,
).search
_FEW_WORDS = 15
# What a helpline's own advice does not say, and who has rung one may.
_speaks_of_somebody = re.compile(
    r"\b(?:i|i'?m|im|me|my|myself|himself|herself|themselves|no (?:use|help|good|point)"
    r"|attempt(?:ed)?|last night|tonight|homeless|nothing to live)\b",
    re.IGNORECASE,
).search
_first_quote = re.compile(r"[ \t]{0,4}> ?")


class Both(Struct, frozen=True, gc=False):
    """What is read of an inquiry by a model, and what its rules look for phrases in."""

    read: str
    rules: str

    def __repr__(self) -> str:
        """Show how much there is alone, as `Reading` does."""
        return f"Both(read=<{len(self.read)} characters>, rules=<{len(self.rules)} characters>)"


def read(text: str, subject: str | None = None) -> Reading:
    """Return what a model reads of an inquiry: its subject line and its newest words.

    Args:
        text: What was sent; mail as it comes, with or without what is usual around it.
        subject: Its subject line, which is the first line of what is read.

    Returns:
        The text, decoded and without older messages, signatures, notices and addresses. Where
        nothing would remain, as with a message that is only forwarded, what there is is kept.
    """
    said = all_of(text, subject)
    if said is not None:
        return Reading(said)
    decoded, lines = _taken_apart(text)
    left_out = Counter({Kind.MARKUP: markup_in(text)})
    for line, kind in lines or ():
        if kind:
            left_out[kind] += len(line)
    said = _newest_words(decoded, lines)
    without = _without_addresses(said)
    left_out[Kind.ADDRESS] = len(said) - len(without)
    return Reading(
        _head(subject) + without,
        tuple(LeftOut(kind, count) for kind, count in left_out.items() if count),
    )


def read_both(text: str, subject: str | None = None) -> Both:
    """Return what `read` and `rules_text` return, with one look at what they have in common."""
    said = all_of(text, subject)
    if said is not None:
        return Both(said, said)
    head = _head(subject)
    decoded, lines = _taken_apart(text)
    newest_words = _without_addresses(_newest_words(decoded, lines))
    return Both(head + newest_words, head + _under_rules(decoded, lines))


def all_of(text: str, subject: str | None = None) -> str | None:
    """Return an inquiry of which nothing is left out, by `read` or `rules_text`; else None.

    It is no mail and has no address in it, and its characters are as they were meant.
    """
    if decode(text) is text and _is_one_piece(text) and not _may_address(text):
        return _head(subject) + text if subject else text
    return None


def rules_text(text: str, subject: str | None = None) -> str:
    """Return what the rules look for phrases in: all of an inquiry but its signatures and notices.

    Older messages are part of it: somebody may have said there that they are in danger.
    """
    return _head(subject) + _under_rules(*_taken_apart(text))


def _head(subject: str | None) -> str:
    return f"{decode(subject)}\n" if subject else ""


def _taken_apart(text: str) -> tuple[str, list[Line] | None]:
    """Return a text decoded, and its lines with their kinds; None where it is one piece."""
    decoded = decode(text)
    return decoded, None if _is_one_piece(decoded) else _sort(_lines_of(decoded))


def _newest_words(decoded: str, lines: Sequence[Line] | None) -> str:
    if lines is None:
        return decoded
    return "\n".join([line for line, kind in lines if kind is None]).strip()


def _under_rules(decoded: str, lines: Sequence[Line] | None) -> str:
    return decoded if lines is None else "\n".join(_without_footers(lines))


def newest(text: str) -> str:
    """Return a text without older messages and data, but with what is under the newest words."""
    decoded, lines = _taken_apart(text)
    if lines is None:
        return decoded
    without = {*_OLDER, Kind.ENCODED_DATA}
    return "\n".join([line for line, kind in lines if kind not in without])


def _may_address(text: str) -> bool:
    return "@" in text or ("/" in text and "://" in text) or _dot_in_word(text) is not None


def _without_addresses(text: str) -> str:
    """Return a text without its addresses, or with them where it says nothing else."""
    if not _may_address(text):
        return text
    without = _candidate.sub(lambda match: _address.sub("", match[0]), text)
    return without if has_word(without) else text


def _is_one_piece(text: str) -> bool:
    """Say whether a text cannot have an older message, a signature or a notice."""
    if "\n" not in text:
        if ":" in text and ("ent: " in text or "rote: " in text or "Message-" in text):
            return False
        return ">" not in text and "onfidential" not in text
    return not (
        ">" in text
        or "@" in text
        or _number(text)
        or _opens("\n" + text)
        or (":" in text and _ends_line(text))
    )


def _lines_of(text: str) -> list[str]:
    return (text if "\n" in text else unflatten(text)).splitlines()


def _sort(lines: Sequence[str], depth: int = 0) -> list[Line]:
    """Return the lines of a text, each with its kind: none for what is read."""
    kinds = find_encoded(lines)
    find_thread(lines, kinds)
    found: list[Line] = []
    below = False
    for start, after in _stretches(kinds):
        if kinds[start] is None:
            part = list(split_notices(lines[start:after]))
            mark_signature(part)
            mark_rules(part)
            found += part
        else:
            found += zip(lines[start:after], kinds[start:after], strict=True)
            below = True
    said = [line for line, kind in found if kind is None]
    if _says_something(said):
        return found
    if below and depth < _DEPTH and (quoted := _quoted_message(found)):
        start, after = quoted
        inner = _sort(_unquoted([line for line, _ in found[start:after]]), depth + 1)
        if any(has_word(line) for line, kind in inner if kind is None):
            return [*found[:start], *inner, *found[after:]]
    return found if any(map(has_word, said)) else _kept(found)


def _stretches(kinds: Kinds) -> Iterator[tuple[int, int]]:
    """Return where stretches begin and end of lines that are all of a kind, or all of none."""
    start = 0
    for place in range(1, len(kinds) + 1):
        if place == len(kinds) or (kinds[place] is None) != (kinds[start] is None):
            yield start, place
            start = place


def _says_something(lines: Sequence[str]) -> bool:
    """Say whether lines say more than a greeting, and do not just point to what is forwarded."""
    said = [line for line in lines if has_word(line) and not _greeting(line)]
    words = " ".join(said)
    return bool(said) and not (len(words.split()) <= _FEW_WORDS and _points(words))


def _quoted_message(lines: Sequence[Line]) -> tuple[int, int] | None:
    """Return where the first quoted message begins and ends, without its header."""
    quoted = [n for n, (_, kind) in enumerate(lines) if kind is Kind.QUOTED_THREAD]
    if not quoted:
        return None
    start = after = quoted[0]
    while after < len(lines) and lines[after][1] is not Kind.FORWARDED_HEADER:
        after += 1
    return start, after


def _unquoted(lines: Sequence[str]) -> list[str]:
    """Return lines without the first `>` of each, if all have one."""
    if any(has_word(line) and not quote.match(line) for line in lines):
        return list(lines)
    return [_first_quote.sub("", line, count=1) for line in lines]


def _kept(lines: Sequence[Line]) -> list[Line]:
    """Return lines of which nothing would be read with all that somebody may have written."""
    all_of_it = not any(has_word(line) for line, kind in lines if kind is not Kind.ENCODED_DATA)
    return [
        (line, kind if kind is Kind.ENCODED_DATA and not all_of_it else None)
        for line, kind in lines
    ]


def _may_be_said(lines: Sequence[str]) -> bool:
    """Say whether somebody may have said what looks like a notice, of themselves or of others."""
    text = "\n".join(lines)
    return not is_sure(text) or _speaks_of_somebody(text) is not None


def _without_footers(lines: Sequence[Line]) -> Iterator[str]:
    """Return the lines without data and sure notices, those of older messages too.

    Signatures are kept: somebody may have written under their name that they are in danger.
    """
    for kind, group in groupby(lines, lambda line: "older" if line[1] in _OLDER else line[1]):
        part = [line for line, _ in group]
        if kind == "older":
            unquoted = [
                line[len(match[0]) :] if (match := quote.match(line)) else line for line in part
            ]
            said = list(split_notices(unquoted, quoted=True))
            mark_signature(said)
            yield from _without_footers(said)
        elif kind is not Kind.ENCODED_DATA and (kind is not Kind.NOTICE or _may_be_said(part)):
            yield from part
