"""The block under a message that says who wrote it: a name, a title, how to reach them.

A line that is a sentence, or speaks of harm, is never part of it.
"""

import re
from collections.abc import Sequence

from services.model.mail import Kind, Line, has_word, is_rule
from services.model.patterns import beginnings, word_set

_STRONG = (
    "(?:with )?(?:very )?(?:(?:kind|best|warm)(?:est)? |many |all good )?(?:personal )?"
    "(?:regards|wishes)|yours(?: sincerely| faithfully| truly| respectfully| ever| aye| etc)?"
    "|(?:sincerely|faithfully|respectfully)(?: yours)?|rgds|brgds|kr|(?:yr )?eiddoch yn "
    "(?:gywir|ddiffuant|bur)|yn (?:gywir|ddiffuant|bur)|(?:gyda )?(?:cofion|dymuniadau)"
    "(?: (?:cynnes|gorau|caredig|cu))?"
)
# Said in the midst of a message too: nothing but names and addresses may follow.
_WEAK = (
    "(?:many |with |kind |huge |sincere )?thanks?(?: again| you| in advance| and (?:kind |best )?"
    "regards| so much| very much| kindly)*|thx|ta|cheers|best|kind(?:est)?|god bless|with respect"
    "|diolch(?:iadau)?(?: yn fawr(?: iawn)?| o galon)?|(?:pob )?hwyl"
)
_formula = re.compile(
    rf"\s*(?:(?P<strong>{_STRONG})|{_WEAK})\b[\s,.!;:-]*(?P<name>.{{0,60}}?)\s*$", re.IGNORECASE
).match
# How the lines begin that these and the ones below find, for whoever asks whether there are any.
# A formula counts where two lines follow it, or one that says more than a name.
_FORMULAS = (
    "with(?: kind| best| warm| very| many| thanks| respect)", "very (?:kind|best)", "kind", "best",
    "warm", "many (?:regards|thanks)", "all good", "personal", "regards", "wishes", "yours",
    "sincerely", "faithfully", "respectfully", "rgds", "brgds", "kr", "yr eiddoch", "eiddoch",
    "yn (?:gywir|ddiffuant|bur)", "gyda(?: chofion| dymuniadau)?", "cofion", "dymuniadau",
    "thanks?(?: you)?", "thx", "ta", "huge", "cheers", "god bless", "diolch", "pob hwyl", "hwyl",
)  # fmt: skip
_DEVICES = (
    "sent (?:from|via|with|using|on)", "anfonwyd", "wedi(?:'i)? anfon", "get outlook",
    "yahoo mail", "virus-free", "image", "cid:", "logo",
)  # fmt: skip
_FOLLOWED = r"\b[^\n]{0,70}\n\s*(?:[^\n]+\n\s*\S|[^\n]*[,|])"
OPENERS = (*(formula + _FOLLOWED for formula in _FORMULAS), *_DEVICES)
_may_open = re.compile(
    rf"[^\w\n]{{0,12}}(?:[-_=*~\u2014]{{2}}|\u2014\s*$|{beginnings((*_FORMULAS, *_DEVICES))})"
).match
_dashes = re.compile(r"\s*(?:--|\u2014|__)\s*$").match
_device = re.compile(
    r"\s*(?:[<(\[]?(?:sent|anfonwyd|wedi(?:'i)? anfon) (?:from|via|with|using|on|o|oddi ar|gan"
    r"|drwy)"
    r"\b.{2,60}|get outlook for \w+\W{0,3}\S*|yahoo mail: .{2,40}|virus-free\b.{0,40}"
    r"|\[?(?:cid|image|inline image|logo)[:\d].{0,80}|<?image\d{3}\.\w{3,4}>?)\s*$",
    re.IGNORECASE,
).match
# The numbers of Britain, and addresses. `services.model.reading` looks for the same.
_contact = re.compile(r"(?:\+\d|\b0)\d[\d ()-]{7,}\d|@").search
_only_address = re.compile(r"\s*<?(?:https?://|www\.)\S+\s*$", re.IGNORECASE).match
# A line with one of these is a sentence.
_SENTENCE = word_set(
    "i i'm im i've ive me my mine we us our you your he she him her his they them their it",
    "its is are was were am be been being have has had do does did don't dont can can't cant",
    "cannot could would should will won't wont must may please help want wants wanted need",
    "needs if when why how what who where this that these there not no nothing never so but",
    "because until still just die dying dead died kill killed kills killing hurt hurts",
    "hurting hit hits hitting beat beats rape raped scared afraid tired end ending living go",
    "goes going gone get gets got ask asked said says see ps wyf rwyf rwy dwi mae ydw ydych",
    "eisiau angen fy eich ddim",
)
_words = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?").findall
_my = re.compile(r"\b(?:my|fy)\b", re.IGNORECASE)
_lower_words = re.compile(r"(?<![\w.@/])[a-z]{2,}(?![\w.@/])").findall
_SMALL = frozenset(
    [
        "and",
        "at",
        "by",
        "de",
        "for",
        "from",
        "in",
        "of",
        "on",
        "or",
        "since",
        "the",
        "to",
        "upon",
        "with",
        "yr",
        "ar",
        "y",
    ]
)
_LINES, _WIDTH, _NAME, _LOWER, _CONTACT_LINES, _LOOKED_AT = 15, 110, 4, 4, 2, 40


