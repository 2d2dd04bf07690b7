from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.desk.interface import Item, Overtaken, Person
from services.desk.modes import has_second
from services.desk.state import Slot, State
from services.messages.judgement import Place
from tests.unit.desk_logs import (
    ANNE,
    BEN,
    CERI,
    LASTS_MS,
    a_claim,
    a_judgement,
    a_note,
    a_place,
    a_waiting,
    an_event_id,
)

PARTITIONS, OFFSETS = 2, 3
KINDS = ("claimed", "released", "looked", "chosen", "undone", "sent")
TWICE = next(n for n in range(1000) if has_second(an_event_id(0, n)))
ONCE = next(n for n in range(1000) if not has_second(an_event_id(0, n)))

Step = Callable[[State], None]


def a_state() -> State:
    """Return a state that knows nothing yet, of topics that begin at 0."""
    state = State(LASTS_MS, audit_every=10, review_topic="inquiries.review")
    for partition in range(PARTITIONS):
        state.begins("review", partition, 0)
    return state


def came(state: State, offset: int = 0, **fields: Any) -> None:
    """Let an inquiry be read."""
    state.came(a_waiting(offset, **fields))
    state.read_up_to("review", fields.get("partition", 0), offset + 1)


def order(state: State, person: Person = ANNE, at: int = 0) -> list[int]:
    """Return the offsets of what a person may have, in the order in which they would get it."""
    return [each.offset for each in state.turn_of(person, at)]


def seen(state: State) -> object:
    """Return all that decides what people are shown."""
    places = [(n, o) for n in range(PARTITIONS) for o in range(OFFSETS)]
    slots = [Slot(Item("review", n, o), second) for n, o in places for second in (False, True)]
    waits = [state.waiting_at(slot.item) is not None for slot in slots]
    firsts = [each.first_by if (each := state.waiting_at(slot.item)) else "" for slot in slots]
    holds = [None if state.is_over(slot) else state.hold(slot) for slot in slots]
    return waits, firsts, holds, dict(state.settled.pairs), state.supervision()._replace(differ=())


@st.composite
def logs(draw: st.DrawFn) -> list[list[Step]]:
    """Draw the logs of some partitions: what came, what people did, what was settled."""
    # By their events every other inquiry is one on which two people are asked.
    found: list[list[Step]] = []
    for partition in range(PARTITIONS):
        places = range(OFFSETS)
        arrived: list[Step] = [
            partial(came, offset=each, partition=partition, event_id=_id(each)) for each in places
        ]
        found += [arrived, draw(_claims(partition)), draw(_notes(partition))]
    return found


def _id(offset: int) -> str:
    return an_event_id(0, TWICE if offset % 2 else ONCE)


def _place(partition: int, offset: int) -> Place:
    return Place(partition=partition, offset=offset, event_id=_id(offset))


@st.composite
def _claims(draw: st.DrawFn, partition: int) -> list[Step]:
    drawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from(KINDS),
                st.integers(0, OFFSETS - 1),
                st.sampled_from(["anne", "ben"]),
                st.integers(0, 5),
                st.booleans(),
                st.integers(0, LASTS_MS),
            ),
            max_size=12,
        )
    )
    steps: list[Step] = []
    at = 0
    for number, (kind, offset, by, claim, second, later) in enumerate(drawn):
        at += later
        of = None if kind == "claimed" else claim
        made = a_claim(kind, _place(partition, offset), by, of, second=second)
        steps.append(partial(_claimed, made, number, at))
    return steps


def _claimed(claim: Any, offset: int, at: int, state: State) -> None:
    state.claimed(claim, offset, at)


@st.composite
def _notes(draw: st.DrawFn, partition: int) -> list[Step]:
    drawn = draw(
        st.lists(st.tuples(st.integers(0, OFFSETS - 1), st.sampled_from("abc")), max_size=6)
    )
    steps: list[Step] = []
    counted = set[int]()
    for offset, by in drawn:
        verdict = "late" if offset in counted else "counted"
        counted.add(offset)
        note = a_note(a_judgement(_place(partition, offset), by), verdict)
        steps.append(partial(_noted, note))
    return steps


def _noted(note: Any, state: State) -> None:
    state.noted(note)


def in_turn(drawn: Sequence[list[Step]], turns: Sequence[int]) -> State:
    """Fold logs, each in its order, going on with the one that is drawn."""
    state, left = a_state(), [list(log) for log in drawn]
    for turn in turns:
        if open_ones := [log for log in left if log]:
            open_ones[turn % len(open_ones)].pop(0)(state)
    for log in left:
        for step in log:
            step(state)
    return state


