"""What programs and people write where nothing is known."""

from services.model.patterns import word_set

# An empty cell says that no department should get it; these could mean that, or that nobody had
# looked.
PLACEHOLDERS = word_set(
    r"nan nat null none nil n/a na n.a. n.a #n/a #na #ref! #value! #name? #null! #div/0! \n",
    "undefined (null) <null> <na> <none> (blank) [blank] (none) - -- --- \u2013 \u2014 . ? ??",
) | {"not applicable", "not available"}
# What only programs write: a person's "none" or "?" is a text, if a poor one.
NO_TEXTS = PLACEHOLDERS - word_set("none nil n/a na n.a. n.a - -- --- \u2013 \u2014 . ? ??")


def says_nothing(text: str) -> bool:
    """Tell whether a text is blank, or what a program writes for none."""
    return not text.strip() or text.strip().casefold() in NO_TEXTS
