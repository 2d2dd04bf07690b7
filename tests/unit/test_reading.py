import json
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.model.mail import Kind
from services.model.reading import LeftOut, Reading, read, rules_text
from tests import mail

EXAMPLES = Path(__file__).parents[2] / "services" / "local" / "inquiries.jsonl"
TEXT = "My bin has not been emptied since the 2nd.\nWho do I tell?"
ANY_TEXT = st.text(st.characters(codec=None), max_size=200)
PIECES = (
    *("\n", "\n\n", ">", "> ", "-- ", "-----\n", "=\n", "=E2=80=99", "<p>", "</p>", "<blockquote>"),
    *("&nbsp;", "â€™", "\u00ad", "@", "a:\n", "To:\n", "--\n", "<head>", "<!--", "samaritans "),
    "Kind regards,\n",
    "From: A <a@example.org>\n",
    "Subject: B\n",
    "On 3 Nov 2026 at 10:12, A wrote:\n",
    "This email is confidential and intended for the addressee. ",
    "Sent from my iPhone",
    "www.example.org",
    "A" * 40 + "\n",
    "I want to die",
)


def text_of(line: str) -> str:
    try:
        value: Any = json.loads(line)
    except ValueError:
        return line
    text = value.get("text") if isinstance(value, dict) else None
    return text if isinstance(text, str) else line


EXAMPLE_TEXTS = [
    text for line in EXAMPLES.read_text(encoding="utf-8").splitlines() if (text := text_of(line))
]


@pytest.mark.parametrize("change", mail.CHANGES)
def test_what_is_put_around_a_text_is_not_read(change: Callable[[str], str]) -> None:
    """Each example reads the same, word by word, under, above and within what mail adds to it."""
    assert len(EXAMPLE_TEXTS) > 300
    for text in EXAMPLE_TEXTS:
        assert read(change(text)).text.split() == read(text).text.split()


def test_plain_words_are_read_as_they_are() -> None:
    """A text without a trace of mail is returned itself, not a copy, and nothing is left out."""
    text = "Where is my pension? I wrote on 3 March: no answer.\nLeanne Thackwray"
    assert read(text).text is text
    assert read(text).left_out == ()


def test_a_subject_is_the_first_line_of_what_is_read() -> None:
    """A subject line stands before the newest words, decoded like them."""
    assert read("Where is it?", "Pension") == Reading("Pension\nWhere is it?")
    assert read("Where is it?", "=?utf-8?Q?Can=E2=80=99t_pay?=").text == "Can’t pay\nWhere is it?"
    assert read("> old\nWhere is it?", "RE: Pension").text == "RE: Pension\nWhere is it?"


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (mail.quoted_below, [Kind.FORWARDED_HEADER, Kind.QUOTED_THREAD]),
        (mail.outlook_below, [Kind.FORWARDED_HEADER, Kind.QUOTED_THREAD]),
        (mail.with_notice, [Kind.NOTICE]),
        (mail.with_signature, [Kind.SIGNATURE]),
        (mail.with_address, [Kind.ADDRESS]),
        (mail.as_html, [Kind.MARKUP]),
        (mail.with_base64, [Kind.ENCODED_DATA]),
        (mail.signed, [Kind.ENCODED_DATA]),
    ],
)
def test_what_is_left_out_is_named(change: Callable[[str], str], kinds: list[Kind]) -> None:
    """A reading says which kinds of things were left out, and how many characters of each."""
    left_out = read(change(TEXT)).left_out
    assert sorted(each.kind for each in left_out) == sorted(kinds)
    assert all(each.characters > 10 for each in left_out)
    assert read(f"{TEXT}\n> four") == Reading(TEXT, (LeftOut(Kind.QUOTED_THREAD, 6),))


def test_an_answer_below_a_quotation_is_read() -> None:
    """The newest words are read wherever they stand: below what is quoted, or in between."""
    below = "On 03/11/2026 10:12, A wrote:\n> Which bin?\n> When?\n\nThe green one."
    assert read(below).text == "The green one."
    between = (
        "> Which bin?\nThe green one.\n> When?\nOn Monday.\n\n--\nJo Blogs\nTel: 020 7946 0123"
    )
    assert read(between).text.split("\n") == ["The green one.", "On Monday."]
    above = f"-----Original Message-----\n{mail.HEADER}\n\n> Which bin?\n\nThe green one."
    assert read(above).text == "The green one."
    ended = f"Begin forwarded message:\n\n{mail.HEADER}\n\nOld."
    assert read(f"{ended}\n-----End of forwarded message-----\nNew.").text == "New."


