import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from services.errors import ConfigurationError
from services.local.examples import EXAMPLES, read_lines
from services.local.reviewers.desk import Desk
from services.local.reviewers.judging import (
    MODES,
    Reviewers,
    Waiting,
    random_for,
    waiting_of,
)
from services.local.reviewers.pace import Pace
from services.local.reviewers.truths import (
    ESCALATE,
    NOT_OURS,
    Truth,
    read_truths,
    truths_of_examples,
)
from services.messages.codec import ESCALATED_HEADER
from services.messages.events import ROUTED, SAMPLED, Routed
from services.messages.examples import example_of
from services.messages.judgement import Judgement, Place, Source
from tests.broker.exactly_once import Sent
from tests.broker.inquiries import rejection_of
from tests.records import ARecord
from tests.unit.test_load import Time
from tests.unit.test_settle import a_place, notes, settle

DEPARTMENTS = ("tax", "roads", "schools")
TAX = Truth("department", "tax")
AT = datetime(2026, 11, 2, 10, 4, tzinfo=UTC)
MANY = 10_000


def a_waiting(number: int = 1, source: Source = "review", **fields: Any) -> Waiting:
    place = Place(topic=source, partition=0, offset=number, event_id=f"e/0/{number}")
    return Waiting(place, f"q-{number}", "roads")._replace(**fields)


def said_of(
    waiting: Waiting, truth: Truth = TAX, *, seed: int = 0, reviewers: Reviewers | None = None
) -> list[Judgement]:
    reviewers = reviewers or Reviewers(DEPARTMENTS)
    return reviewers.judgements_of(waiting, truth, random_for(seed, waiting.place), AT)


def all_said(**fields: Any) -> Iterator[list[Judgement]]:
    return (said_of(a_waiting(number), **fields) for number in range(MANY))


def test_rates_are_those_that_were_asked_for() -> None:
    """Of 10,000 inquiries so many are judged wrongly, clicked twice and judged by a second one."""
    said = [*all_said(reviewers=Reviewers(DEPARTMENTS, wrong=0.2, double=0.1, late=0.05))]
    wrong = sum(each[0].department != "tax" for each in said)
    double = sum(each.count(each[0]) == 2 for each in said)
    late = sum(each[-1].id != each[0].id for each in said)
    for found, share in ((wrong, 0.2), (double, 0.1), (late, 0.05)):
        assert found / MANY == pytest.approx(share, abs=4 * (share * (1 - share) / MANY) ** 0.5)


def test_without_errors_the_truth_is_said_once() -> None:
    """Where nobody errs, clicks twice or comes late, the truth is said, and once."""
    for truth in (TAX, NOT_OURS, ESCALATE):
        [only] = said_of(a_waiting(), truth, reviewers=Reviewers(DEPARTMENTS, 0, 0, 0))
        assert (only.outcome, only.department) == truth


@pytest.mark.parametrize("truth", [TAX, NOT_OURS, ESCALATE])
def test_a_wrong_answer_is_any_other(truth: Truth) -> None:
    """Who errs says each of the other answers as often, and never the truth."""
    said = all_said(truth=truth, reviewers=Reviewers(DEPARTMENTS, wrong=1))
    answers = Counter((each[0].outcome, each[0].department) for each in said)
    others = {NOT_OURS, *(Truth("department", each) for each in DEPARTMENTS)} - {truth}
    assert answers.keys() == others
    assert min(answers.values()) > 0.9 * MANY / len(others)


def test_a_second_person_is_another_with_an_answer_of_their_own() -> None:
    """What comes late has another id and author; a double click is the same to the letter."""
    both = Reviewers(DEPARTMENTS, wrong=0.5, double=1, late=1)
    differ = 0
    for first, again, late in all_said(reviewers=both):
        assert again == first
        assert late.id != first.id
        assert late.by != first.by
        differ += late.department != first.department
    assert 0.5 < differ / MANY < 0.75


