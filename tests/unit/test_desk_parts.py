import json
import tracemalloc
from collections import Counter
from typing import Any

import pytest

from services.desk.agreement import agreements, kappa
from services.desk.items import Early, read_waiting
from services.desk.marks import Marker
from services.desk.modes import has_second, mode_of
from services.desk.queue import beside_at, lines_for
from services.desk.returned import said_of_return
from services.desk.state import State
from services.messages.codec import ESCALATED_HEADER, routed
from services.messages.rejection import RejectedError
from services.messages.returned import WHYS
from services.router.table import Rule
from tests.unit.desk_logs import ANNE, LASTS_MS, WELSH, a_routed, a_waiting, an_event_id

EVENTS = [an_event_id(partition, offset) for partition in range(4) for offset in range(5_000)]


def test_a_fifth_is_judged_blind_and_a_twentieth_sees_the_view_at_once() -> None:
    """The draw is of the event alone, and as fair as a hash."""
    drawn = Counter(map(mode_of, EVENTS))
    assert drawn["blind"] / len(EVENTS) == pytest.approx(1 / 5, abs=0.01)
    assert drawn["shown"] / len(EVENTS) == pytest.approx(1 / 20, abs=0.01)


def test_one_in_twenty_is_judged_twice_whatever_its_mode() -> None:
    """The two draws know nothing of each other."""
    twice = [each for each in EVENTS if has_second(each)]
    assert len(twice) / len(EVENTS) == pytest.approx(1 / 20, abs=0.01)
    blind = sum(mode_of(each) == "blind" for each in twice)
    assert blind / len(twice) == pytest.approx(1 / 5, abs=0.05)


def test_the_draws_are_the_same_in_every_process() -> None:
    """Pinned: Python's own hash differs from one process to the next."""
    modes = ["blind", "on-request", "on-request", "on-request", "shown", "blind"]
    assert [mode_of(f"e-{n}") for n in range(6)] == modes
    assert [n for n in range(60) if has_second(f"e-{n}")] == [30, 59]


def test_kappa_is_cohens() -> None:
    """His textbook case: of 50, both say yes 20 times and no 15 times, and kappa is 0.4."""
    pairs = {("a", "a"): 20, ("a", "b"): 5, ("b", "a"): 10, ("b", "b"): 15}
    assert kappa(pairs, {"a"}) == pytest.approx(0.4)
    assert [(each.department, each.judged, each.agreed) for each in agreements(pairs)] == [
        ("a", 35, 20),
        ("b", 30, 15),
    ]


@pytest.mark.parametrize("pairs", [{}, {("a", "a"): 3}])
def test_of_what_nobody_could_disagree_on_there_is_no_kappa(
    pairs: dict[tuple[str, str], int],
) -> None:
    """Neither of nothing nor where both say the same of all."""
    assert kappa(pairs, {"a"}) is None


@pytest.mark.parametrize(
    ("fields", "high"),
    [
        ({}, False),
        ({"route": {"priority": "high"}}, True),
        ({"headers": ((ESCALATED_HEADER, b"1"),)}, True),
        ({"headers": (("returned-times", b"1"),)}, False),
        ({"headers": (("returned-times", b"2"),)}, True),
        ({"headers": (("returned-times", b"many"),)}, False),
    ],
)
def test_what_is_high(fields: dict[str, Any], *, high: bool) -> None:
    """The router's priority, what was escalated, and what departments sent back twice."""
    assert a_waiting(**fields).high == high


def test_a_field_that_is_wrong_does_not_hide_an_inquiry() -> None:
    """As everywhere, an optional field of the wrong type is left out."""
    waiting = a_waiting(inquiry={"language": 7, "reference": "case-1"})
    assert waiting.language == ""
    assert waiting.case


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b'{"inquiry": {}}'])
def test_what_is_no_inquiry_is_refused(value: bytes) -> None:
    """It is counted, and nobody is asked about it."""
    with pytest.raises(RejectedError):
        read_waiting(a_routed()._replace(value=value), "review", WELSH)
    with pytest.raises(RejectedError):
        read_waiting(a_routed()._replace(headers=()), "review", WELSH)


