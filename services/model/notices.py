"""Notices under a message, or above it: confidentiality, advertisements, advice of helplines.

What speaks of `I`, `me`, `she` or `him` is somebody's message, and is no notice whatever it says.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from services.model.mail import Kind, Line, has_word
from services.model.patterns import beginnings, listed

_THIS = (
    "this (?:e-?mail|message|communication|transmission|correspondence|electronic|mailbox|inbox|"
    "account|fax)"
)
# How a notice begins.
OPENERS = (
    _THIS,
    rf"the (?:information|contents?|statements?)(?: \w+)? (?:of|in|within) {_THIS}",
    rf"information (?:\w+ )?(?:of|in|within) {_THIS}",
    rf"contents? of {_THIS}",
    *listed(
        r"legal notice; legal disclaimer; privacy notice; privacy policy; important notice;",
        r"security notice; important information; important:; notice\b; disclaimer; confidential;",
        r"privileged; caution\b; warning\b; private and; private &; private message;",
        r"private e-?mail; strictly private; strictly confidential; external e-?mail;",
        r"external sender; external message; if you are; if you're; if you have; if you received;",
        r"if you believe; if you no longer; if you would; if you prefer; if you feel; if you need;",
        r"if you or; if someone; if anyone; samaritans; childline; need help; struggling;",
        r"in an emergency;",
        r"please consider; please think; please do not print; please don't print;",
        r"please treat this; unauthori[sz]ed; any views; any opinions; any unauthori[sz]ed;",
        r"any personal; any use; all views; all opinions; all e-?mails?; the views; the opinions;",
        r"views expressed; views are; views in; opinions expressed; opinions are;",
        r"unless expressly; unless stated; unless otherwise; registered office;",
        r"registered in (?:england|scotland|wales|northern); registered charity;",
        r"registered company; registered number; registered address; company no; company reg;",
        r"vat no; vat reg; charity no; charity reg; unsubscribe; to unsubscribe;",
        r"to stop receiving; to opt out; to manage; to update your; to view; click here to;",
        r"follow us; manage your; manage my; manage pref; view this; view it; view in your;",
        r"view in a; view online; having trouble; copyright [(0-9]; you receiv;",
        r"you are receiv; you're receiv; you are getting; you are subscribed;",
        r"you have received this; you don't often; e-?mails? (?:sent|may|to|from|and|is|are);",
        r"scanned (?:by|for|with); virus; internet e; save paper; we may monitor; we reserve;",
        r"we process; we cannot accept; we accept no; we use your; we welcome c; think before;",
        r"whil(?:st|e) (?:we|every|reas); although (?:we|every|reas);",
        r"my (?:normal |usual )?working; for (?:more |further )?information (?:about|on) how;",
        r"mae(?:'r| cynnwys y?r?| y?r?) ?(?:e-?bost|neges|wybodaeth|cynnwys);",
        r"gall (?:yr? )?(?:e-?bost|neges); bwriedir; os nad; os ydych; os cawsoch;",
        r"os derbyniasoch; os yw'r; cyfrinachol; hysbysiad; ymwadiad; cyn argraffu; ystyriwch;",
        r"croesewir; croesawn; rydym (?:ni )?yn croesawu; mae croeso; safbwynt; barn yr;",
        r"barn bersonol; cofrestrwyd; cofrestredig; i ddad-?danysgrifio; dad-?danysgrifio",
    ),
)
# At the start of a line, or of a sentence.
_begins = re.compile(
    rf"[\n.!?)*_](?:(?<=\n)|\s)[\W_]{{0,12}}(?:{beginnings(OPENERS)}|\N{{COPYRIGHT SIGN}})"
).finditer

# What notices speak of, subject by subject. Two of these make one, at least one of the first kind.
_SUBJECTS = (
    listed("confidential; privileged; without prejudice; is private; private to; yfrinachol"),
    listed(
        "intended; addressee; addressed; named recipient; named person; person named;",
        "recipient only; meant for; meant only for; fwriad; bwriad; derbynnydd",
    ),
    listed("liabilit; virus; malware; atebolrwydd; firws; feirws"),
    listed(
        "views expressed; views are; views here; any views; opinions are; any opinions;",
        "opinions expressed; personal opinions; safbwynt; barn yr",
    ),
    listed("unauthoris; unauthoriz; prohibited; forbidden; must not; gwaherddir"),
    listed("the environment; before print; print this; amgylchedd; argraffu"),
    listed("registered office; registered charity; registered no; company no; ofrestredig"),
    listed(
        "outside of the organi; outside the organi; outside your organi; outside our organi;",
        "from outside of; external sender; external e-mail; external email",
    ),
    listed("be monitored; is monitored; are monitored; not monitored; be recorded; monitro"),
    listed("messagelabs; mimecast; symantec; been scanned; scanned for"),
    listed("correspondence in welsh; gohebiaeth yn"),
)
_MORE = (
    listed(
        "in error; by mistake; misdirected; not for you; not that person; received this;",
        "reached you; camgymeriad; gamgymeriad",
    ),
    listed(
        "delet; destroy; notify; inform; tell the; contact the; return; advise; ddileu; dileu;",
        "dinistri; hysbys; rhowch wybod",
    ),
    listed("attach; files transmitted; files sent; atodiad"),
    listed("disclos; copy; copies; distribut; rely; forward; datgelu; dosbarthu; copïo"),
    listed("accept; guarantee; warranty; secure; contract"),
    listed("responsib; cyfrifoldeb; unlawful; personal data; personal information"),
    listed("freedom of information; data protection; privacy; gdpr; do not click; links or"),
)
_ALONE = listed(
    "to unsubscribe; unsubscribe |; unsubscribe:; mailing list; your preferences;",
    "in your browser; in a browser; stop receiving; because you are on; because you sub;",
    "ddanysgrifio; rhestr bostio; consider the environment; before printing; before you print;",
    "registered office; registered in england; registered in scotland; registered in wales;",
    "registered in northern ireland; outside of the organi; outside the organi;",
    "outside of your organi; outside your organi; outside our organi; don't often get;",
    "my working days; my working hours; my normal working; my usual working;",
    "correspondence in welsh; gohebiaeth yn gymraeg; gohebiaeth yn y gymraeg",
)
# What a notice is about: without one of these it is what somebody wants kept secret.
_MAIL = listed(
    "mail; message; communication; transmission; attachment; sender; recipient; addressee;",
    "sent from; e-bost; ebost; neges; gohebiaeth; derbynnydd; anfonwr",
)
_person = re.compile(
    r"\b(?:I|[Ii]['\u2019]?m|[Ii]['\u2019]?ve|[Mm]e|[Mm]y|mine|[Ss]?[Hh]e|[Hh]im|[Hh]er|[Hh]is|"
    r"i (?:am|was|have|had|want|need|can|cant|can't|will|do|dont|don't|did|feel|think|know|got))\b"
).search
# They stand in notices too.
_impersonal = re.compile(
    r"\b(?:(?:his|him|he) ?(?:or|/) ?(?:her|she)|(?:notify|inform|tell|contact|advise) me|"
    r"my (?:own|employer)|my (?:normal |usual )?working (?:days|hours|pattern|week))\b",
    re.IGNORECASE,
)

_HELPLINES = listed(
    "samarit; samariaid; 116 123; 116123; childline; child line; nspcc; 85258; papyrus;",
    "refuge; women's aid; helpline; help line; llinell gymorth; crisis line; crisis team;",
    "lifeline; live fear free; byw heb ofn; nhs 111; 999; 111",
)
# `If you do not come` is no offer.
_OFFERS = listed(
    "if you are; if you're; if you feel; if you need; if you have been; if you've been; if you or;",
    "if you think you; if you know; if you would like; if you want to talk; if you wish to talk;",
    "if someone is; if someone you; if anyone is; if anyone you; need help; need support;",
    "need urgent; need immediate; need to talk; struggling; affected by; in crisis; in a crisis;",
    "out of hours; in an emergency; worried about; os ydych; os oes; angen cymorth; angen help",
)
_FEW_WORDS = 9
# So many beginnings are tried in a paragraph.
_TRIED = 12


def split_notices(lines: Sequence[str], *, quoted: bool = False) -> Iterator[Line]:
    """Tell the notices of one message from what it says.

    Args:
        lines: The lines of the message.
        quoted: Whether it is an older one: advice to whoever may be in danger is no part of that,
            wherever it stands; under a new one it is none.

    Yields:
        The lines in order, each with its kind; a line in which a notice begins is two.
    """
    paragraphs = list(_paragraphs(lines))
    last = max((n for n, each in enumerate(paragraphs) if has_word(each)), default=0)
    has_text = after_notice = False
    for number, paragraph in enumerate(paragraphs):
        if not has_word(paragraph):
            yield paragraph, None
            continue
        start, end = _notice_in(paragraph, begun=after_notice and has_text)
        under = has_text and (number == last or after_notice)
        if start == end and (quoted or under) and _is_advice(paragraph):
            start, end = 0, len(paragraph)
        after_notice = start < end
        has_text = has_text or not after_notice or start > 0
        for part, kind in (
            (paragraph[:start], None),
            (paragraph[start:end], Kind.NOTICE),
            (paragraph[end:], None),
        ):
            if part:
                yield from ((line, kind) for line in part.removeprefix("\n").split("\n"))


def _paragraphs(lines: Iterable[str]) -> Iterator[str]:
    """Join the lines that stand together; each blank line is a paragraph of its own."""
    paragraph: list[str] = []
    for line in lines:
        if has_word(line):
            paragraph.append(line)
            continue
        if paragraph:
            yield "\n".join(paragraph)
        paragraph = []
        yield line
    if paragraph:
        yield "\n".join(paragraph)


def _notice_in(paragraph: str, *, begun: bool) -> tuple[int, int]:
    """Return where a notice begins and ends in a paragraph, its length twice where there is none.

    It is the rest of the paragraph or, where something else follows, of the line.
    """
    length = len(paragraph)
    for match in islice(_begins("\n" + paragraph), _TRIED):
        start = match.start()
        if _is_notice(paragraph[start:], needed=2):
            return start, length
        end = paragraph.find("\n", start + 1)
        if end > 0 and _is_notice(paragraph[start:end], needed=2):
            return start, end
    if begun and _is_notice(paragraph, needed=1):
        return 0, length
    return length, length


def is_sure(notice: str) -> bool:
    """Say whether what was taken for a notice is advice, or says much that notices say.

    The rules go by this: a line or two might be what somebody calls confidential.
    """
    lower = notice.lower()
    subjects, more = _said(lower)
    return subjects + more > 2 or _has(lower, _ALONE) or _is_advice(notice)  # noqa: PLR2004


def _is_notice(text: str, *, needed: int) -> bool:
    lower = text.lower()
    alone = _has(lower, _ALONE)
    if not (alone or _has(lower, _MAIL)) or _is_personal(text):
        return False
    subjects, more = _said(lower)
    return alone or (subjects > 0 and subjects + more >= needed)


def _said(lower: str) -> tuple[int, int]:
    """Count the subjects of notices in a text, of the first kind and of the second."""
    return (
        sum(1 for subject in _SUBJECTS if _has(lower, subject)),
        sum(1 for subject in _MORE if _has(lower, subject)),
    )


def _is_advice(text: str) -> bool:
    """Say whether a paragraph tells whoever may be in danger whom to call."""
    lower = text.lower()
    if not _has(lower, _HELPLINES) or _is_personal(text):
        return False
    named = len(text.split()) <= _FEW_WORDS and any(map(str.isdigit, text))
    return named or _has(lower, _OFFERS)


def _has(text: str, parts: Iterable[str]) -> bool:
    return any(part in text for part in parts)


def _is_personal(text: str) -> bool:
    return _person(_impersonal.sub("", text)) is not None
