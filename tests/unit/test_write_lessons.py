import errno
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pytest
from msgspec import Struct

from services.errors import ConfigurationError, TriageError
from services.messages.events import ROUTED, SAMPLED, Routed, SampledInquiry
from services.messages.examples import example_of
from services.messages.judgement import Settled, Source
from services.messages.lesson import Kind, Lesson
from services.messages.rejection import RejectedError, Rejection
from services.operate.lessons.command import Found, check_any, described, window_of
from services.operate.lessons.join import NO_LESSON, Learnt, Without, join
from services.operate.lessons.lines import Lines
from services.operate.lessons.notes import Decisions, Window
from services.operate.lessons.writing import draft_beside, new_file
from tests.records import ARecord

SINCE = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 28, tzinfo=UTC)
TEXT = "Zebedee has no home"


def a_note(
    place: dict[str, Any] | None = None, headers: tuple[tuple[str, bytes], ...] = (), **fields: Any
) -> ARecord:
    """Return a note that counted, with some fields set otherwise; those that are None lack."""
    note = {
        **example_of(Settled),
        "record": a_place(**(place or {})),
        "verdict": "counted",
        "outcome": "department",
        "department": "tax",
        "mode": "blind",
        "at": "2026-11-02T10:03:59.500Z",
        "settled_at": "2026-11-02T10:04:00Z",
        **fields,
    }
    left = {name: value for name, value in note.items() if value is not None}
    where = left["record"]
    key = f"{where['topic']}/{where['partition']}/{where['offset']}".encode()
    return ARecord(json.dumps(left).encode(), headers, key, "settled", where["partition"])


def a_place(topic: Source = "review", offset: int = 7, event_id: str = "e/3/7") -> dict[str, Any]:
    return {"topic": topic, "partition": 3, "offset": offset, "event_id": event_id}


def an_inquiry(
    source: Source = "review", offset: int = 7, event_id: str = "e/3/7", **members: Any
) -> ARecord:
    """Return an inquiry as it lies on the topic of reviews or of copies."""
    of: dict[Source, tuple[str, type[Struct]]] = {
        "review": (ROUTED, Routed),
        "audit": (SAMPLED, SampledInquiry),
    }
    event_type, struct = of[source]
    example = example_of(struct)
    body = {name: {**value, **members.get(name, {})} for name, value in example.items()}
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_type", event_type.encode()),
        ("ce_id", event_id.encode()),
    )
    return ARecord(json.dumps(body).encode(), headers, None, source, 3, offset)


def decided(*notes: ARecord, until: datetime | None = None) -> Decisions:
    decisions = Decisions(Window(SINCE, until))
    assert [decisions.read(each) for each in notes] == [None] * len(notes)
    return decisions


def lesson_from(record: ARecord, decisions: Decisions, source: Source = "review") -> Lesson:
    joined = join(record, source, decisions)
    assert isinstance(joined, Learnt)
    return joined.lesson


def test_a_lesson_has_what_was_written_and_what_was_decided() -> None:
    """Text with its subject, department, day and mode, and what the model had said of it."""
    inquiry = {"subject": "Pension", "text": TEXT, "channel": "email", "language": "en-GB"}
    lesson = lesson_from(an_inquiry(inquiry=inquiry), decided(a_note()))
    assert lesson == Lesson(
        text=f"Pension\n{TEXT}",
        department="tax",
        at="2026-11-02T10:03:59Z",
        kind="review",
        mode="blind",
        channel="email",
        language="en",
        suggested="department-for-work-pensions",
        probability=0.97,
        model="uk-departments 1",
    )


@pytest.mark.parametrize(
    ("source", "route", "kind", "weight"),
    [
        ("review", {}, "review", 1.0),
        ("review", {"reason": "returned"}, "returned", 1.0),
        ("review", {"reason": "a reason of later"}, "review", 1.0),
        ("audit", {}, "audit", 50.0),
    ],
)
def test_the_kind_is_told_by_where_it_lies_and_why(
    source: Source, route: dict[str, str], kind: Kind, weight: float
) -> None:
    """Copies stand for the inverse of their chance, whoever noted it or not; the rest for one."""
    sample = {"chance": 0.02}
    record = an_inquiry(source, route=route, sample=sample)
    lesson = lesson_from(record, decided(a_note({"topic": source})), source)
    assert (lesson.kind, lesson.weight) == (kind, weight)


def test_what_is_for_nobody_has_no_department() -> None:
    """An inquiry that is not ours is a lesson without a label."""
    note = a_note(outcome="not-ours", department=None)
    assert not lesson_from(an_inquiry(), decided(note)).department


def test_what_was_handed_on_is_no_lesson() -> None:
    """Who escalates has decided nothing."""
    decisions = decided(a_note(outcome="escalate", department=None))
    assert (len(decisions), decisions.escalated) == (0, 1)
    assert join(an_inquiry(), "review", decisions) is None