@given(logs(), st.lists(st.integers(0, 5)), st.lists(st.integers(0, 5)))
def test_every_replica_knows_the_same(
    drawn: list[list[Step]], one: list[int], other: list[int]
) -> None:
    """In whichever order the topics are read beside each other, the same comes of them."""
    assert seen(in_turn(drawn, one)) == seen(in_turn(drawn, other))


def test_the_oldest_comes_first_and_what_is_high_before_it() -> None:
    """By priority, then by age, whatever the partition."""
    state = a_state()
    came(state, 0, timestamp=30)
    came(state, 1, timestamp=20)
    came(state, 2, timestamp=40, route={"priority": "high"})
    assert order(state) == [2, 1, 0]


def test_a_language_waits_for_its_readers() -> None:
    """Who reads it gets it first; nobody else does; a language without a rule is everybody's."""
    state = a_state()
    came(state, 0)
    came(state, 1, inquiry={"language": "cy-GB"})
    came(state, 2, inquiry={"language": "pl"})
    came(state, 3, route={"reason": "rule", "rule": "welsh"})
    assert order(state, ANNE) == [0, 2]
    assert order(state, CERI) == [1, 3, 0, 2]
    assert (state.count("review", []), state.count("review", ["cy"])) == (2, 4)


def test_a_claimed_inquiry_is_nobody_elses_until_it_lapses() -> None:
    """Who has it gets it again; others do from when on the claim has lapsed."""
    state = a_state()
    came(state, 0)
    state.claimed(a_claim("claimed", a_place()), 0, 0)
    assert order(state, BEN, LASTS_MS - 1) == []
    assert order(state, BEN, LASTS_MS) == [0]
    assert [slot.item.offset for slot in state.held_by("anne")] == [0]


def test_what_is_settled_waits_no_longer_whichever_was_read_first() -> None:
    """A note that is ahead of the inquiry settles it as soon as that is read."""
    state = a_state()
    state.noted(a_note(a_judgement(a_place(ONCE))))
    for offset in range(ONCE + 1):
        came(state, offset)
    assert ONCE not in order(state)
    assert state.supervision().waiting == len(order(state))


def test_a_note_of_a_topic_that_was_made_anew_settles_nothing() -> None:
    """Another event lies at the place by now."""
    state = a_state()
    state.noted(a_note(a_judgement(Place(partition=0, offset=0, event_id="of before"))))
    came(state, 0)
    assert order(state) == [0]


def test_what_is_kept_no_longer_does_not_wait() -> None:
    """Retention takes inquiries, and with them what people did."""
    state = a_state()
    came(state, 0)
    came(state, 1)
    state.claimed(a_claim("claimed", a_place()), 0, 0)
    state.begins("review", 0, 1)
    assert order(state) == [1]
    assert state.held_by("anne") == []
    assert state.is_gone(Item("review", 0, 0))


def test_a_second_opinion_is_somebody_elses() -> None:
    """Who judged first is not asked again; once somebody else has, nobody is."""
    state = a_state()
    state.begins("review", 0, TWICE)
    came(state, TWICE)
    state.noted(a_note(a_judgement(a_place(TWICE))))
    assert (order(state, ANNE), order(state, BEN)) == ([], [TWICE])
    assert state.count("review") == 0
    second = a_judgement(a_place(TWICE), "ben", department="hm-treasury")
    state.noted(a_note(second, "late", first_by="anne"))
    assert order(state, BEN) == []
    assert dict(state.settled.pairs) == {("home-office", "hm-treasury"): 1}
    assert state.supervision().differ == [(Item("review", 0, TWICE), "home-office", "hm-treasury")]


def decided(state: State) -> list[str]:
    """Return whose decisions wait to be sent, or to be heard of."""
    return [hold.by for _, hold in state.decided()]


def decides(state: State, *kinds: Any) -> None:
    """Let anne claim an inquiry, decide it, and do what follows."""
    for at, kind in enumerate(("claimed", "chosen", *kinds)):
        state.claimed(a_claim(kind, a_place(), claim=None if kind == "claimed" else 0), at, at)