@pytest.mark.parametrize(
    "above", ["", "Hi all,\n\n", "FYI\n\n", "Please see below.\n\n", "Gweler isod\n\n"]
)
def test_a_message_that_is_only_forwarded_is_read(above: str) -> None:
    """Where nobody says anything above it, or only points to it, what was forwarded is read."""
    forwarded = (
        f"Begin forwarded message:\n\n{mail.HEADER}\n\n{TEXT}\n\nKind regards,\nJo\nBin Lead"
    )
    text = read(above + forwarded).text
    assert text.endswith(TEXT)
    assert "Correspondence" not in text
    assert "Lead" not in text


def test_of_a_forwarded_thread_the_newest_message_is_read() -> None:
    """Below what was forwarded there may be older messages still, which are not read."""
    thread = mail.forwarded(mail.outlook_below(TEXT))
    assert read(thread).text == TEXT
    assert read("\n".join(f"> {line}" for line in TEXT.split("\n"))).text == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "Kind regards,\nJane Aldous\nSenior Planner\n020 7946 0123",
        "Sent from my iPhone",
        mail.NOTICE,
        "https://www.example.org/driving-licence",
        "jane@example.com",
        "> ",
        "-----Original Message-----",
        "Samaritans 116 123",
        mail.with_base64("").strip(),
        ". . .",
    ],
)
def test_the_only_text_is_never_left_out(text: str) -> None:
    """Where nothing else was sent, a signature, a notice or an address is what is read."""
    assert read(text).text.strip()


@pytest.mark.parametrize(
    "header",
    [
        "From: Roads <a@example.org>\nDate: Tue, 3 Nov 2026 10:12:00 +0000",
        "From: Roads\nDate: 03/11/2026 10:12",
        "---- previous message ----",
        "---- On Tue, 03 Nov 2026 10:12:00 +0000 Roads <a@example.org> wrote ----",
        "On 3 Nov 2026, Ann Roads wrote:",
        "On Tuesday, November 3, 2026, Ann B. Roads wrote:",
        "3 Kas 2026 Sal, 10:12 tarihinde Roads <a@example.org> şunu yazdı:",
        "вт, 3 нояб. 2026 г. в 10:12, Roads <a@example.org> написал:",
        "În mar., 3 nov. 2026 la 10:12, Roads <a@example.org> a scris:",
    ],
)
def test_an_older_message_is_known_by_rarer_headers(header: str) -> None:
    """What stands below a header as few programs write it is no part of the newest words."""
    assert read(f"{TEXT}\n\n{header}\nThe road was closed for its repair.").text == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "From: the day I moved in, the lift has been broken.\nWho do I tell?",
        "The train was late.\nFrom: Leeds\nTo: York\nDate: 3 March\nIt never came.",
        "The train was late.\nFrom: Leeds\nDate: 3 March 2026\nIt never came.",
        "On 3 March 2026 the council wrote:\nYou have to leave.\nCan they?",
        "On 3 March my landlord wrote:\nYou have to leave.\nCan he?",
        "I emailed complaints and they wrote:\nWe can not help.\nCan you?",
        "Three things:\n- the bin\n- the lamp\n- the road",
        "Hello.\nSubject: three questions:\nWhere is it, and why?",
        "I got an email that said it was confidential and sent in error. Was it a scam?",
        "This message is confidential. My husband must not know that I wrote.",
        "Registered blind. Waiting 40 working days for an answer by email.",
        "Date | Method\n-----------\n20 June 2025 | Letter\n12/07/2025 | Letter",
        "Thanks\nThe form that you sent is for the wrong year\nWhat now?",
        "<I want to complain> about my bin & the lamp",
        "My income < £90 and rent > £80",
        "I used GOV.UK One Login and the Blue Badge page",
        "Paid £1.200 at 9.30a.m. for Q=A",
        "Please forward this to the right desk.",
    ],
)
def test_what_somebody_says_stays(text: str) -> None:
    """Words that look a little like mail and are somebody's own are read."""
    assert read(text).text.split() == text.split()


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("See www.example.org/pip.", "See"),
        ("Write to <jo.blogs@example.com>, not me", "Write to <>, not me"),
        ("the page gov.uk/passport-fees is wrong", "the page is wrong"),
        ("passport-visa.asylum.gov.uk says no", "says no"),
        ("GOV.UK says no", "GOV.UK says no"),
    ],
)
def test_an_address_says_nothing(written: str, read_as: str) -> None:
    """An address full of a department's words must not win it; GOV.UK is a name."""
    assert read(written).text.split() == read_as.split()


