"""What a text says, however its characters came to be written.

Mail systems, forms and imports write one sentence in many ways: as HTML, in quoted-printable, with
characters that do not show, or as UTF-8 that was read as another code. Whoever looks for words
looks for them in what `decode` returns. Of the message itself nothing is left out but markup.
"""

import binascii
import re
from html import unescape

from services.model.patterns import word_set

# Evidence of quoted-printable: a line that goes on in the next one, a letter above ASCII in two
# bytes or more, or the commonest in one. A line of base64, which may end in `=` too, is none, nor
# is `?id=99` in an address.
_soft_break = re.compile(r"(?<![A-Za-z0-9+/]{40})(?<!=)=[ \t]*\r?\n")
_printable = re.compile(
    rf"{_soft_break.pattern}|=[C-F][0-9A-F]=[89AB][0-9A-F]|=[c-f][0-9a-f]=[89ab][0-9a-f]"
    r"|(?<=[a-zI])=92(?=(?:d|ll|m|re|s|t|ve)\b)|=A3(?=\d)|(?<=[a-z])=[EF][0-9A-F](?=[a-z])"
    r"|=3D(?=\S)|=20\r?\n"
).search
_escaped = re.compile("(?:=[0-9A-Fa-f]{2})+")
_encoded_word = re.compile(r"=\?([\w-]+)(?:\*\w+)?\?([QqBb])\?([^?\s]*)\?=(?:\s+(?==\?))?")

_TAGS = (
    "a|abbr|acronym|address|area|article|aside|b|base|basefont|big|blockquote|body|br|button|"
    "caption|center|cite|code|col|colgroup|dd|del|div|dl|dt|em|fieldset|figcaption|figure|font|"
    "footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|label|li|link|main|mark|meta|"
    "nav|noscript|object|ol|option|p|param|picture|pre|q|s|samp|section|select|small|source|span|"
    "strike|strong|style|sub|summary|sup|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|tt|u|"
    r"ul|var|video|wbr|o:\w+|v:\w+|w:\w+|st1:\w+"
)
# `<I want to die>` is no tag: what follows the name of one is `name=value`.
_ATTRIBUTE = (
    r"\s+(?:[\w:.@-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)|checked|disabled|hidden|nowrap"
    "|noshade|selected)"
)
_tag = re.compile(
    rf"<(?P<end>/?)(?P<name>{_TAGS})(?:{_ATTRIBUTE})*\s*/?>|<!doctype[^<>]*>|<\?xml[^<>]*>"
    r"|<!\[[^<>]*\]>",
    re.IGNORECASE,
)
# What stands between these is not shown; of a head all but its title, which may be what a mail is
# about.
_HIDING = ("head", "script", "style")
_hides = re.compile(rf"<(?P<name>{'|'.join(_HIDING)})(?:{_ATTRIBUTE})*\s*>|<!--", re.IGNORECASE)
_COMMENT = ""
_CLOSES = {name: re.compile(f"</{name}", re.IGNORECASE).search for name in _HIDING} | {
    _COMMENT: re.compile("--").search
}
_title = re.compile(rf"<title(?:{_ATTRIBUTE})*\s*>([^<]*)</title", re.IGNORECASE)
_INLINE = word_set(
    "a abbr acronym b big cite code del em font i ins label mark q s samp small span strike",
    "strong sub sup tt u var wbr",
)
_DEEPEST = 5
_BREAKS = frozenset({"blockquote", "br", "hr"})
_CELLS = frozenset({"img", "input", "option", "td", "th"})
_entity = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|&nbsp\b")
_json_escape = re.compile(r"\\u([0-9a-fA-F]{4})")

# Characters that stand inside words and do not show: soft hyphens, joiners, direction marks,
# variation selectors. `services.model.folding` drops them too.
_unseen = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")


def _read_as(codec: str) -> dict[str, int]:
    """Return the byte behind each character that a codec reads; where it reads none, Latin-1's."""
    behind = {chr(byte): byte for byte in range(0x80, 0xA0)}
    for byte in range(0x80, 0x100):
        behind[bytes([byte]).decode(codec, "ignore") or chr(byte)] = byte
    return behind


