from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.decoding import decode
from tests.mail import as_html, as_mojibake, as_quoted_printable


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("I&nbsp;want&nbsp;to&nbsp;die", "I\u00a0want\u00a0to\u00a0die"),
        ("I can&rsquo;t go on &amp; on", "I can’t go on & on"),
        ("I can&#39;t, can&#8217;t, can&#x2019;t", "I can't, can’t, can’t"),
        ("&amp;pound;40", "£40"),
        ("<p>I want<br/>to <b>d</b>ie</p><p>Help</p>", "I want\nto die\nHelp\n"),
        ("&lt;p&gt;Help&lt;/p&gt;", "Help\n"),
        ("<style>p {color: red}</style><!-- no --><p>Help</p>", "\n\nHelp\n"),
        ("<td>Date</td><td>Sum</td>", " Date  Sum "),
        ("<blockquote>Old<br>mail</blockquote>New", "\n> Old\n> mail\nNew"),
        (
            "I can=E2=80=99t go on, I am at the=\n end =C2=A340",
            "I can’t go on, I am at the end £40",
        ),
        ("I can=92t pay =A340", "I can’t pay £40"),
        ("=?UTF-8?B?SSBjYW7igJl0?= =?utf-8?Q?_go_on?=", "I can’t go on"),
        ("I canâ€™t go on, Â£40", "I can’t go on, £40"),
        ("I canâ\u0080\u0099t go on", "I can’t go on"),
        ("I canÃ¢â‚¬â„¢t go on", "I can’t go on"),
        ("I can\u0092t, canÔÇÖt, can‚Äôt, canâ??t", "I can’t, can’t, can’t, can’t"),
        ("I can\ufffdt go on", "I can't go on"),
        ("tÅ· a dÅµr", "tŷ a dŵr"),
        ("w\u00adan\u200bt\ufeff to\u2060 d\u200die", "want to die"),
        ("“I’m w\u00adanting – £5”", "“I’m wanting – £5”"),
        ("I can\\u2019t go on\\r\\nHelp", "I can’t go on\nHelp"),
    ],
)
def test_a_sentence_is_the_same_however_it_is_written(written: str, meant: str) -> None:
    """HTML, encodings, lost codes and characters that do not show come back as what was meant."""
    assert decode(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        "2 < 3 & 4 > 1",
        "<I want to die>",
        "<john@example.com>",
        "AT&T, Q&A, R&D;",
        "2+2=40, x=20 and ?id=99120&x=F5",
        "=====\nTotal: £40 ==\nThanks",
        "“CAFÉ’S”, “É…” and naïveté",
        "TÂN, tâl, pêl, tŷ",
        "C:\\new\\table",
        "What?t and so on",
        "سؤال عن والدتي",
        "Zażółć gęślą jaźń",
    ],
)
def test_what_is_written_plainly_stays(text: str) -> None:
    """Signs that are somebody's own are no markup and no code."""
    assert decode(text) == text


def test_a_plain_text_is_not_copied() -> None:
    """A text with nothing to decode is returned itself."""
    text = "I can’t go on, £40"
    assert decode(text) is text


LETTERS = st.characters(categories=("L", "N", "P", "Zs"), exclude_characters="<>&=\\?\u00ad\u180e")


@given(st.text(LETTERS, max_size=60).map(lambda text: text + " it’s £5 – “café”"))
def test_what_was_read_as_another_code_comes_back(text: str) -> None:
    """UTF-8 that was read as Windows-1252, once or twice, is what it was."""
    plain = decode(text)
    assert decode(as_mojibake(plain)) == plain


@given(st.text(LETTERS, max_size=200).map(lambda text: text + " can’t, £5"))
def test_mail_comes_back(text: str) -> None:
    """Quoted-printable and HTML of a text say what it says."""
    plain = decode(text)
    assert decode(as_quoted_printable(plain)).split() == plain.split()
    assert decode(as_html(plain)).split() == plain.split()


@pytest.mark.parametrize(
    "piece",
    ["<", "<p>", "<p a='", "<!--", "<head>", "&", "=\n", "=?a?q?", "Â", "â€", "\\u", "\u200b"],
)
def test_a_long_text_is_decoded_at_once(piece: str) -> None:
    """However often something begins that never ends, a text is decoded."""
    assert isinstance(decode(piece * (20_000 // len(piece))), str)


@pytest.mark.parametrize(
    "html",
    [
        "<html><head><title>I want to die</title></head><body><p>Hello</p></body></html>",
        "<HTML><HEAD><meta charset=utf-8>\n<TITLE>I want to die</TITLE></HEAD><p>Hello</p>",
        "<title>I want to die</title><p>Hello</p>",
        "<head><style>p {}</style></head><title lang='en'>I want to die</title><p>Hello</p>",
    ],
)
def test_the_title_of_a_mail_is_seen(html: str) -> None:
    """Of a head that is not shown its title is read, as a subject line is."""
    assert "I want to die" in decode(html).splitlines()
    assert "p {}" not in decode(html)
    assert decode(html).split()[-1] == "Hello"


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<!-- I want to die <br>", "<!-- I want to die"),
        ("<style> I want to die <br>", "I want to die"),
        ("<p>\u0130\u0130\u0130</p><style>p {}</style>I want to die", "I want to die"),
        ("<\u017ftyle>p {}</style>I want to die", "I want to die"),
    ],
)
def test_nothing_is_hidden_but_what_is_closed(html: str, shown: str) -> None:
    """What a style or a comment hides ends where it ends, whatever letters and tags there are."""
    assert shown in decode(html)


def test_letters_that_are_never_complete_take_time_that_grows_with_them_alone() -> None:
    """A subject line, which may be as long as a record, is looked through once and not per sign."""

    def seconds(length: int) -> float:
        started = process_time()
        decode("=E2" * length)
        return process_time() - started

    assert any(seconds(40_000) < 3 * seconds(20_000) + 0.2 for _ in range(2))
