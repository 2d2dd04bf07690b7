import json
import re
from collections import Counter
from io import StringIO
from typing import Any, NamedTuple

import msgspec
import pytest
from rich.console import Console

from services.classifier.settings import ClassifierSettings
from services.clock import utc_now
from services.desk.settings import DeskSettings
from services.kafka.settings import KafkaSettings
from services.local.demo.at_desk import Decisions, PeopleAtDesk
from services.local.demo.learnt import agreement_of, precision_of
from services.local.demo.outcome import LINE, Outcome
from services.local.demo.summary import show_table, show_way_back
from services.local.demo.way_back import Judges, WayBack
from services.local.exactly_once import Account
from services.local.reviewers.desk import Desk, sources_of
from services.local.reviewers.judging import Reviewers
from services.local.reviewers.truths import Truth, Truths
from services.messages.codec import ESCALATED_HEADER
from services.messages.decision import Sample
from services.messages.events import DECIDED, JUDGED
from services.messages.judgement import Outcome as Judged
from services.messages.judgement import Place, Settled, Source, Suggested, Verdict
from services.operate.installation import Installation
from services.router.settings import RouterSettings
from services.router.table import Department, Table
from services.settler.settings import SettlerSettings

INSTALLATION = Installation(
    kafka=KafkaSettings(),
    classifier=ClassifierSettings(
        input_topic="in", output_topic="classified", rejected_topic="rejected"
    ),
    router=RouterSettings(input_topic="classified", rejected_topic="rejected"),
    settler=SettlerSettings(rejected_topic="rejected"),
    desk=DeskSettings(),
    table=Table(
        version="1",
        review_topic="review",
        min_margin=0.1,
        departments={
            "tax": Department(name="Tax", topic="d.tax"),
            "roads": Department(name="Roads", topic="d.roads"),
        },
    ),
)


class ARecord(NamedTuple):
    topic: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    partition: int = 0
    offset: int = 0


def routed(
    line: int, topic: str, reason: str = "confident", *headers: tuple[str, bytes]
) -> ARecord:
    route = {"topic": topic, "reason": reason, "priority": "normal", "table": "1"}
    route["routed_at"] = "2026-11-24T12:00:00Z"
    event = {
        "inquiry": {"id": f"q-{line}"},
        "classification": {"department": topic.removeprefix("d.")},
        "route": route,
    }
    return ARecord(topic, json.dumps(event).encode(), ((LINE, b"%d" % line), *headers))


def rejected(line: int, *, by: str = "in", reason: bytes = b"not-json") -> ARecord:
    own = (("rejected-reason", reason), ("rejected-topic", by.encode()))
    return ARecord("rejected", b"", ((LINE, b"%d" % line), *own))


def classified(line: int) -> ARecord:
    return ARecord("classified", b"", ((LINE, b"%d" % line),))


def a_desk(truths: Truths, taken: int, *said: Verdict) -> Desk:
    """Return a desk that was given so many records, and has said what is to become of it."""
    sources = sources_of(INSTALLATION, audit=True)
    reviewers = Reviewers(("tax", "roads"))
    return Desk(sources, reviewers, truths, 0, utc_now, taken, verdicts=Counter(said))


def outcome_of(*records: Any, published: int, desk: Judges | None = None) -> Outcome:
    back = WayBack(INSTALLATION, desk or a_desk({}, 1))
    outcome = Outcome(INSTALLATION, Account(range(1, published + 1)), back)
    for record in records:
        outcome.note(record)
    return outcome


FOUR = (
    *(classified(line) for line in (1, 2, 3)),
    routed(1, "d.tax"),
    routed(2, "review", "low-confidence"),
    routed(3, "d.tax"),
    rejected(4),
)


def test_each_line_once_is_accounted_for() -> None:
    """Where each line came out once, on whichever topic, all is accounted for."""
    outcome = outcome_of(*FOUR, published=4)
    assert outcome.accounted
    assert outcome.summary() == {
        "published": 4,
        "classified": 3,
        "routed": {"d.tax": 2},
        "review": 1,
        "rejected": {"not-json": 1},
        "right": 0,
        "known": 0,
        "back": {
            "decided": {},
            "escalated": 0,
            "copies": 0,
            "verdicts": {},
            "left": {},
            "agreement": {"agreed": 0, "decided": 0},
            "precision": None,
        },
        "seconds": 0.0,
        "per_second": 0.0,
    }


def test_a_missing_line_is_seen() -> None:
    """A line that has not come out is one that is waited for."""
    outcome = outcome_of(*FOUR[:-1], published=4)
    assert not outcome.complete
    assert not outcome.accounted


def test_a_line_that_came_out_twice_is_seen() -> None:
    """A line on two topics, or twice on one, is not accounted for, and nothing is waited for."""
    for second in (routed(1, "d.roads"), routed(1, "d.tax"), rejected(4), classified(2)):
        outcome = outcome_of(*FOUR, second, published=4)
        assert outcome.complete
        assert not outcome.accounted


