import json
from pathlib import Path
from typing import Any

import pytest

from services.model.automatic import is_automatic
from tests.mail import quoted_below

EXAMPLES = Path(__file__).parents[2] / "services" / "local" / "inquiries.jsonl"


AWAY = "I am out of the office and will return on 4 May."
ON_LEAVE = (
    "Thank you for your email. I am on annual leave until 12 May and will respond on my return. "
    "For urgent enquiries please contact the team."
)
YN_WELSH = (
    "Diolch am eich neges. Rydw i ar wyliau tan 4 Mai a byddaf yn ymateb pan fyddaf yn dychwelyd. "
    "Os yw'r mater yn frys cysylltwch â Siân."
)
FULL = "The recipient's mailbox is full.\nRemote server returned 552 5.2.2 mailbox full"
RETURNED = (
    "This is the mail system at host mx.example.org.\n\nI'm sorry to have to inform you that your "
    "message could not be delivered."
)
BULLETIN = (
    "The Parish Bulletin, issue 4\nDear reader, in this issue: the spring fair, new benches, the "
    "path by the mill is closed, elderflower.\nUnsubscribe | View this email in your browser"
)


@pytest.mark.parametrize(
    "text",
    [
        f"Automatic reply: Your complaint\n{AWAY}",
        "Out of Office\nThank you for your email. I have no access to emails until Monday.",
        "AUTOMATIC REPLY: Hello! Morag no longer works here. This mailbox isn't monitored.",
        ON_LEAVE,
        "Ateb awtomatig: Cais\nDiolch am eich e-bost. Rwyf allan o'r swyddfa tan ddydd Llun.",
        YN_WELSH,
        "Dyma ymateb awtomatig. Peidiwch ag ateb.",
        "Thank you for contacting us. This is an automated response. Please do not reply.",
        "Undeliverable: passport\nYour message to a@example.org couldn't be delivered.",
        f"Undelivered Mail Returned to Sender\n{RETURNED}",
        f"Delivery has failed to these recipients or groups:\n\na@example.org\n\n{FULL}",
        "Read: your query\nYour message to Enquiries was opened on 14/01/2026 at 09:42.",
        "Your message\n\n  To: Enquiries\n  Sent: 3 May\n\nwas read on 3 May 2026.",
        "Not read: form\nYour message was deleted without being read on 3 May 2026.",
        BULLETIN,
        "Invitation: Q3 alignment\nWhen: Thu 12 Mar 2026 14:00\nWhere: Blue Room\nOrganiser: T.",
    ],
)
def test_what_a_machine_wrote_is_recognised(text: str) -> None:
    """Automatic replies, bounces, receipts and newsletters are known by their words."""
    assert is_automatic(text, {})


@pytest.mark.parametrize(
    "text",
    [
        "Automatic reply\nI only got an automatic reply to my complaint in May. Who will answer?",
        "I got 'This is an automated message, please do not reply'. My case is still open.",
        "RE: Automatic reply: Your enquiry\nThis tells me nothing. I asked about my passport.",
        "Your automatic response said 20 working days. It has been 60.",
        "Undelivered mail\nMy post has not been delivered for three weeks, mum is the recipient",
        "Mail delivery failed again\nRoyal Mail did not deliver my parcel",
        "My emails to you bounce: 550 5.1.1 user unknown. What is the right address?",
        "I am on maternity leave until March and my employer stopped my pay. Please contact me.",
        "I am on annual leave in Spain and lost my passport. I will return on 3 May. Urgent!",
        "Out of the office! That is what your staff are every time I ring",
        "I keep getting 'out of the office' from my caseworker, who will respond later. Why?",
        "How do I unsubscribe from your newsletter?",
        "Unsubscribe from your mailing list please",
        "Read: your letter of 3 May says my claim is refused. I want to appeal.",
        "Cancelled: my train, again. When: Monday. Where: York. Where is the refund?",
        "Your message says my licence was delivered on 3 May but it was not.",
        "We grow tomatoes and the Home Office refused our pickers.",
    ],
)
def test_what_somebody_writes_about_it_is_not(text: str) -> None:
    """A citizen who writes about an automatic reply, a leave or a mailing list is a citizen."""
    assert not is_automatic(text, {})


def test_what_is_quoted_is_not_what_was_sent() -> None:
    """An automatic message under somebody's answer does not make that automatic."""
    sent = "Still waiting.\n\nOn 3 Nov 2026 at 10:12, A wrote:\n> This is an automated message."
    assert not is_automatic(sent)
    assert not is_automatic(quoted_below("Still waiting."))


@pytest.mark.parametrize(
    "attributes",
    [
        {"Auto-Submitted": "auto-replied"},
        {"auto_submitted": "Auto-Generated; owner=a"},
        {"Precedence": "bulk"},
        {"PRECEDENCE": "auto_reply"},
        {"precedence": "junk"},
        {"X-Autoreply": "yes"},
        {"Return-Path": "<>"},
        {"content_type": "multipart/report; report-type=delivery-status"},
    ],
)
def test_what_mail_systems_say_counts(attributes: dict[str, str]) -> None:
    """The fields by which mail systems mark a message decide, in any case, with `-` or `_`."""
    assert is_automatic("Where is my pension?", attributes)


@pytest.mark.parametrize(
    "attributes",
    [
        {"Auto-Submitted": "no"},
        {"Precedence": "list"},
        {"Return-Path": "<jo@example.com>"},
        {"Content-Type": "multipart/mixed"},
        {"X-Autoreply": "no"},
        {"List-Unsubscribe": ""},
        {"subject": "Automatic reply"},
        {},
        None,
    ],
)
def test_other_fields_say_nothing(attributes: dict[str, str] | None) -> None:
    """A field that says no, says nothing, or is none of these leaves the text to decide."""
    assert not is_automatic("Where is my pension?", attributes)


def test_no_example_is_automatic() -> None:
    """None of the demo's inquiries, which people write, is taken for a machine's."""
    for line in EXAMPLES.read_text(encoding="utf-8").splitlines():
        try:
            value: Any = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict) and isinstance(value.get("text"), str):
            assert not is_automatic(f"{value.get('subject') or ''}\n{value['text']}")


@pytest.mark.parametrize(
    "attributes",
    [{"X-Auto-Response-Suppress": "All"}, {"List-Unsubscribe": "<mailto:a@example.org>"}],
)
def test_what_forms_and_shared_inboxes_set_does_not_count(attributes: dict[str, str]) -> None:
    """A header that asks for no reply, or comes of a shared inbox, says nothing of the sender."""
    assert not is_automatic("My visa appeal has had no date since May.", attributes)
