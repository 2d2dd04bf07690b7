"""Where an older message begins in a mail, and where encoded data stands.

Both are found line by line: the kind of a line is none where the newest words may stand.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What of a text a model does not read."""

    QUOTED_THREAD = "quoted-thread"
    FORWARDED_HEADER = "forwarded-header"
    SIGNATURE = "signature"
    NOTICE = "notice"
    MARKUP = "markup"
    ENCODED_DATA = "encoded-data"
    ADDRESS = "address"


Kinds = list[Kind | None]
Line = tuple[str, Kind | None]

quote = re.compile(r"[ \t]{0,4}>[> ]*")
has_word = re.compile(r"[^\W_]").search
is_rule = re.compile(r"[\s>]*[-_=*~]{2,}\s*$").match

_begin = re.compile(r"\s*-{3,5}\s?BEGIN ([A-Z0-9 ]{3,40}?)\s?-{3,5}\s*$").match
_end = re.compile(r"\s*-{3,5}\s?END [A-Z0-9 ]{3,40}?\s?-{3,5}\s*$").match
_base64 = re.compile(r"\s*[A-Za-z0-9+/]{40,}={0,2}\s*$").match
_base64_end = re.compile(r"\s*[A-Za-z0-9+/]+={0,2}\s*$").match
_one_word = re.compile(r"\s*\S*\s*$").match
# A single line of data is longer than anything that a person shouts.
_LONG = 200
_part_header = re.compile(
    r"(?:Content-[A-Za-z-]{2,30}:|MIME-Version:|--(?=[-=_.']*[A-Za-z0-9]{2})[-=_.A-Za-z0-9']{8,70}$|"
    r"\s(?:file)?name\*?=|\s(?:charset|boundary)=|begin [0-7]{3} \S+$)",
    re.IGNORECASE,
).match

# A header's fields as mail programs name them in the languages of people in Britain.
_FROM = "from|oddi wrth|de|von|da|van|från|fra|od"
_SENT = (
    "sent|subject|anfonwyd|pwnc|testun|envoyé|objet|gesendet|betreff|enviado(?: el)?|asunto|assunto"
    "|inviato|oggetto|verzonden|onderwerp|skickat|ämne|sendt|emne|wysłano|temat"
)
_DATE = "date|dyddiad|datum|fecha|data"
_OTHER = (
    "to|cc|bcc|at|i|copi|ateb i|à|an|para|a|aan|till|til|do|reply-to|"
    "importance|attachments?|atodiadau|message-id"
)
# How the lines begin that mark an older message, for whoever asks whether there is one.
OPENERS = (
    *(rf"{name}[*_]?\s?:" for name in f"{_FROM}|{_SENT}|{_DATE}|{_OTHER}".split("|")),
    "begin", "dechrau", "content-", "mime-",
)  # fmt: skip
# A program's date has its year and its time of day; that of a journey has not.
_MOMENT = r"(?:\b(?:19|20)\d\d\b.*\b\d{1,2}:\d\d\b|\b\d{1,2}:\d\d\b.*\b(?:19|20)\d\d\b)"
_field = re.compile(
    rf"[ \t*_]{{0,6}}(?:(?P<sender>{_FROM})|(?P<sent>{_SENT}|(?:{_DATE})(?=[*_]?\s?:.*{_MOMENT}))"
    rf"|{_DATE}|{_OTHER})[*_]?\s?:[*_]?(?:\s|$)",
    re.IGNORECASE,
).match

_NAMES = (
    "(?:original|previous|earlier) (?:message|e-?mail|appointment)|"
    "forwarded (?:message|e-?mail)|forwarded by .{1,200}|neges wreiddiol|"
    "neges (?:a anfonwyd|wedi'i hanfon) ymlaen|message (?:d.origine|original|"
    "transféré)|(?:ursprüngliche|weitergeleitete) nachricht|mensaje (?:original|reenviado)|"
    "mensagem original|messaggio (?:originale|inoltrato)|(?:oorspronkelijk|doorgestuurd) bericht|"
    "ursprungligt meddelande|oryginalna wiadomość|wiadomość oryginalna"
)
_divider = re.compile(
    rf"\W{{0,20}}?[-_=*]{{2,}}\s?(?:begin )?(?:{_NAMES})\s?[-_=*]{{2,}}\W*$"
    r"|\W{0,20}?-{2,}\s?on .{5,200} wrote\s?-{2,}\W*$"
    r"|\W{0,20}begin forwarded message\W*$|\W{0,20}dechrau(?:'r)? neges .{0,40}ymlaen\W*$",
    re.IGNORECASE,
).match
_close = re.compile(
    rf"\W{{0,20}}?[-_=*]{{2,}}\s?(?:end(?: of)?|diwedd)(?: the)? (?:{_NAMES})\W*$", re.IGNORECASE
).match