_WINDOWS = _read_as("cp1252")
_MORE = "".join(re.escape(each) for each, byte in _WINDOWS.items() if byte & 0xC0 == 0x80)  # noqa: PLR2004
_LETTERS = "".join(each for each in _MORE if each not in "‘’“”…–—\u00a0")  # noqa: RUF001
# UTF-8 in Windows-1252: letters of Western Europe and of Welsh, typographic signs, emoji. Other
# pairs may be what somebody wrote, such as an accented capital before a closing quotation mark.
_mojibake = re.compile(
    f"[ÂÃ][{_MORE}]|[ÄÅ][{_LETTERS}]|[âï][{_MORE}]{{2}}|á[º»][{_MORE}]|ð[Ÿ\u0090-\u009f][{_MORE}]{{2}}"
)
# Typographic signs as other old codes read them, and with bytes that were lost on the way.
_SIGNS = {"98": "‘", "99": "’", "9c": "“", "9d": "”", "93": "–", "94": "—", "a6": "…"}  # noqa: RUF001
_LOST = {
    bytes.fromhex("e280" + byte).decode(codec): sign
    for codec in ("mac_roman", "cp850")
    for byte, sign in _SIGNS.items()
} | {"¬£": "£", "┬ú": "£", "â??": "’", "â€?": "”", "â€": "”"}  # noqa: RUF001
_lost = re.compile("|".join(map(re.escape, _LOST)))
_control = re.compile("[\x80-\x9f]")
# An apostrophe that some program could not read.
_unread = re.compile("(?<=[A-Za-z])\ufffd(?=[A-Za-z])")


