import pytest

from services.training.data.personal import count_personal, kinds_in


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to jo.smith+tax@mail.example.org please", "e-mail address"),
        ("call me on 07700 900123", "telephone number"),
        ("call 020 7946 0958.", "telephone number"),
        ("(0161) 496-0000 after six", "telephone number"),
        ("+44 (0)7700 900 123", "telephone number"),
        ("+48 22 123 45 67", "telephone number"),
        ("my NI is QQ 12 34 56 C".replace("QQ", "AB"), "National Insurance number"),
        ("ab123456c", "National Insurance number"),
        ("NHS 943 476 5919", "NHS number"),
        ("it is 9434765919", "NHS number"),
        ("card 4111 1111 1111 1111 exp 03", "card number"),
        ("5555-5555-5555-4444", "card number"),
        ("GB29 NWBK 6016 1331 9268 19 Barclays", "IBAN"),
        ("DE89370400440532013000", "IBAN"),
        ("I live at SW1A 1AA", "postcode"),
        ("cf10 3at", "postcode"),
    ],
)
def test_each_kind_is_found(text: str, kind: str) -> None:
    """As people write it, with blanks, hyphens and small letters, and as one kind alone."""
    assert kinds_in(text) == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "I owe 1,234.56 since 2024-03-01, reference 1234567890123",
        "4111 1111 1111 1112",
        "9434765918 is my case",
        "GB00 NWBK 6016 1331 9268 19",
        "meet @ 5pm, A12 and M25, at 10:00 on 01/02/2025",
        "form P45 for 2 people; 3 bins",
        "",
    ],
)
def test_other_numbers_are_not_personal(text: str) -> None:
    """Sums, dates, roads, references and numbers whose check digits are wrong are none."""
    assert kinds_in(text) == set()


def test_texts_are_counted_not_kept() -> None:
    """The counts say in how many texts a kind stands, and leave out what stands in none."""
    texts = ["a@b.co and c@d.co", "a@b.co or SW1A 1AA", "nothing"]
    assert count_personal(texts) == {"e-mail address": 2, "postcode": 1}