@pytest.mark.parametrize("verdict", ["late", "repeated"])
def test_only_what_counted_is_a_lesson(verdict: str) -> None:
    """A double click and a second person's judgement teach nothing."""
    decisions = decided(a_note(), a_note(verdict=verdict, department="roads"))
    assert lesson_from(an_inquiry(), decisions).department == "tax"
    assert not len(decided(a_note(verdict=verdict)))


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        ("2026-10-31T23:59:59Z", False),
        ("2026-11-01T00:00:00Z", True),
        ("2026-11-01T00:59:59+01:00", False),
        ("2026-11-02T23:59:59Z", True),
        ("2026-11-03T00:00:00Z", False),
    ],
)
def test_lessons_are_of_the_time_that_is_asked_for(at: str, counts: bool) -> None:  # noqa: FBT001
    """From one moment on, and before another, by when they were decided."""
    note = a_note(at=at, settled_at="2026-11-09T00:00:00Z")
    assert len(decided(note, until=SINCE + timedelta(days=2))) == counts


def test_a_fast_clock_makes_no_lesson_of_tomorrow() -> None:
    """What a case system says of the future was decided when it was settled at the latest."""
    decisions = decided(a_note(at="2062-01-01T00:00:00Z"))
    assert lesson_from(an_inquiry(), decisions).at == "2026-11-02T10:04:00Z"


def test_of_a_place_that_is_noted_twice_the_last_note_counts() -> None:
    """As it would once Kafka has compacted the topic, also where that one is no lesson."""
    first, second = a_note(), a_note(department="roads")
    assert lesson_from(an_inquiry(), decided(first, second)).department == "roads"
    assert not len(decided(first, a_note(outcome="escalate", department=None)))
    assert not len(decided(first, a_note(at="2026-10-01T00:00:00Z")))


def test_a_note_that_was_deleted_is_no_lesson() -> None:
    """A record without a value takes the note with its key away, as Kafka does."""
    note = a_note()
    deleted = note._replace(value=None)
    assert not len(decided(note, deleted, deleted._replace(key=b"anything"), deleted))


LATER = (("ce_specversion", b"1.0"), ("ce_type", b"inquiry.settled.v2"))


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (a_note(headers=LATER), Rejection.UNSUPPORTED_VERSION),
        (a_note()._replace(value=TEXT.encode()), Rejection.NOT_JSON),
        (a_note()._replace(value=b""), Rejection.EMPTY_VALUE),
        (a_note(record={**a_place(), "topic": TEXT}), Rejection.WRONG_TYPE),
        (a_note(outcome=TEXT), Rejection.WRONG_TYPE),
        (a_note(outcome="not-ours", department=TEXT), Rejection.WRONG_TYPE),
        (a_note(department=None), Rejection.WRONG_TYPE),
        (a_note(mode=None), Rejection.MISSING_FIELD),
    ],
)
def test_a_note_that_cannot_be_read_is_told_by_its_reason(note: ARecord, reason: Rejection) -> None:
    """Notes of a later version, and what is none, end nothing and are not quoted."""
    decisions = Decisions(Window(SINCE))
    why = decisions.read(note)
    assert isinstance(why, RejectedError)
    assert why.reason == reason
    assert TEXT not in str(why)
    assert not len(decisions)


def test_what_a_later_version_adds_to_a_note_does_no_harm() -> None:
    """A reason or a member that is not known yet does not cost the lesson."""
    note = a_note(reason="of-later", sample={"chance": 0.5, "band": "other"}, more=[1])
    assert lesson_from(an_inquiry(), decided(note)).department == "tax"


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (an_inquiry(event_id="e/3/8"), "other-inquiry"),
        (an_inquiry()._replace(headers=()), "other-inquiry"),
        (an_inquiry()._replace(value=TEXT.encode()), "unreadable"),
        (an_inquiry()._replace(value=None), "unreadable"),
        (an_inquiry(inquiry={"text": " \n", "subject": None}), "no-words"),
        (an_inquiry(inquiry={"text": "NULL", "subject": None}), "no-words"),
    ],
)
def test_an_inquiry_that_cannot_be_learnt_from_is_told_by_its_reason(
    record: ARecord, why: str
) -> None:
    """Another event at the place, what cannot be read, and what has no words make no line."""
    joined = join(record, "review", decided(a_note()))
    assert isinstance(joined, Without)
    assert joined.why == why
    assert TEXT not in str(joined)


def test_what_nobody_decided_is_passed_by() -> None:
    """Another offset, partition or topic than was judged is nobody's business, readable or not."""
    decisions = decided(a_note())
    torn = an_inquiry()._replace(value=b"{")
    assert join(torn._replace(offset=8), "review", decisions) is None
    assert join(torn._replace(partition=4), "review", decisions) is None
    assert join(torn, "audit", decisions) is None


def test_a_channel_that_is_no_name_is_left_out() -> None:
    """What somebody wrote where the channel's name belongs would make a slice of one."""
    record = an_inquiry(inquiry={"channel": TEXT * 30})
    assert not lesson_from(record, decided(a_note())).channel


def learnt(kind: Kind, time: int, inquiry: int, weight: float = 1.0) -> Learnt:
    at = f"2026-11-{time:02}"
    return Learnt(
        Lesson(text="é\n", department="tax", at=at, kind=kind, weight=weight), time, inquiry
    )


