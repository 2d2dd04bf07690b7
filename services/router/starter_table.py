"""A routing table to start from, for the departments of a model."""

import json
import re
from collections.abc import Iterable

HEAD = """\
# Which department gets which inquiry. Read it through, give it an owner, and a new version
# whenever it changes: the version is written into every route.
version = "1"

# Where a person decides.
review_topic = "inquiries.review"

# An inquiry also goes to review where the runner-up is closer than this, …
min_margin = 0.10
# … where it is less sure than this that any department should get it, and where a department is
# less probable than its threshold. Without these lines the model's own limits count.
#   min_in_remit = 0.50
#   threshold = 0.80          (below a department's topic)
"""
FOOT = """
# Rules look at words, whatever the model thinks; the shipped table has many to start from.
#
# [[rules]]
# id = "danger"
# reason = "Somebody may be in danger."
# send_to = "review"
# priority = "high"
# phrases = ["want to die", "going to kill me"]
"""


def starter_table(labels: Iterable[str], flags: Iterable[str] = ()) -> str:
    """Write a table (TOML) that sends each department's inquiries to a topic named after it.

    What the model flags goes to a person first.
    """
    return "".join([HEAD, *map(_department, labels), *map(_flag, flags), FOOT])


def _flag(flag: str) -> str:
    name = json.dumps(flag, ensure_ascii=False)
    reason = json.dumps(f"The model finds {flag} likely.", ensure_ascii=False)
    return (
        f'\n[[rules]]\nid = {name}\nreason = {reason}\nsend_to = "review"\n'
        f'priority = "high"\nflag = {name}\n'
    )


def _department(label: str) -> str:
    topic = "departments." + re.sub(r"[^a-zA-Z0-9._-]+", "-", label).strip("-")
    # JSON's strings are TOML's basic strings, but for the code point that ends C0.
    name, quoted = (json.dumps(text, ensure_ascii=False) for text in (label, topic[:249]))
    return f"\n[departments.{name}]\nname = {name}\ntopic = {quoted}\n"