def decode(text: str) -> str:
    """Return what a text says, with its characters as they were meant.

    HTML becomes plain text, quoted-printable and encoded words are decoded, UTF-8 that was read as
    another code is mended, characters that do not show are dropped. A text that is written plainly
    is returned as it is.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "=" in text:
        text = _unquote(text)
    if "&" in text or "<" in text:
        text = _plain(text)
    if not text.isascii() and not _is_plain(text) and (_has_unseen(text) or _has_misread(text)):
        text = _mend(text)
    if "\\" in text:
        text = _unescape(text)
    return text


def _unquote(text: str) -> str:
    if "=?" in text:
        text = _encoded_word.sub(_word, text)
    if _printable(text):
        text = _escaped.sub(
            lambda match: _text_of(bytes.fromhex(match[0].replace("=", ""))),
            _soft_break.sub("", text),
        )
    return text


def _text_of(raw: bytes, charset: str = "utf-8") -> str:
    for codec in (charset, "utf-8", "cp1252"):
        try:
            return raw.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("latin-1")


def _word(match: re.Match[str]) -> str:
    charset, encoding, payload = match.groups()
    try:
        raw = (
            binascii.a2b_base64(payload)
            if encoding in "Bb"
            else binascii.a2b_qp(payload, header=True)
        )
    except ValueError:
        return match[0]
    return _text_of(raw, charset)


def _plain(text: str) -> str:
    """Return the text of HTML; twice, as some programs escape what is escaped already."""
    for _ in range(2):
        if "<" in text and _tag.search(text):
            text = _without_tags(text)
        if "&" not in text:
            break
        text = _entity.sub(lambda match: unescape(match[0]), text)
    return text


def _shown(text: str) -> str:
    """Return HTML without comments, styles and what else is not shown; unclosed, it is shown."""
    pieces, place = list[str](), 0
    while begun := _hides.search(text, place):
        name = (begun["name"] or _COMMENT).casefold()
        closed = _CLOSES[name](text, begun.end())
        end = text.find(">", closed.end()) if closed else -1
        if end < 0:
            break
        pieces += text[place : begun.start()], "\n"
        if name == "head":
            pieces += [f"{title}\n" for title in _title.findall(text, begun.end(), end)]
        place = end + 1
    return "".join((*pieces, text[place:]))


def _without_tags(text: str) -> str:
    """Return a text without its tags: a block is a line, and what it cites begins with `>`."""
    text = _shown(text)
    pieces: list[str] = []
    cited, place, in_line = 0, 0, False
    for match in _tag.finditer(text):
        said = text[place : match.start()]
        pieces.append(said.replace("\n", _line(cited)) if cited else said)
        in_line = (in_line and "\n" not in said) or (not said.endswith("\n") and bool(said.strip()))
        place = match.end()
        name = (match["name"] or "a").lower()
        if name == "blockquote":
            cited = max(cited + (-1 if match["end"] else 1), 0)
        if name in _CELLS:
            pieces.append(" ")
        elif name not in _INLINE and (name in _BREAKS or in_line):
            pieces.append(_line(cited))
            in_line = False
    return "".join((*pieces, text[place:]))


def _line(cited: int) -> str:
    return "\n" + "> " * min(cited, _DEEPEST)


# The bytes of ASCII, of curly quotation marks, dashes, dots and pounds: no character that is looked
# for below has these bytes alone.
_PLAIN_BYTES = bytes(range(128)) + bytes(sorted({*"‘’“”–—…•£".encode()}))  # noqa: RUF001


def _is_plain(text: str) -> bool:
    """Say whether what is above ASCII in a text is what keyboards and word processors write."""
    return not text.encode("utf-8", "replace").translate(None, _PLAIN_BYTES)


# Both look for one character after the other, which takes a twentieth of what a pattern takes.


def _has_unseen(text: str) -> bool:
    return (
        ("\u00ad" in text or "\u200b" in text or "\u200c" in text or "\u200d" in text)
        or ("\u200e" in text or "\u200f" in text or "\u2060" in text or "\ufeff" in text)
        or ("\u202a" in text or "\u202c" in text or "\ufe0f" in text or "\u180e" in text)
    )


def _has_misread(text: str) -> bool:
    return (
        ("Â" in text or "Ã" in text or "Ä" in text or "Å" in text or "â" in text or "á" in text)
        or ("ð" in text or "ï" in text or "Ø" in text or "Ù" in text or "Ð" in text)
        or ("Ñ" in text or "à" in text or "‚" in text or "¬" in text or "Ô" in text)  # noqa: RUF001
        or ("┬" in text or "\x92" in text or "\ufffd" in text)
    )


def _mend(text: str) -> str:
    """Return a text without what does not show, and what was read as another code mended."""
    for _ in range(3):
        mended = _reread(text)
        if mended is text:
            break
        text = mended
    if "Ä" in text or "Ç" in text or "£" in text or "ú" in text or "â" in text:
        text = _lost.sub(lambda match: _LOST[match[0]], text)
    if "\x92" in text:
        text = _control.sub(lambda match: _text_of(match[0].encode("latin-1"), "cp1252"), text)
    if "\ufffd" in text:
        text = _unread.sub("'", text)
    return _unseen.sub("", text) if _has_unseen(text) else text


def _reread(text: str) -> str:
    """Return a text that is UTF-8 read as Windows-1252 as it was, or the parts of it that are."""
    parts = len(_mojibake.findall(text))
    if parts > 1 or sum(map(text.count, "ÐÑØÙÚÛà")) > 2:  # noqa: PLR2004
        try:
            return _bytes_of(text).decode()
        except (KeyError, UnicodeDecodeError):
            pass
    return _mojibake.sub(_reread_part, text) if parts else text


def _reread_part(match: re.Match[str]) -> str:
    try:
        return _bytes_of(match[0]).decode()
    except UnicodeDecodeError:
        return match[0]


def _bytes_of(text: str) -> bytes:
    return bytes(ord(each) if each.isascii() else _WINDOWS[each] for each in text)


def _unescape(text: str) -> str:
    r"""Return a text whose JSON was escaped twice, `\u2019` and `\r\n`, as it was."""
    text = text.replace("\\r\\n", "\n").replace("\\n\\n", "\n\n")
    return _json_escape.sub(lambda match: chr(int(match[1], 16)), text)


def markup_in(text: str) -> int:
    """Return how many characters of a text are HTML's tags and what they hide."""
    if "<" not in text:
        return 0
    shown = _shown(text)
    return len(text) - len(shown) + sum(len(match[0]) for match in _tag.finditer(shown))