def test_what_the_router_rejects_was_classified_before() -> None:
    """A line that the router rejects is complete once its classified record was seen."""
    outcome = outcome_of(rejected(1, by="classified"), published=1)
    assert not outcome.complete
    outcome.note(classified(1))
    assert outcome.accounted


def test_an_inquiry_that_needed_no_person_is_shown() -> None:
    """The example to show is the first confident one, or, without any, the first of all."""
    review = routed(2, "review", "ambiguous")
    assert outcome_of(review, routed(3, "review", "rule"), published=9).example is review
    first = routed(1, "d.tax")
    assert outcome_of(review, first, routed(5, "d.tax"), published=9).example is first


def decided(offset: int, topic: str, source: str = "review") -> ARecord:
    headers = (("ce_type", DECIDED.encode()), ("ce_id", b"%b/0/%d" % (source.encode(), offset)))
    return ARecord(topic, b"", headers)


def handed_on(offset: int) -> ARecord:
    headers = ((ESCALATED_HEADER, b"1"), ("ce_id", b"review/0/%d" % offset))
    return ARecord("review", b"", headers)


def note(
    offset: int,
    department: str | None,
    verdict: Verdict = "counted",
    *,
    source: Source = "review",
    outcome: Judged | None = None,
    corrected: bool = False,
    chance: float | None = None,
) -> ARecord:
    settled = Settled(
        record=Place(topic=source, partition=0, offset=offset, event_id=f"e/{offset}"),
        judgement=f"j-{offset}",
        verdict=verdict,
        outcome=outcome or ("department" if department else "not-ours"),
        department=department,
        mode="blind",
        seconds=1.0,
        by="p-1",
        at=utc_now(),
        settled_at=utc_now(),
        corrected=corrected,
        suggested=Suggested("tax", 0.9),
        sample=Sample(chance=chance, band="sure") if chance else None,
    )
    return ARecord("inquiries.settled", msgspec.json.encode(settled), ())


def copy(offset: int, chance: float) -> ARecord:
    sample = {"sample": {"chance": chance, "band": "sure"}}
    return ARecord("inquiries.audit", json.dumps(sample).encode(), (), offset=offset)


BACK = (
    *(note(0, "roads"), decided(0, "d.roads")),
    *(note(1, None), decided(1, "inquiries.not-ours")),
    *(note(2, None, outcome="escalate"), handed_on(2)),
    *(note(0, "tax", "repeated"), note(1, "tax", "late")),
    *(copy(5, 0.5), note(5, "tax", source="audit", chance=0.5)),
    copy(6, 0.25),
    note(6, "roads", source="audit", corrected=True, chance=0.25),
    decided(6, "d.roads", "inquiries.audit"),
    note(7, "tax", source="audit", outcome="escalate", chance=0.5),
)
SAID: tuple[Verdict, ...] = (*("counted",) * 6, "repeated", "late")


def way_back(*records: ARecord) -> WayBack:
    return outcome_of(*records, published=0, desk=a_desk({}, 8, *SAID)).back


def test_what_people_decide_is_accounted_for() -> None:
    """Where each decision arrived once where it should, and each judgement has its note, all is."""
    back = way_back(*BACK)
    assert back.complete
    assert back.exact
    assert back.by_topic == {"d.roads": 2, "inquiries.not-ours": 1, "review": 1}


def test_figures_may_be_asked_for_twice() -> None:
    """What is written to a file is no longer counted otherwise on the screen after it."""
    outcome = outcome_of(*BACK, published=0, desk=a_desk({}, 8, *SAID))
    assert outcome.summary() == outcome.summary()
    assert outcome.accounted
    assert outcome.summary()["back"]["escalated"] == 1


@pytest.mark.parametrize("lacking", range(len(BACK)))
def test_what_lacks_on_the_way_back_is_seen(lacking: int) -> None:
    """Without a note or a delivery it is not accounted for."""
    if BACK[lacking].topic != "inquiries.audit":
        assert not way_back(*BACK[:lacking], *BACK[lacking + 1 :]).exact


@pytest.mark.parametrize(
    "more",
    [
        decided(0, "d.roads"),
        decided(0, "d.tax"),
        handed_on(2),
        note(0, "tax"),
        rejected(1, by="inquiries.judged"),
    ],
)
def test_what_comes_back_twice_or_not_at_all_is_seen(more: ARecord) -> None:
    """A second delivery or note, and a judgement among the dead letters, are not accounted for."""
    assert not way_back(*BACK, more).exact


def test_what_waits_for_people_is_waited_for() -> None:
    """The demo goes on until all on review was seen, what was handed on and the copies, too."""
    desk = a_desk({}, 1)
    outcome = outcome_of(*FOUR, copy(5, 0.5), published=4, desk=desk)
    assert outcome.all_out
    assert not outcome.complete
    desk.taken += 1
    assert outcome.complete