# The line above a quoted message, by the word for writing.
_WROTE = (
    "wrote|writes|ysgrifennodd|ysgrifennwyd|écrit|schrieb|escribió|escreveu|ha scritto|schreef|"
    r"skrev|kirjoitti|napisała?|napisał\(a\)|napsala?|(?:şunu )?yazd\w|a scris|"
    "написала?|пише|έγραψε"
)
_wrote = re.compile(rf".*\b(?:{_WROTE})(?:\W.{{0,150}})?:\s*$", re.IGNORECASE | re.DOTALL).match
_opens = re.compile(
    r"\W{0,3}(?:on|at|in a message|ar|am|ysgrifennodd|le|el|il|op|em|w dniu|den|\d)\b",
    re.IGNORECASE,
).match
# What mail programs write there and people hardly do: a time of day or an address. Somebody who
# tells what a landlord wrote speaks of `me`.
_stamp = re.compile(r"\b\d{1,2}[:.h]\d\d\b|@").search
_sender = re.compile(
    rf".{{0,100}}[<(\[](?:mailto:)?[^\s<>]+@[^\s<>]+[>)\]]\W{{0,3}}(?i:{_WROTE})"
).match
# Without either, a date with its year, a name with no article, and nothing else.
_dated = re.compile(
    r"\W{0,3}[Oo]n (?:\w{3,9},? )?(?:\d{1,2} \w{3,9},? |\w{3,9} \d{1,2}, ?|\d{1,2}[/.]\d{1,2}[/.])"
    r"(?:19|20)\d\d,? [A-Z][\w'-]+(?: [A-Z][\w'.-]*){1,3} wrote:\s*$"
).match
_own = re.compile(r"\b(?:I|[Mm]e|[Mm]y|[Ww]e|[Oo]ur|[Uu]s)\b").search
_LINES_OF_ATTRIBUTION, _LINES_OF_HEADER = 3, 40

# What any of these is: a look at each line that is cheap.
_may_encode = re.compile(
    r"\s*(?:-{3,5}\s?BEGIN |[A-Za-z0-9+/]{40}|[Cc]ontent-|MIME-|--\S|file|name|charset|boundary"
    r"|begin )"
).match
_may_begin = re.compile(
    r"\s*(?:[-_=*~]{2}|\W{0,5}(?:begin|dechrau)\b|[^:]{0,300}:|"
    r"\W{0,3}(?:on|at|in a|ar|am|le|el|il|op|em|w|den)\b.*\d)",
    re.IGNORECASE,
).match

# The same in a text whose line ends were lost.
_flat_divider = re.compile(
    rf"(?<! ) +(-{{3,}} ?(?:{_NAMES}) ?-{{3,}}|_{{10,}}) *", re.IGNORECASE
).sub
_flat_header = re.compile(
    r"(?<=\S) +(?P<header>(?:From|Oddi wrth): .{1,150}? (?:Sent|Date|Anfonwyd|Dyddiad): .{1,400})"
).sub
_flat_field = re.compile(r" +(?=(?:Sent|Date|To|Cc|Subject|Anfonwyd|Dyddiad|At|Pwnc): )").sub
_flat_attribution = re.compile(
    r"(?<=\S) +((?:On|Ar) [^:]{3,40}\d[:.]\d\d[^:]{0,150} (?:wrote|ysgrifennodd)[^:]{0,60}:) +"
).sub


def unflatten(text: str) -> str:
    """Return a text of one line with a line for each of what begins an older message in it."""
    text = _flat_divider(r"\n\1\n", text)
    text = _flat_header(lambda match: "\n" + _flat_field("\n", match["header"]), text)
    return _flat_attribution(r"\n\1\n", text)


def find_encoded(lines: Sequence[str]) -> Kinds:
    """Find base64, PGP's blocks and signatures, and the headers of a mail's parts."""
    kinds: Kinds = [None] * len(lines)
    place = 0
    while place < len(lines):
        line, after, is_data = lines[place], place + 1, False
        if _may_encode(line):
            if begun := _begin(line):
                after, is_data = _after_block(lines, place, signed="SIGNED" in begun[1]), True
            elif _base64(line):
                after, is_data = _after_base64(lines, place)
            else:
                is_data = _part_header(line) is not None
        if is_data:
            _mark(kinds, place, after, Kind.ENCODED_DATA)
        place = after
    return kinds


def _after_block(lines: Sequence[str], start: int, *, signed: bool) -> int:
    """Return where a block of PGP ends: before a signed message, or after all of it."""
    if signed:
        return _while(str.strip, lines, start + 1)
    ends = (n + 1 for n in range(start, len(lines)) if "END" in lines[n] and _end(lines[n]))
    return next(ends, 0) or _while(_one_word, lines, start + 1)


def _after_base64(lines: Sequence[str], start: int) -> tuple[int, bool]:
    """Return where lines of base64 end, and whether they are data and no shouting."""
    after = _while(_base64, lines, start)
    joined = "".join(lines[start:after])
    mixed = any(map(str.isdigit, joined)) and joined.lower() != joined != joined.upper()
    if not mixed or (after == start + 1 and len(joined) < _LONG):
        return after, False
    return after + bool(after < len(lines) and _base64_end(lines[after])), True