@pytest.mark.parametrize("change", mail.CHANGES)
def test_rules_read_older_messages_too(change: Callable[[str], str]) -> None:
    """Whoever is in danger is heard whatever is around their words, quoted ones included."""
    assert "I want to die" in " ".join(rules_text(change("I want to die")).split())
    assert "I want to die" in rules_text(f"See below\n\n{mail.HEADER}\n\nI want to die")
    assert "I want to die" in rules_text("No answer yet\n> I want to die")


@pytest.mark.parametrize(
    "around",
    [
        "{text}\n\n{advice}",
        "{text}\n\nKind regards,\nJo Blogs\nCare Line Officer\n\n{advice}",
        "{text}\n\nOn 3 Nov 2026 at 10:12, A wrote:\n> No.\n>\n> {advice}",
        "{text}\n\n{header}\n\nNo.\n\n{advice}",
        "{text}\n\n{notice}\n\n{advice}",
    ],
)
def test_a_helpline_in_a_footer_is_no_alarm(around: str) -> None:
    """Advice to whoever may be suicidal, under a message or a quoted one, is not what it says."""
    sent = around.format(text=TEXT, advice=mail.HELPLINES, header=mail.HEADER, notice=mail.NOTICE)
    assert "suicidal" not in rules_text(sent)
    assert read(sent).text == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "Nobody helps.\n\nI rang Samaritans on 116 123 and I still want to die",
        "Hello\n\nIf you do not come I want to die, call 999",
        "Thank you\nWants to die",
        "Kind regards,\nJo\n\nPS I want to die",
        "-- \nJo\nI want to die",
        "Private and confidential\n\nFor the team only: she wants to die",
        "This message is confidential. She wants to die. Delete it.",
    ],
)
def test_no_footer_hides_danger(text: str) -> None:
    """What speaks of somebody is never taken for advice, a notice or a signature."""
    assert "to die" in rules_text(text)


@given(ANY_TEXT | st.lists(st.sampled_from(PIECES) | ANY_TEXT, max_size=20).map("".join))
def test_any_text_is_read(text: str) -> None:
    """No text is an error, and what has a word reads as something with one."""
    shown = read(text).text
    rules_text(text)
    if any(map(str.isalnum, shown)):
        assert any(map(str.isalnum, read(shown).text))


def seconds_for(before: str, piece: str, length: int) -> float:
    started = process_time()
    read((before * length)[: length // 2] + (piece * length)[: length // 2])
    rules_text((before * length)[: length // 2] + (f"{piece}\n" * length)[: length // 2])
    return process_time() - started


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("before", ["", " ", "("])
def test_a_long_text_takes_time_that_grows_with_it_alone(before: str, piece: str) -> None:
    """A text made to be slow takes twice as long to read as half of it, not four times."""
    # Measured anew where it does not hold: a busy machine may disturb one measurement, not three.
    assert any(
        seconds_for(before or piece, piece, 20_000)
        < 3 * seconds_for(before or piece, piece, 10_000) + 0.1
        for _ in range(3)
    )


@pytest.mark.parametrize(
    "below",
    [
        "Samaritans 116 123 no use, going to kill myself",
        "Struggling, 999 no help, nothing to live for",
        "> Suicide attempt last night, 999 called, sent home",
        "Kind regards,\nJohn Smith\nHomeless tonight, suicidal\n07700 900123",
        "Kind regards,\nMary Jones\nLeeds\nDomestic violence victim\n07700 900123",
    ],
)
def test_what_somebody_says_below_is_seen_by_the_rules(below: str) -> None:
    """Danger that is said under a name, beside a helpline or in a quote is not left out."""
    last = below.rpartition("\n")[0] or below
    words = last.removeprefix("> ").rpartition("\n")[2]
    assert words in rules_text(f"Please sort my universal credit.\n\n{below}")


def test_the_title_of_a_mail_is_read_for_danger() -> None:
    """What stands in an HTML mail's title alone is read by the rules, as its text is."""
    mail = "<html><head><title>I want to die</title></head><body><p>Dear Sir</p></body></html>"
    assert "I want to die" in rules_text(mail)
    assert "I want to die" in read(mail).text