def lines_of(*lessons: Learnt) -> Lines:
    lines = Lines(BytesIO())
    for each in lessons:
        lines.add(each)
    return lines


def test_lessons_stand_in_the_order_of_time() -> None:
    """However they lie on their topics, the newest stands last; those of one moment stay."""
    lines = lines_of(*(learnt("review", time, 10 * time) for time in (5, 3, 9, 1)))
    days = [msgspec.json.decode(each, type=Lesson).at for each in lines.in_order()]
    assert days == ["2026-11-01", "2026-11-03", "2026-11-05", "2026-11-09"]


def test_the_last_word_on_what_was_returned_is_the_lesson() -> None:
    """What was decided before a return is left out; audit copies stay, and other inquiries do."""
    lines = lines_of(
        learnt("review", 1, inquiry=1),
        learnt("returned", 2, inquiry=1),
        learnt("returned", 3, inquiry=1),
        learnt("review", 4, inquiry=1),
        learnt("audit", 1, inquiry=1, weight=50),
        learnt("review", 1, inquiry=2),
    )
    assert lines.kinds == {"review": 2, "returned": 1, "audit": 1}
    kept = [msgspec.json.decode(each, type=Lesson) for each in lines.in_order()]
    assert [(each.kind, each.at[-1]) for each in kept] == [
        ("audit", "1"),
        ("review", "1"),
        ("returned", "3"),
        ("review", "4"),
    ]
    assert lines.audits_stand_for == 50


def test_the_time_that_is_asked_for_has_been() -> None:
    """A day in the future, or that ends before it begins, is refused by what to give instead."""
    with pytest.raises(ConfigurationError, match="--since 2026-11-29 is in the future"):
        window_of(datetime(2026, 11, 29), None, NOW)  # noqa: DTZ001 - as the command line reads it
    with pytest.raises(ConfigurationError, match="--until 2026-11-01 is not later"):
        window_of(SINCE, SINCE, NOW)
    assert window_of(SINCE.replace(tzinfo=None), None, NOW) == Window(SINCE)


def test_what_came_of_the_notes_is_said_in_counts() -> None:
    """Each kind has its line, what audit copies stand for too, and each way to have no lesson."""
    found = Found(audits_stand_for=1_234.4, notes_unreadable=1)
    found.kinds.update(review=1_000, audit=20)
    found.without.update(gone=31, escalated=4)
    found.name(a_note(), RejectedError(Rejection.NOT_JSON, TEXT))
    assert [*described(found)] == [
        "settled/3/4711 cannot be read: not-json",
        "       1  notes cannot be read.",
        "       4  settled judgements handed the inquiry on to somebody else.",
        f"      31  settled judgements {NO_LESSON['gone']}.",
        "   1,000  review",
        "      20  audit, which stand for 1,234",
        "       0  returned",
    ]
    check_any(found, Window(SINCE))


def test_no_lesson_at_all_is_an_error_that_says_what_to_do() -> None:
    """Where nothing was decided, another time is to be given; where nothing is kept, keep it."""
    with pytest.raises(TriageError, match="since 2026-11-01: give another time"):
        check_any(Found(), Window(SINCE))
    gone = Found()
    gone.without["gone"] = 3
    with pytest.raises(TriageError, match=r"retention\.ms"):
        check_any(gone, Window(SINCE))


def write(path: Path, content: bytes = b"{}\n") -> None:
    with new_file(path) as file:
        file.write(content)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It holds what citizens wrote; nothing else is left beside it."""
    path = tmp_path / "lessons.jsonl"
    write(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*tmp_path.iterdir()] == [path]


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    """Neither before the work begins nor at its end, where somebody else has written it since."""
    path = tmp_path / "lessons.jsonl"
    with draft_beside(path):
        path.write_text("mine")
    for opened in (new_file, draft_beside):
        with pytest.raises(ConfigurationError, match="is there already"), opened(path):
            pass
    assert path.read_text() == "mine"
    assert [*tmp_path.iterdir()] == [path]


def stop(_: BinaryIO) -> None:
    raise KeyboardInterrupt


def no_room(file: BinaryIO) -> None:
    file.write(b"half")
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("fail", "raised"), [(stop, KeyboardInterrupt), (no_room, ConfigurationError)]
)
@pytest.mark.parametrize("opened", [new_file, draft_beside])
def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path,
    opened: Callable[[Path], AbstractContextManager[BinaryIO]],
    fail: Callable[[BinaryIO], None],
    raised: type[BaseException],
) -> None:
    """Whatever ends the writing leaves nothing behind, of what citizens wrote least of all."""
    with pytest.raises(raised), opened(tmp_path / "lessons.jsonl") as file:
        fail(file)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("opened", [new_file, draft_beside])
def test_a_folder_that_is_not_there_is_named(
    tmp_path: Path, opened: Callable[[Path], AbstractContextManager[BinaryIO]]
) -> None:
    """Where no file can be written, its name and the option are said before any work."""
    path = tmp_path / "none" / "lessons.jsonl"
    with pytest.raises(ConfigurationError, match=f"{path} cannot be written.*--out"), opened(path):
        pass
