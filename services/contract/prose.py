"""As much of CommonMark as the descriptions of a document have: paragraphs, lists and code."""

import re

from markupsafe import Markup, escape

CODE = re.compile("`([^`]+)`")
ITEM = "- "


def inline(text: str) -> Markup:
    """Return a sentence as HTML."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - just escaped


def prose(text: str) -> Markup:
    """Return a description as HTML; none where it is empty."""
    return Markup("").join(map(_block, text.split("\n\n"))) if text else Markup("")


def _block(text: str) -> Markup:
    if not text.startswith(ITEM):
        return Markup("<p>{}</p>").format(inline(text))
    items = text.removeprefix(ITEM).split(f"\n{ITEM}")
    listed = Markup("").join(Markup("<li>{}</li>").format(inline(item)) for item in items)
    return Markup("<ul>{}</ul>").format(listed)
