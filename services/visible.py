"""What others wrote, made fit to be shown: no character of it is an order to the terminal."""

import unicodedata

KEPT = "\n\t"
# Orders to whoever displays a text: controls, what turns the direction of writing, line ends that
# are not "\n", and halves of surrogate pairs, which cannot even be written.
ORDERS = {"Cc", "Cs", "Zl", "Zp"}
TURNS = {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return a text with every order in it escaped, as `\x1b`.

    Args:
        text: Anybody's.
        lines: Whether ends of lines and tabs stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(
        each if (lines and each in KEPT) or not _is_order(each) else _escaped(each) for each in text
    )


def _is_order(character: str) -> bool:
    return character in TURNS or unicodedata.category(character) in ORDERS


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