def test_decisions_say_how_right_the_model_is() -> None:
    """On review its first choice is theirs or not; copies count by the inverse of their chance."""
    back = way_back(*BACK)
    assert agreement_of(back.notes) == (0, 2)
    precision = precision_of(back.notes)
    assert precision
    assert precision.judged == 2
    assert precision.value == pytest.approx(2 / (2 + 4))
    of_review = [each for each in back.notes if each.record.topic == "review"]
    assert precision_of(of_review) is None


def test_what_went_by_itself_is_held_against_the_truth() -> None:
    """Of what went by itself and has a truth it is counted how many are right."""
    truths = {"q-1": Truth("department", "tax"), "q-3": Truth("not-ours"), "q-9": Truth("escalate")}
    desk = a_desk(truths, 1)
    outcome = outcome_of(*FOUR, routed(9, "d.tax"), published=9, desk=desk)
    assert (outcome.right, outcome.known) == (1, 2)


def judged(offset: int, by: str) -> ARecord:
    """Return a judgement as the desk publishes it."""
    judgement = {
        "id": f"{offset}-{by}",
        "record": {"partition": 0, "offset": offset, "event_id": f"e/{offset}"},
        "outcome": "department",
        "department": "tax",
        "mode": "blind",
        "seconds": 1.0,
        "by": by,
        "at": "2026-11-24T12:00:00Z",
    }
    headers = (("ce_id", b"j"), ("ce_type", JUDGED.encode()), ("ce_specversion", b"1.0"))
    return ARecord("inquiries.judged", json.dumps(judgement).encode(), headers)


def test_what_people_said_at_the_desk_tells_what_has_to_come_of_it() -> None:
    """The first of a place counts, the same again repeats it, another one is late."""
    people = PeopleAtDesk("inquiries.judged", {})
    said = [judged(0, "ann"), judged(1, "ann"), judged(0, "ann"), judged(1, "ben")]
    assert all(people.note(each) for each in said)
    assert not people.note(note(0, "tax"))
    assert people.verdicts == {"counted": 2, "repeated": 1, "late": 1}
    records = (*FOUR, note(0, "tax"), decided(0, "d.tax"), note(1, "tax"), decided(1, "d.tax"))
    late = (note(0, "tax", "repeated"), note(1, "tax", "late"))
    outcome = outcome_of(*records, *late, published=4, desk=people)
    assert outcome.complete
    assert outcome.accounted
    assert not outcome_of(*records, late[0], published=4, desk=people).complete
    assert "Of 1 on review you sent 2 to a department" in shown(outcome)


def test_a_decision_is_told_in_a_line() -> None:
    """Which inquiry, where it went, what became of it and how it was judged; of no other topic."""
    lines: list[str] = []
    decisions = Decisions(INSTALLATION, lines.append)
    waiting = routed(7, "review", "rule")
    for record in (
        waiting,
        classified(7),
        note(0, "roads"),
        note(0, "tax", "late"),
        note(1, None),
        note(5, "tax", source="audit"),
        note(6, "roads", source="audit", corrected=True),
    ):
        decisions.note(record)
    assert lines == [
        "q-7  to d.roads  counted, judged blind",
        "q-7  nothing was done  late, judged blind",
        "review/0/1  to inquiries.not-ours  counted, judged blind",
        "audit/0/5  went by itself, and stays where it is  counted, judged blind",
        "audit/0/6  to d.roads  counted, judged blind",
    ]


def shown(outcome: Outcome) -> str:
    console = Console(file=StringIO(), width=1_000)
    with console.capture() as capture:
        show_table(console, outcome)
        show_way_back(console, outcome, 0.95)
    return capture.get()


def test_the_way_back_is_said_in_figures() -> None:
    """Who was sent where, what did nothing, and how right the model is, beside its promise."""
    desk = a_desk({}, 8, *SAID)
    text = shown(outcome_of(*FOUR, *BACK, published=4, desk=desk))
    assert re.search(r"^d\.roads +2$", text, flags=re.MULTILINE)
    assert re.search(r"^review +1 +1$", text, flags=re.MULTILINE)
    assert "sent 1 to a department, found 1 not ours and handed on 1: each was done" in text
    assert "1 double clicks and 1 second opinions" in text
    assert "theirs in 0 of 2" in text
    assert "judged 2 copies" in text
    assert "promises 0.95. 1 were sent on" in text
    assert "NOT EACH" not in text


def test_trouble_on_the_way_back_is_said() -> None:
    """What was not done once is said out loud, and what nobody judged says what to give."""
    desk = a_desk({}, 8, *SAID)
    assert "NOT EACH WAS DONE ONCE" in shown(outcome_of(*FOUR, *BACK[1:], published=4, desk=desk))
    assert "1 wait on review" in shown(outcome_of(*FOUR, published=4))
    assert "--truths FILE" in shown(outcome_of(*FOUR, published=4))
