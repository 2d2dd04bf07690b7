"""Counts what in texts tells who somebody is, by kind; what it finds, it does not keep."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

# How long an IBAN is, by country: of others, all that looks like one is.
IBAN_LENGTHS = {"BE": 16, "DE": 22, "ES": 24, "FR": 27, "GB": 22, "IE": 22, "IT": 27, "LT": 20}
IBAN_LENGTHS |= {"NL": 18, "PL": 28, "PT": 25, "RO": 24}


class Kind(NamedTuple):
    """A kind of personal data: how it is written, and whether its check digits agree."""

    name: str
    find: re.Pattern[str]
    valid: Callable[[str], bool]


def count_personal(texts: Iterable[str]) -> dict[str, int]:
    """Return in how many texts each kind stands, for those that stand in any."""
    found = Counter(kind for text in texts for kind in kinds_in(text))
    return {kind.name: found[kind.name] for kind in KINDS if found[kind.name]}


def kinds_in(text: str) -> set[str]:
    """Return the kinds that stand in a text; of what could be two kinds, the first in the table."""
    kinds = set()
    for kind in KINDS:
        rest = _without(kind, text)
        if rest != text:
            kinds.add(kind.name)
            text = rest
    return kinds


def _without(kind: Kind, text: str) -> str:
    return kind.find.sub(lambda found: "\0" if kind.valid(found[0]) else found[0], text)


def _always(_: str) -> bool:
    return True


def _digits(written: str) -> list[int]:
    return [int(each) for each in written if each.isdigit()]


def _is_card(written: str) -> bool:
    """Check the last digit as ISO/IEC 7812 has it (Luhn)."""
    digits = _digits(written)[::-1]
    doubled = [each * 2 - 9 * (each > 4) for each in digits[1::2]]  # noqa: PLR2004 - Luhn's
    return len(set(digits)) > 1 and (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_nhs(written: str) -> bool:
    """Check the last digit by the remainder by 11, as the NHS Data Dictionary has it."""
    *digits, last = _digits(written)
    weighted = sum(each * weight for each, weight in zip(digits, range(10, 1, -1), strict=True))
    return (11 - weighted % 11) % 11 == last


def _is_iban(written: str) -> bool:
    """Check the two digits after the country by the remainder by 97, as ISO 13616 has it."""
    compact = "".join(written.split())
    compact = compact[: IBAN_LENGTHS.get(compact[:2], len(compact))]
    number = "".join(str(int(each, 36)) for each in compact[4:] + compact[:4])
    return int(number) % 97 == 1


# Those whose check digits tell them from other numbers come first.
KINDS = (
    Kind("IBAN", re.compile(r"\b[A-Z]{2}\d\d(?:[ ]?[A-Z0-9]){11,30}\b"), _is_iban),
    Kind("card number", re.compile(r"(?<!\d)[2-6]\d(?:[ -]?\d){11,17}(?!\d)", re.ASCII), _is_card),
    Kind(
        "National Insurance number",
        re.compile(
            r"\b(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
            r"(?:[ -]?\d\d){3}[ -]?[A-D]\b",
            re.IGNORECASE | re.ASCII,
        ),
        _always,
    ),
    Kind(
        "NHS number",
        re.compile(r"(?<![\d+])[1-9]\d\d[ -]?\d{3}[ -]?\d{4}(?!\d)", re.ASCII),
        _is_nhs,
    ),
    Kind("e-mail address", re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), _always),
    Kind(
        "telephone number",
        re.compile(
            r"(?<![\w.])(?:\+44[ .-]?(?:\(0\)[ .-]?)?|\(?0)[1-37-9](?:[ ().-]{0,2}\d){8,9}(?!\d)"
            r"|(?<!\w)\+[1-9]\d{0,2}(?:[ ().-]{0,2}\d){7,12}(?!\d)",
            re.ASCII,
        ),
        _always,
    ),
    Kind(
        "postcode",
        re.compile(
            r"\b[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKSTUW]|[A-HK-Y]\d[ABEHMNPRV-Y])"
            r" ?\d[ABD-HJLNP-UW-Z]{2}\b",
            re.IGNORECASE | re.ASCII,
        ),
        _always,
    ),
)