def test_what_is_said_follows_from_seed_and_event_alone() -> None:
    """The same seed says the same of an inquiry, whatever was judged before it; another differs."""
    once = [said_of(a_waiting(number)) for number in range(100)]
    backwards = [said_of(a_waiting(number)) for number in reversed(range(100))]
    assert once == backwards[::-1]
    assert once != [said_of(a_waiting(number), seed=1) for number in range(100)]


def test_how_they_judge_is_plausible() -> None:
    """A fifth judges blind, a twentieth is shown the model's choice; most take under a minute."""
    first = [each[0] for each in all_said()]
    modes = Counter(each.mode for each in first)
    for mode, share in MODES.items():
        assert modes[mode] / MANY == pytest.approx(share, abs=0.02)
    seconds = sorted(each.seconds for each in first)
    assert 20 < seconds[MANY // 2] < 30
    assert seconds[0] > 0
    assert seconds[int(0.9 * MANY)] < 60


def test_what_was_escalated_is_left_to_somebody_else() -> None:
    """An inquiry that is to be escalated is so once, and then waits for a real person."""
    one = a_waiting()
    assert said_of(one, ESCALATE)
    assert said_of(one._replace(escalated=True), ESCALATE) == []
    assert said_of(one._replace(escalated=True), TAX)


def test_what_went_by_itself_elsewhere_is_corrected() -> None:
    """Of a copy a person asks for a correction where another should have it, and only there."""
    truths = {"tax": TAX, "roads": Truth("department", "roads"), "not": NOT_OURS, "up": ESCALATE}
    exact = Reviewers(DEPARTMENTS, 0, 0, 0)

    def corrected(source: Source) -> list[str]:
        waiting = a_waiting(source=source)
        return [
            name
            for name, truth in truths.items()
            if said_of(waiting, truth, reviewers=exact)[0].correct
        ]

    assert corrected("audit") == ["tax", "not"]
    assert corrected("review") == []


def a_record(event_type: str = ROUTED, *headers: tuple[str, bytes], offset: int = 7) -> ARecord:
    own = (("ce_id", b"c/0/%d" % offset), ("ce_specversion", b"1.0"), ("ce_source", b"/r"))
    value = json.dumps(example_of(Routed)).encode()
    named = (*own, ("ce_type", event_type.encode()), *headers)
    return ARecord(value, named, topic="review", partition=0, offset=offset)


def test_what_waits_is_told_without_its_words() -> None:
    """Of a record is known where it lies, whose it is and whether somebody handed it on."""
    waiting = waiting_of(a_record(), "review")
    assert waiting
    assert waiting.place == Place(partition=0, offset=7, event_id="c/0/7")
    assert (waiting.inquiry, waiting.escalated) == ("crm-2026-004711", False)
    assert "crm" not in repr(waiting)
    escalated = waiting_of(a_record(ROUTED, (ESCALATED_HEADER, b"1")), "review")
    assert escalated
    assert escalated.escalated
    assert waiting_of(a_record(SAMPLED), "review") is None
    assert waiting_of(a_record()._replace(headers=()), "review") is None


def a_desk(truths: dict[str, Truth], **shares: float) -> Desk:
    return Desk({"review": "review"}, Reviewers(DEPARTMENTS, **shares), truths, 0, lambda: AT)


def test_the_desk_counts_what_has_to_become_of_it() -> None:
    """Of all that is said one of an inquiry counts, and it is counted what the others are."""
    desk = a_desk({"crm-2026-004711": TAX}, wrong=0, double=1, late=1)
    said = [each for offset in range(5) for each in desk.judge(a_record(offset=offset))]
    assert (desk.taken, desk.judged, desk.said) == (5, 5, len(said)) == (5, 5, 15)
    assert desk.verdicts == {"counted": 5, "repeated": 5, "late": 5}
    assert desk.outcomes == {"department": 5}


def test_the_settler_does_what_the_desk_expects() -> None:
    """Each inquiry has one note that counts; double clicks repeat it, others are late."""
    reviewers = Reviewers(("tax", "roads"), double=0.3, late=0.3)
    expected: Counter[str] = Counter()
    records = []
    for offset in range(500):
        place = a_place(offset, "audit" if offset % 5 == 0 else "review")
        said = reviewers.judgements_of(Waiting(place, "q", "tax"), TAX, Random(offset), AT)
        expected["counted"] += 1
        expected.update("repeated" if each.id == said[0].id else "late" for each in said[1:])
        records += [ARecord(msgspec.json.encode(each), partition=3) for each in said]
    settled = [*notes(settle(*records))]
    assert Counter(each.verdict for each in settled) == expected
    assert len({each.key for each in settled if each.verdict == "counted"}) == 500
    assert all(each.first_by != each.by for each in settled if each.verdict == "late")


def test_what_no_truth_is_known_of_is_left_alone() -> None:
    """Inquiries that are not in the file, and what is no inquiry, are counted and not judged."""
    desk = a_desk({"another": TAX})
    assert desk.judge(a_record()) == []
    assert desk.judge(a_record()._replace(value=b"{}")) == []
    assert desk.left.total() == 2
    assert desk.left["without a truth"] == 1
    assert (desk.taken, desk.said) == (2, 0)


def a_file(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "truths.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_truths_are_read_by_the_id_of_an_inquiry(tmp_path: Path) -> None:
    """A department, none of ours, or somebody else; more in a line, or a line twice, is no harm."""
    path = a_file(
        tmp_path,
        {"id": "a", "department": "tax", "note": 1},
        {"id": "b", "department": ""},
        {"id": "c", "escalate": True},
        {"id": "a", "department": "tax"},
    )
    assert read_truths(path, DEPARTMENTS) == {"a": TAX, "b": NOT_OURS, "c": ESCALATE}


MARK = "Zebedee"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({"id": MARK}, "is no truth"),
        ({"id": MARK, "departement": "tax"}, "is no truth"),
        ({"department": "tax"}, "is no truth"),
        ({"id": MARK, "department": "tax", "escalate": True}, "is no truth"),
        ([MARK], "is no truth"),
        ({"id": MARK, "department": MARK}, "not in the routing table"),
        ({"id": "first", "department": "roads"}, "keep one of them"),
    ],
)
def test_a_line_that_says_nothing_is_named_by_its_number(
    tmp_path: Path, line: object, sentence: str
) -> None:
    """What is no truth is refused by the line's number, with none of its words."""
    path = a_file(tmp_path, {"id": "first", "department": "tax"}, line)
    with pytest.raises(ConfigurationError, match=f"^Line 2 of .*{sentence}") as refused:
        read_truths(path, DEPARTMENTS)
    assert MARK not in str(refused.value)