def _while(is_one: Callable[[str], object], lines: Sequence[str], start: int) -> int:
    while start < len(lines) and is_one(lines[start]):
        start += 1
    return start


def find_thread(lines: Sequence[str], kinds: Kinds) -> None:
    """Mark what is quoted or forwarded in `kinds`.

    Lines that begin with `>` are, wherever they stand: an answer may stand below or between them.
    So is all that follows a header or a line such as `On … wrote:`, unless `>` marks it line by
    line, or up to a line that ends it.
    """
    for place, line in enumerate(lines):
        if not kinds[place] and quote.match(line):
            kinds[place] = Kind.QUOTED_THREAD
    place = 0
    looked = _look_at(lines)
    while place < len(lines):
        after = place if kinds[place] else _after_header(looked, kinds, place)
        if after == place:
            place += 1
            continue
        _mark(kinds, place, after, Kind.FORWARDED_HEADER)
        place = after
        body = looked.words[after]
        if body < len(lines) and kinds[body] is not Kind.QUOTED_THREAD:
            place = next((n for n in range(after, len(lines)) if _close(lines[n])), len(lines))
            _mark(kinds, after, place, Kind.QUOTED_THREAD)
            _mark(kinds, place, place + 1, Kind.FORWARDED_HEADER)


def _mark(kinds: Kinds, start: int, after: int, kind: Kind) -> None:
    for place in range(start, min(after, len(kinds))):
        kinds[place] = kinds[place] or kind


class _Looked(NamedTuple):
    """The lines of a text, and what is asked of one from many others, which is found out once.

    `senders` and `words` say for each place, and the one after the last, which line is the next
    that names a sender, or has a word.
    """

    lines: Sequence[str]
    fields: Sequence[re.Match[str] | None]
    senders: Sequence[int]
    words: Sequence[int]

    def __repr__(self) -> str:
        """Show how many lines there are alone, as `Reading` does."""
        return f"_Looked(<{len(self.lines)} lines>)"


def _look_at(lines: Sequence[str]) -> _Looked:
    fields = [_field(line) if ":" in line else None for line in lines]
    senders = (field is not None and field.lastgroup == "sender" for field in fields)
    return _Looked(lines, fields, _next_of(senders), _next_of(map(has_word, lines)))


def _next_of(each: Iterable[object]) -> list[int]:
    """Return for each place, and the one after the last, where the next is that is so."""
    said = list(each)
    places = [len(said)] * (len(said) + 1)
    for place in range(len(said) - 1, -1, -1):
        places[place] = place if said[place] else places[place + 1]
    return places


def _after_header(looked: _Looked, kinds: Kinds, start: int) -> int:
    """Return where the header of an older message ends that begins here; `start` if none does."""
    lines, _, _, words = looked
    line = lines[start]
    if not _may_begin(line):
        return start
    if _divider(line):
        return _after_fields(looked, words[start + 1], known=True) or start + 1
    if is_rule(line):
        return _after_fields(looked, words[start + 1], known=False) or start
    if after := _after_fields(looked, start, known=False):
        return after
    after = _end_of_attribution(lines, start)
    whole = " ".join(lines[start:after])
    body = words[after]
    quoted = body < len(lines) and kinds[body] is Kind.QUOTED_THREAD
    by_program = (_opens(whole) and _stamp(whole)) or _sender(whole) or _dated(whole)
    written = _wrote(whole) and (quoted or (by_program and not _own(whole)))
    return after if written else start


def _after_fields(looked: _Looked, start: int, *, known: bool) -> int:
    """Return where the fields of a header end that begin here, 0 if they are none.

    One that is not `known` from a line above has a sender and says when it was sent, what of, or
    an address: `From: Leeds` and `To: York` alone is about a journey.
    """
    lines, fields, senders, words = looked
    if senders[start] >= start + _LINES_OF_HEADER:
        return 0
    after, found = start, set[str | None]()
    for place in range(start, min(len(lines), start + _LINES_OF_HEADER)):
        if field := fields[place]:
            after = place + 1
            found.add(field.lastgroup)
        elif place > after or (words[place] == place and not _goes_on(looked, place, after)):
            break
    sure = known or "sent" in found or "@" in "".join(lines[start:after])
    return after if "sender" in found and sure and after > start + (not known) else 0


def _goes_on(looked: _Looked, place: int, after: int) -> bool:
    """Say whether a line is the rest of a field's value: recipients may fill several lines."""
    lines, fields, _, _ = looked
    following = place + 1 < len(lines) and fields[place + 1]
    return place == after and bool(lines[place][:1].isspace() or following)


def _end_of_attribution(lines: Sequence[str], start: int) -> int:
    """Return where what may be a line such as `On … wrote:` ends, `start` if none begins here.

    It may be broken into several, of which none but the first begins as one.
    """
    opens = bool(_opens(lines[start]))
    for place in range(start, min(start + _LINES_OF_ATTRIBUTION * opens + 1, len(lines))):
        line = lines[place]
        if not has_word(line) or (place > start and _opens(line) and _wrote(line)):
            return start
        if line.rstrip().endswith(":"):
            return place + 1
    return start
