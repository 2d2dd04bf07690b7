import json
from typing import Any, NamedTuple

from services.classifier.settings import ClassifierSettings
from services.desk.settings import DeskSettings
from services.kafka.settings import KafkaSettings
from services.local.demo.outcome import LINE, Outcome
from services.local.exactly_once import Account
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


def routed(line: int, topic: str, reason: str = "confident") -> ARecord:
    route = {"topic": topic, "reason": reason, "priority": "normal", "table": "1"}
    route["routed_at"] = "2026-11-24T12:00:00Z"
    return ARecord(topic, json.dumps({"route": route}).encode(), ((LINE, b"%d" % line),))


def rejected(line: int, *, by: str = "in", reason: bytes = b"not-json") -> ARecord:
    own = (("rejected-reason", reason), ("rejected-topic", by.encode()))
    return ARecord("rejected", b"", ((LINE, b"%d" % line), *own))


def classified(line: int) -> ARecord:
    return ARecord("classified", b"", ((LINE, b"%d" % line),))


def outcome_of(*records: Any, published: int) -> Outcome:
    outcome = Outcome(INSTALLATION, Account(range(1, published + 1)))
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