def mark_signature(lines: list[Line]) -> None:
    """Mark the signatures of one message's lines.

    A name alone under a greeting stays, as it does no harm.
    """
    end, last = len(lines), 0
    for place in range(len(lines) - 1, -1, -1):
        line, kind = lines[place]
        if kind:
            continue
        how, after = "", place
        if _may_open(line):
            if _device(line) and not _is_sentence(_my.sub("", line)):
                lines[place] = line, Kind.SIGNATURE
                continue
            how = _opening(line)
        if how:
            after = _after_signature(lines, place, end, last, how)
            _mark(lines, place, after)
        if how in {"strong", "weak"} or after > place:
            end, last = place, 0
        elif not last and has_word(line):
            last = place
    _mark_contacts(lines)


def mark_rules(lines: list[Line]) -> None:
    """Mark lines without a word, such as `-----`, above what is marked and at the very end."""
    following = next((kind for line, kind in reversed(lines) if has_word(line)), None)
    for place in range(len(lines) - 1, -1, -1):
        line, kind = lines[place]
        if has_word(line):
            following = kind
        elif kind is None and following and line.strip():
            lines[place] = line, following


def _mark(lines: list[Line], start: int, after: int) -> None:
    for place in range(start, after):
        line, kind = lines[place]
        lines[place] = line, kind or Kind.SIGNATURE


def _opening(line: str) -> str:
    """Return how a line opens a signature: `strong` or `weak` words, `dashes`, a `rule`, or not."""
    formula = _formula(line)
    if formula and _is_name(formula["name"]):
        return "strong" if formula["strong"] else "weak"
    return "dashes" if _dashes(line) else "rule" if is_rule(line) else ""


def _after_signature(lines: Sequence[Line], start: int, end: int, last: int, how: str) -> int:
    """Return where a signature ends that begins at `start`, or `start` where it holds too little.

    `end` is where the next one begins (one under the other, each is found by itself), `last` the
    place of the last line before that which says something.
    """
    after = _end_of_names(lines, start + 1, end)
    names = [line for line, kind in lines[start + 1 : after] if kind is None and _has_name(line)]
    inline = _formula(lines[start][0]) if how in {"strong", "weak"} else None
    count = len(names) + bool(inline and inline["name"]) + any("," in n or "|" in n for n in names)
    reaches = any(map(_contact, names))
    to_the_end = last < after
    if how == "strong":
        return after if count > 1 or reaches else start
    if how == "weak":
        return after if to_the_end and (count > 2 or reaches) else start  # noqa: PLR2004
    return after if to_the_end and names and (how == "dashes" or reaches) else start


def _end_of_names(lines: Sequence[Line], start: int, end: int) -> int:
    """Return the place after the last line that may belong to a signature."""
    after, found = start, 0
    for place in range(start, min(end, start + _LOOKED_AT)):
        line, kind = lines[place]
        if not has_word(line):
            continue
        if found == _LINES or not (kind or _names_somebody(line)):
            break
        found += 1
        after = place + 1
    return after


def _is_name(text: str) -> bool:
    words = text.split()
    return len(words) <= _NAME and not _is_sentence(text) and (not words or not text[0].islower())


def _names_somebody(line: str) -> bool:
    """Say whether a line may stand in a signature: no sentence, few words that are not names."""
    text = line.strip()
    if _only_address(text):
        return True
    if len(text) > _WIDTH or _is_sentence(text):
        return False
    lower = [word for word in _lower_words(text) if word not in _SMALL]
    return len(lower) <= _LOWER


def _is_sentence(line: str) -> bool:
    """Say whether a line has a word that only sentences have; `End` in `Downs End` is a name."""
    first, *more = _words(line.replace("\u2019", "'")) or [""]
    said = {first.lower(), *(word.lower() for word in more if not word.istitle())}
    return "?" in line or not _SENTENCE.isdisjoint(said)


def _has_name(line: str) -> bool:
    return has_word(line) is not None and not _only_address(line)


def _mark_contacts(lines: list[Line]) -> None:
    """Mark a last paragraph of two lines or more that says how to reach somebody."""
    after = len(lines)
    while after and (lines[after - 1][1] or not _has_name(lines[after - 1][0])):
        after -= 1
    start = after
    while start and has_word(lines[start - 1][0]) and lines[start - 1][1] is None:
        start -= 1
    block = [line for line, _ in lines[start:after]]
    if start and len(block) >= _CONTACT_LINES and any(map(_contact, block)):
        _mark(lines, start, after if all(map(_names_somebody, block)) else start)
