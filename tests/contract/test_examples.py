import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.messages.codec import inquiries
from services.messages.inquiry import MAX_TEXT
from services.messages.rejection import RejectedError
from services.resources import shipped
from tests.records import ARecord

EXAMPLES = Path(__file__).parents[2] / "services" / "local" / "inquiries.jsonl"
LINES = EXAMPLES.read_text(encoding="utf-8").removesuffix("\n").split("\n")
KINDS = ("nobody", "danger", "discrimination", "unclear")


def value_of(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def field(line: str, name: str) -> Any:
    value = value_of(line)
    return value.get(name, "absent") if isinstance(value, dict) else "absent"


MALFORMED: dict[str, Callable[[str], bool]] = {
    "not JSON": lambda line: value_of(line) is None and not line.startswith("{"),
    "cut off": lambda line: value_of(line) is None and line.startswith("{"),
    "not an object": lambda line: isinstance(value_of(line), list),
    "a text that is a number": lambda line: isinstance(field(line, "text"), int),
    "an empty text": lambda line: field(line, "text") == "",
    "no id": lambda line: isinstance(value_of(line), dict) and "id" not in value_of(line),
    "too long a text": lambda line: len(str(field(line, "text"))) > MAX_TEXT,
    "an id that is a number": lambda line: isinstance(field(line, "id"), int),
}


def mistakes(line: str) -> list[str]:
    return [name for name, made in MALFORMED.items() if made(line)]


GOOD: list[dict[str, Any]] = [json.loads(line) for line in LINES if not mistakes(line)]
MEANT = Counter(inquiry["attributes"]["example"] for inquiry in GOOD)


def departments() -> list[str]:
    manifest = shipped("models", "uk-departments", "manifest.json").read_text(encoding="utf-8")
    labels: list[str] = json.loads(manifest)["labels"]
    return labels


def test_there_are_enough_examples() -> None:
    """The demo has at least 200 inquiries to send, and no line of the file is empty."""
    assert len(GOOD) >= 200
    assert all(LINES)


def test_every_department_has_its_examples() -> None:
    """Each department that the model knows is meant by at least eight of the examples."""
    assert [name for name in departments() if MEANT[name] < 8] == []


def test_examples_mean_something_known() -> None:
    """What an example means is a department that the model knows, or a kind for a person."""
    assert set(MEANT) == {*departments(), *KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_some_examples_are_for_a_person(kind: str) -> None:
    """Each kind of inquiry that a person should see has at least five examples."""
    assert MEANT[kind] >= 5


def test_ids_are_unique() -> None:
    """No two examples bear the same id."""
    assert len({inquiry["id"] for inquiry in GOOD}) == len(GOOD)


def test_some_examples_are_in_welsh() -> None:
    """At least ten of the examples are in Welsh and say so."""
    assert Counter(inquiry.get("language") for inquiry in GOOD)["cy"] >= 10


def test_the_messages_of_a_case_follow_each_other() -> None:
    """At least three cases have several messages, and the file has each case's in order of time."""
    cases: dict[str, list[datetime]] = {}
    for inquiry in GOOD:
        times = cases.setdefault(inquiry.get("reference", inquiry["id"]), [])
        times.append(datetime.fromisoformat(inquiry["received_at"]))
    several = [times for times in cases.values() if len(times) > 1]
    assert len(several) >= 3
    assert all(times == sorted(times) for times in several)


def test_malformed_examples_each_show_another_mistake() -> None:
    """At least six lines are malformed, each in one way, and no two in the same way."""
    found = [mistakes(line) for line in LINES if mistakes(line)]
    assert len(found) >= 6
    assert all(len(names) == 1 for names in found)
    assert len({names[0] for names in found}) == len(found)


def test_our_reader_takes_the_good_lines_and_no_other() -> None:
    """Exactly the lines that are malformed on purpose are the ones that our reader rejects."""
    rejected = []
    for line in LINES:
        try:
            inquiries.read(ARecord(line.encode()))
        except RejectedError:
            rejected.append(line)
    assert rejected == [line for line in LINES if mistakes(line)]
