"""A routing table to start from, for the departments of a model."""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from services.router.table import sameness

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

# Who may help with what is for no department: reviewers choose among them.
#   signposts = ["The city's offices", "The police"]
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
#
# [[rules]]
# id = "polish"
# reason = "Few of us read Polish: who writes in it is read by a person who does."
# send_to = "review"
# languages = ["pl"]
"""


# What Kafka takes as a topic, less the longest KAFKA_TOPIC_PREFIX.
LONGEST = 249 - 100
DIGEST = 8
# Letters of Latin alphabets that Unicode does not take apart into one of Kafka's and an accent.
LETTERS = str.maketrans(
    {
        "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
        "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "Ħ": "H",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i", "þ": "th", "Þ": "Th",
    }
)  # fmt: skip


def starter_table(labels: Sequence[str], flags: Iterable[str] = ()) -> str:
    """Write a table (TOML) that sends each department's inquiries to a topic named after it.

    No two topics are the same. What the model flags goes to a person first.
    """
    departments = map(_department, labels, topics_for(labels))
    return "".join([HEAD, *departments, *map(_flag, flags), FOOT])


def topics_for(labels: Sequence[str]) -> list[str]:
    """Name a topic after each department: one that Kafka takes, and takes for no other's.

    A hash keeps apart what differs in signs, capitals or its end alone, and is all there is of a
    name without any letter that Kafka takes.
    """
    named = [_topic(label) for label in labels]
    alike = [sameness(topic).lower() for topic in named]  # some disks know no capitals
    count = Counter(alike)
    return [
        topic if count[key] == 1 and key[-1] != "." else _told_apart(topic, label)
        for topic, key, label in zip(named, alike, labels, strict=True)
    ]


def _topic(label: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", label) if not unicodedata.combining(c))
    name = re.sub(r"[^a-zA-Z0-9._-]+", "-", plain.translate(LETTERS)).strip("-.")
    return f"departments.{name}"[:LONGEST].rstrip("-")


def _told_apart(topic: str, label: str) -> str:
    digest = hashlib.sha256(label.encode()).hexdigest()[:DIGEST]
    begun = topic[: LONGEST - DIGEST - 1]
    return f"{begun}{'' if begun[-1] == '.' else '-'}{digest}"


def _flag(flag: str) -> str:
    return (
        f"\n[[rules]]\nid = {_quoted(flag)}\nreason = "
        f'{_quoted(f"The model finds {flag} likely.")}\nsend_to = "review"\n'
        f'priority = "high"\nflag = {_quoted(flag)}\n'
    )


def _department(label: str, topic: str) -> str:
    name = _quoted(label)
    return f"\n[departments.{name}]\nname = {name}\ntopic = {_quoted(topic)}\n"


def _quoted(text: str) -> str:
    """Write a basic string of TOML's, which is one of JSON's without the code point 127."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
