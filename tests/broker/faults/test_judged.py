import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.messages.codec import Judged, routed
from services.messages.events import ROUTED, Routed
from services.messages.examples import example_of
from services.messages.judgement import Place
from services.messages.record import Output
from services.messages.rejection import RejectedError
from services.settler.settle import Addresses, settle_records
from services.settler.state import Draft, Settlements
from tests.broker.desk import Waiting, a_judgement
from tests.broker.faults.judged import Log, Misjudged, account
from tests.broker.faults.people import UNKNOWN
from tests.records import ARecord

NOW = datetime(2026, 11, 2, 10, 4, tzinfo=UTC)
TOPICS = {"home-office": "d.home-office", "not-ours": "not-ours", "escalate": "review"}
ADDRESSES = Addresses({"home-office": "d.home-office"}, "not-ours", "review", "settled")


def a_waiting(offset: int) -> ARecord:
    headers = (("ce_id", b"e/%d" % offset), ("ce_type", ROUTED.encode()), ("trace", b"t"))
    complete = (*headers, ("ce_specversion", b"1.0"), ("ce_source", b"/router"))
    value = json.dumps(example_of(Routed)).encode()
    return ARecord(value, complete, b"case-1", "review", 0, offset)


REVIEW = [a_waiting(offset) for offset in range(4)]


def says(number: int, offset: int, who: int = 1, **fields: object) -> ARecord:
    waiting = Waiting("review", 0, offset, f"e/{offset}", b"case-1", b"")
    said = a_judgement(waiting, who, id=f"judgement-{number}", **fields)
    return ARecord(json.dumps(said).encode(), (), None, "judged", 0, 0)


def a_log() -> Log:
    """Return what a sound settler leaves of judgements of every kind."""
    said = [
        says(1, 0, department=UNKNOWN),
        says(2, 0),
        says(3, 1),
        says(4, 2, outcome="not-ours", department=None),
        says(5, 3, outcome="escalate", department=None),
        says(2, 0),
        says(6, 1, who=2),
    ]
    judged = [each._replace(offset=offset) for offset, each in enumerate(said)]
    places = [
        Place(partition=0, offset=each.offset, event_id=f"e/{each.offset}") for each in REVIEW
    ]
    originals = {
        place: Judged(each, routed["review"].read(each))
        for place, each in zip(places, REVIEW, strict=True)
    }
    draft = Draft(Settlements({"review": 0, "audit": 0}))
    results = settle_records(judged, draft, originals, ADDRESSES, NOW)
    outputs = [each for result in results if isinstance(result, list) for each in result]
    return Log(
        review=REVIEW,
        judged=judged,
        delivered=written(each for each in outputs if each.topic != "settled"),
        letters=[
            a_letter(record, result)
            for record, result in zip(judged, results, strict=True)
            if isinstance(result, RejectedError)
        ],
        settled=written(each for each in outputs if each.topic == "settled"),
    )


def written(outputs: Iterable[Output]) -> list[ARecord]:
    return [
        ARecord(each.value, tuple(each.headers), each.key, each.topic, 0, offset)
        for offset, each in enumerate(outputs)
    ]


def a_letter(record: ARecord, why: RejectedError) -> ARecord:
    headers = (
        ("rejected-partition", b"%d" % record.partition),
        ("rejected-offset", b"%d" % record.offset),
        ("rejected-reason", why.reason.encode()),
    )
    return record._replace(headers=headers)


def test_what_a_sound_settler_leaves_is_found_sound() -> None:
    """Unknown departments, second clicks, late people and every outcome are as they have to be."""
    assert account(a_log(), TOPICS) == Misjudged()


def altered(record: ARecord) -> ARecord:
    return record._replace(value=(record.value or b"").replace(b" ", b"", 1))


@pytest.mark.parametrize(
    ("harm", "finds"),
    [
        (lambda log: replace(log, delivered=log.delivered[1:]), "lost"),
        (lambda log: replace(log, delivered=[*log.delivered, log.delivered[0]]), "doubled"),
        (lambda log: replace(log, delivered=[*map(altered, log.delivered)]), "altered"),
        (
            lambda log: replace(log, delivered=[e._replace(key=b"x") for e in log.delivered]),
            "altered",
        ),
        (
            lambda log: replace(log, delivered=[e._replace(topic="x") for e in log.delivered]),
            "altered",
        ),
        (
            lambda log: replace(
                log,
                delivered=[
                    e._replace(headers=tuple(h for h in e.headers if h[0] != "trace"))
                    for e in log.delivered
                ],
            ),
            "altered",
        ),
        (
            lambda log: replace(
                log, delivered=[e._replace(offset=-e.offset) for e in log.delivered]
            ),
            "out_of_order",
        ),
        (lambda log: replace(log, settled=log.settled[1:]), "misnoted"),
        (lambda log: replace(log, settled=[*log.settled, log.settled[-1]]), "misnoted"),
        (lambda log: replace(log, letters=[]), "misnoted"),
        (lambda log: replace(log, letters=[*map(altered, log.letters)]), "misnoted"),
    ],
    ids="lost doubled bytes key topic header order unnoted noted-twice no-letter letter".split(),
)
def test_what_is_not_as_it_has_to_be_is_found(harm: Callable[[Log], Log], finds: str) -> None:
    """One inquiry, note or dead letter that is wrong shows as what is wrong with it."""
    found = vars(account(harm(a_log()), TOPICS))
    assert {name for name, places in found.items() if places} == {finds}
