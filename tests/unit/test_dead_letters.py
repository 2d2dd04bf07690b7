from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import ConfigurationError
from services.messages.dead_letter import REJECTED, write_rejected
from services.messages.record import Header, Output
from services.messages.rejection import RejectedError, Rejection
from services.operate.dead_letters.commands import described, listed
from services.operate.dead_letters.reading import (
    Filter,
    Location,
    WaitingLetter,
    letter_of,
    parse_location,
    waiting,
    wanted,
)
from services.operate.dead_letters.replay import note_of, record_of
from services.visible import visible
from tests.records import ARecord

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HEADERS = st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=8)), max_size=5)


def rejected(record: ARecord, reason: Rejection = Rejection.NOT_JSON, at: datetime = NOW) -> Output:
    return write_rejected(record, RejectedError(reason, "byte 0"), topic=REJECTED, by="/c", at=at)


def lying(output: Output, offset: int = 7, partition: int = 1) -> ARecord:
    """Return an output as it lies on its topic."""
    headers = tuple(output.headers)
    return ARecord(output.value, headers, output.key, output.topic, partition, offset)


def a_letter(record: ARecord, **changes: object) -> WaitingLetter:
    letter = letter_of(lying(rejected(record, **changes)))  # type: ignore[arg-type]
    assert letter is not None
    return letter


@given(st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=20), HEADERS)
def test_a_replayed_record_is_the_one_that_came(
    key: bytes | None, value: bytes | None, headers: list[Header]
) -> None:
    """Key, value and headers go back as they came, whatever they are; one header is added."""
    record = ARecord(value, tuple(headers), key)
    again = record_of(a_letter(record))
    assert (again.key, again.value) == (key, value)
    assert again.headers == [*headers, ("replayed-times", b"1")]
    assert again.topic == record.topic


def test_a_record_that_came_with_our_headers_keeps_them() -> None:
    """Headers of the record that are named like ours are the record's: ours are the last ones."""
    forged = (("rejected-reason", b"failed"), ("rejected-offset", b"-1"))
    letter = a_letter(ARecord(b"x", forged))
    assert letter.why.rejected_reason == Rejection.NOT_JSON
    assert letter.headers == [*forged]


def test_a_letter_says_how_often_it_was_rejected() -> None:
    """A record that is replayed and fails again says so, however often."""
    record = ARecord(b"x")
    for times in (1, 2, 3):
        letter = a_letter(record)
        assert letter.why.rejected_times == times
        again = record_of(letter)
        record = ARecord(again.value, tuple(again.headers), again.key)
    assert [name for name, _ in record.headers] == ["replayed-times"]


@pytest.mark.parametrize("forged", [b"-5", b"many", b"", b"9" * 400, None])
def test_a_forged_count_counts_nothing(forged: bytes | None) -> None:
    """A header of anybody's that is no count is not believed, and stops nothing."""
    assert a_letter(ARecord(b"x", (("replayed-times", forged),))).why.rejected_times == 1


def test_a_letter_that_was_replayed_waits_no_longer() -> None:
    """Letters wait until a note says that they were sent; nothing else on the topic matters."""
    first, second = (lying(rejected(ARecord(b"x")), offset=offset) for offset in (3, 4))
    letter = letter_of(first)
    assert letter is not None
    note = lying(note_of(letter, NOW), offset=5)
    stranger = ARecord(None, (("replayed-offset", b"4"),), None, REJECTED, 1, 6)
    found = waiting([first, second, note, stranger])
    assert [each.location for each in found] == [Location(REJECTED, 1, 4)]


def test_letters_of_two_topics_are_told_apart() -> None:
    """Where each service has a rejected topic of its own, a note is of a letter beside it alone."""
    ours = lying(rejected(ARecord(b"x")), offset=3)
    theirs = ours._replace(topic="router.rejected")
    letter = letter_of(ours)
    assert letter is not None
    note = lying(note_of(letter, NOW), offset=5)
    assert [each.location for each in waiting([ours, note, theirs])] == [
        Location("router.rejected", 1, 3)
    ]


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("1/7", Location(None, 1, 7)),
        ("inquiries.rejected/1/7", Location("inquiries.rejected", 1, 7)),
    ],
)
def test_a_letter_is_named_with_or_without_its_topic(text: str, location: Location) -> None:
    """A location reads as it is printed, and may leave the topic out where there is only one."""
    assert parse_location(text) == location
    assert str(location) == text
    assert location.means(Location("inquiries.rejected", 1, 7))


@pytest.mark.parametrize(
    ("kept", "taken"),
    [
        (Filter(), True),
        (Filter(reason=Rejection.NOT_JSON), True),
        (Filter(reason=Rejection.FAILED), False),
        (Filter(source="inquiries"), True),
        (Filter(source="/c"), True),
        (Filter(source="other"), False),
        (Filter(since=NOW, until=NOW + timedelta(1)), True),
        (Filter(until=NOW), False),
        (Filter(since=NOW + timedelta(1)), False),
        (Filter(location=Location(None, 1, 7)), True),
        (Filter(location=Location(None, 1, 8)), False),
        (Filter(location=Location(REJECTED, 1, 7)), True),
        (Filter(location=Location("other.rejected", 1, 7)), False),
    ],
)
def test_filters_take_what_they_say(kept: Filter, *, taken: bool) -> None:
    """A letter is meant by reason, by topic or service, by time, or by its location."""
    assert kept.takes(a_letter(ARecord(b"x"))) is taken


def test_a_letters_repr_shows_no_text() -> None:
    """What a citizen wrote does not show where a letter is printed by accident."""
    assert "Blodwen" not in repr(a_letter(ARecord(b"Blodwen", key=b"Blodwen")))


@pytest.mark.parametrize("text", ["", "3", "3/", "a/1", "3/-1", "a/b/3/4"])
def test_a_letter_that_is_not_named_is_refused(text: str) -> None:
    """A location is written as the list prints it, and anything else is one sentence."""
    with pytest.raises(ConfigurationError, match="triage rejected list"):
        parse_location(text)


def test_times_without_an_offset_are_utc() -> None:
    """Whoever types a time without an offset means UTC, as the list prints it."""
    since = wanted(None, None, datetime(2026, 11, 24, 12), None).since  # noqa: DTZ001 - the point
    assert since == NOW


def test_a_letter_gives_the_terminal_no_orders() -> None:
    """Escape codes in a value, a header or a reason are shown, and the ends of lines kept."""
    orders = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202e"
    value = f"{orders}\nŵ 😀\tline".encode() + b"\xff"
    came = a_letter(ARecord(value, ((f"name{orders}", orders.encode()),)))
    forged = msgspec.structs.replace(came.why, rejected_detail=orders, rejected_by=orders)
    letter = came._replace(why=forged)
    lines = [*listed(letter, show_text=True), *described(letter, show_text=True)]
    shown = "\n".join(lines)
    assert shown.replace("\n", "").replace("\t", "").isprintable()
    assert r"\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202e" in shown
    assert "\nŵ 😀\tline\\xff" in shown


@pytest.mark.parametrize("text", ["", "tŷ 👩‍👩‍👧 l’été", "حكومة"])
def test_what_gives_no_orders_is_shown_as_it_is(text: str) -> None:
    """Letters of any script, and emoji made of several characters, stay as they are."""
    assert visible(text) == text


def test_half_a_surrogate_pair_can_be_printed() -> None:
    """What no terminal could take at all is escaped as well."""
    assert visible("a\ud800") == "a\\ud800"