@pytest.mark.parametrize("read_first", ["decision", "note"])
def test_a_decision_that_is_overtaken_stays_until_it_is_noted(read_first: str) -> None:
    """Whichever was read first, it is there to be sent, and is nothing to hold or to undo."""
    state = a_state()
    came(state, 0)
    note = a_note(a_judgement(a_place(), "ben"))
    if read_first == "note":
        state.noted(note)
    decides(state)
    if read_first == "decision":
        state.noted(note)
    assert decided(state) == ["anne"]
    assert (state.held_by("anne"), state.undoable_by("anne")) == ([], [])
    state.is_new = False
    state.claimed(a_claim("sent", a_place(), claim=0), 2, 2)
    assert decided(state) == ["anne"]  # until the settler says that it has it
    state.noted(a_note(a_judgement(a_place()), "late", first_by="ben"))
    assert decided(state) == []
    told = [Overtaken(Item("review", 0, 0), "department", "home-office")]
    assert state.tell_overtaken("anne", 0) == told
    assert state.tell_overtaken("anne", 0) == []


def test_what_counts_overtakes_nobody() -> None:
    """One's own decision, once noted, is over, and nothing is told."""
    state = a_state()
    came(state, 0)
    decides(state, "sent")
    state.noted(a_note(a_judgement(a_place())))
    assert decided(state) == []
    assert state.tell_overtaken("anne", 0) == []


def test_what_was_sent_before_a_start_is_not_sent_for_ever() -> None:
    """The log of claims says that it was; of what has come of it the notes were read before."""
    state = a_state()
    came(state, 0)
    state.noted(a_note(a_judgement(a_place())))
    decides(state, "sent")
    assert decided(state) == []


def test_a_late_telling_is_none() -> None:
    """Who comes back after the time is not told of what was long ago."""
    state = a_state()
    came(state, 0)
    decides(state)
    note = a_note(a_judgement(a_place(), "ben"))
    state.noted(note)
    assert state.tell_overtaken("anne", int(note.settled_at.timestamp() * 1000) + 1) == []


def test_a_decision_on_what_retention_takes_is_still_sent() -> None:
    """The settler will reject it, whole, for operators to see; it does not just vanish."""
    state = a_state()
    came(state, 0)
    decides(state)
    state.begins("review", 0, 1)
    assert decided(state) == ["anne"]
    assert state.undoable_by("anne") == []


@pytest.mark.parametrize("noted_first", [True, False])
def test_what_somebody_passed_on_is_somebody_elses(*, noted_first: bool) -> None:
    """Who says that somebody else has to decide is not asked again, whichever was read first."""
    state = a_state()
    came(state, ONCE)
    note = a_note(a_judgement(a_place(ONCE), outcome="escalate", department=None))
    if noted_first:
        state.noted(note)
    came(state, ONCE + 1, event_id=f"inquiries.review/0/{ONCE}")
    if not noted_first:
        state.noted(note)
    assert (order(state, ANNE), order(state, BEN)) == ([], [ONCE + 1])


@pytest.mark.parametrize("noted_first", [True, False])
def test_what_two_people_passed_on_is_a_third_ones(*, noted_first: bool) -> None:
    """An inquiry that is passed on again comes back to nobody who has passed it on."""
    state = a_state()
    events = [f"inquiries.classified/0/{ONCE}", f"inquiries.review/0/{ONCE}"]
    events.append(f"inquiries.review/0/{ONCE + 1}")
    places = [a_place(ONCE + number) for number in range(2)]
    passed = [
        a_note(
            a_judgement(replace(place, event_id=event), outcome="escalate", department=None, by=by)
        )
        for place, event, by in zip(places, events, ("anne", "ben"), strict=False)
    ]
    if noted_first:
        for note in passed:
            state.noted(note)
    for number, event in enumerate(events):
        came(state, ONCE + number, event_id=event)
        if not noted_first and number < len(passed):
            state.noted(passed[number])
    carol = Person("carol", frozenset({"reviewer"}))
    assert [order(state, each) for each in (ANNE, BEN, carol)] == [[], [], [ONCE + 2]]


def test_others_of_the_same_case_are_known() -> None:
    """Inquiries of one case that wait are shown with each other, oldest first."""
    state = a_state()
    for offset in range(4):
        reference = "case-1" if offset else "case-2"
        came(state, offset, inquiry={"reference": reference})
    waiting = state.waiting_at(Item("review", 0, 2))
    assert waiting is not None
    assert [item.offset for item in state.same_case(waiting)] == [1, 3]
    state.discard(Item("review", 0, 1))
    assert [item.offset for item in state.same_case(waiting)] == [3]