def test_an_inquiry_that_waits_takes_400_bytes() -> None:
    """With all that leads to it, of a case each: 100,000 of them fit in 40 MB."""
    records = [a_routed(n, inquiry={"reference": f"case-{n}"}) for n in range(5_000)]
    state = State(LASTS_MS, audit_every=10, review_topic="inquiries.review")
    state.begins("review", 0, 0)
    tracemalloc.start()
    for record in records:
        state.came(read_waiting(record, "review", WELSH))
    assert next(iter(state.turn_of(ANNE, 0)), None) is not None
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / len(records) <= 400


def test_notes_ahead_of_what_was_read_take_no_more_than_they_need() -> None:
    """One of a topic that was made anew, far ahead, is no reason to make room up to there."""
    early = Early(begins=100)
    early.put(2**40, 1, "anne")
    early.put(99, 1, "anne")
    early.put(102, 7, "anne")
    assert early.by(2**40, 1) is None
    assert (early.by(102, 7), early.by(102, 8), early.by(101, 0)) == ("anne", None, None)
    early.forget_before(103)
    assert early.by(102, 7) is None


def test_every_tenth_turn_is_a_copy_or_a_second_opinion() -> None:
    """In turn of each kind, and never before what is high."""
    turns = [beside_at(turn, 10) for turn in range(20)]
    assert [turn for turn, kinds in enumerate(turns) if kinds] == [9, 19]
    assert turns[9][0] != turns[19][0]
    lines = [*lines_for([], beside=turns[9])]
    assert (lines[0].kind, lines[0].high) == ("review", True)
    assert [each.kind for each in lines].index("second") < lines.index(
        next(each for each in lines if each.kind == "review" and not each.high)
    )
    assert {each.kind for each in lines_for([], beside=())} == {"review", "audit", "second"}


RULES = (
    Rule(id="danger", reason="-", send_to="review", phrases=("kill myself", "can't go on")),
    Rule(id="hardship", reason="-", send_to="review", phrases=("no food", "evicted"), at_least=2),
)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("I want to KILL  myself.", [("KILL  myself", "danger")]),
        (
            "I can\u2019t go on, I cant go on",
            [("can\u2019t go on", "danger"), ("cant go on", "danger")],
        ),
        ("There is no food.", []),
        ("There is no food, we are evicted!", [("no food", "hardship"), ("evicted", "hardship")]),
        ("kill\nmyself", [("kill\nmyself", "danger")]),
        ("overkill myself", []),
        ("", []),
    ],
)
def test_what_a_rule_found_is_marked_as_it_was_written(
    text: str, marked: list[tuple[str, str]]
) -> None:
    """The text stays whole; only phrases that make a rule fire are marked."""
    parts = Marker(RULES).mark(text)
    assert "".join(part.text for part in parts) == text
    assert [(part.text, part.rule) for part in parts if part.rule] == marked


DECIDED_BEFORE = {"outcome": "department", "judgement": "j", "mode": "blind", "by": "reviewer-7"}


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, []),
        ({"why": "unsafe", "by": "desk-4", "times": 1}, [f"desk-4 sent it back: {WHYS['unsafe']}"]),
        (
            {
                "why": "shared",
                "by": "desk-4",
                "times": 3,
                "suggests": "hm-treasury",
                "from": "departments.home-office",
                "decision": {
                    **DECIDED_BEFORE,
                    "at": "2026-11-02T10:04:00Z",
                    "department": "home-office",
                },
            },
            [
                f"desk-4 sent it back from departments.home-office: {WHYS['shared']}",
                "They suggest HM-TREASURY.",
                "reviewer-7 had decided: HOME-OFFICE.",
                "By now it has been sent back 3 times.",
            ],
        ),
    ],
)
def test_all_that_is_known_of_a_return_is_said(returned: object, said: list[str]) -> None:
    """Who sent it back and why, what they suggest, who had sent it there, and how often."""
    record = a_routed()
    event = json.loads(record.value or b"") | {"returned": returned}
    record = record._replace(value=json.dumps(event).encode())
    body = routed["review"].read(record).body
    assert [*said_of_return(body.returned, str.upper)] == said