def test_a_file_of_truths_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is named as what it should have been."""
    with pytest.raises(ConfigurationError, match=r"none\.jsonl cannot be read .* truths"):
        read_truths(tmp_path / "none.jsonl", DEPARTMENTS)


def test_every_example_that_can_be_read_has_its_truth() -> None:
    """Each example says what is right for it; those for a person first are for somebody else."""
    lines = read_lines(EXAMPLES)
    named = [msgspec.json.decode(line) for line in lines if not rejection_of(Sent(line))]
    labels = {each["attributes"]["example"] for each in named}
    truths = truths_of_examples(lines, labels - {"nobody", "danger", "discrimination", "unclear"})
    assert truths.keys() >= {each["id"] for each in named}
    assert Counter(each.outcome for each in truths.values()) == {
        "department": 251,
        "not-ours": 16,
        "escalate": 28,
    }


async def test_a_pace_is_kept_and_not_caught_up_with() -> None:
    """At sixty a minute one a second is judged; after a pause they do not come all at once."""
    time = Time()
    pace = Pace(60, time, time.sleep)
    at = []
    for pause in (0, 0, 0, 10, 0):
        time.now += pause
        await pace.wait()
        pace.take()
        at.append(time())
    assert at == [0, 1, 2, 12, 13]
    for _ in range(3):  # what is left alone takes no time of its own
        await pace.wait()
    assert time() == 14
