"""As much of CommonMark as the descriptions of a document have: paragraphs, lists and code."""

import re
from html import escape

CODE = re.compile("`([^`]+)`")
ITEM = "- "


def inline(text: str) -> str:
    """Write a sentence as HTML."""
    return CODE.sub(r"<code>\1</code>", escape(text))


def prose(text: str) -> str:
    """Write a description as HTML; none where it is empty."""
    return "".join(map(_block, text.split("\n\n"))) if text else ""


def _block(text: str) -> str:
    if not text.startswith(ITEM):
        return f"<p>{inline(text)}</p>"
    items = text.removeprefix(ITEM).split(f"\n{ITEM}")
    return f"<ul>{''.join(f'<li>{inline(item)}</li>' for item in items)}</ul>"
