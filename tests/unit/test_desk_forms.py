from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.desk.interface import Choice, DepartmentName, Item, Marked
from services.desk.pages.addresses import address_of, after, both, item_of, position_of
from services.desk.pages.choices import radios
from services.desk.pages.forms import Filled, FormError, choice_of, filled_in, filled_with
from services.desk.pages.rows import share
from services.desk.pages.times import clock_time, for_how_long, said
from services.desk.pages.words import language_attribute, pieces

LABELS = {"home-office", "cabinet-office"}
SIGNPOSTS = ["The police"]
positions = st.dictionaries(st.integers(0, 99_999), st.integers(0, 10**18 - 1), max_size=20)


@pytest.mark.parametrize(
    "choice",
    [
        Choice("j", "department", department="home-office"),
        Choice("j", "department", department="home-office", correct=True),
        Choice("j", "not-ours"),
        Choice("j", "not-ours", signpost="The police"),
        Choice("j", "not-ours", signpost="My neighbour"),
        Choice("j", "escalate"),
    ],
    ids=str,
)
def test_a_choice_that_is_shown_again_is_the_same_choice(choice: Choice) -> None:
    """The fields that a choice fills in make that very choice when they are sent."""
    assert choice_of(filled_with(choice, SIGNPOSTS), LABELS) == choice


@pytest.mark.parametrize(
    ("filled", "sentence"),
    [
        (Filled("j"), "Choose a department"),
        (Filled("j", "to:gone"), "has left the routing table"),
        (Filled("j", "home-office"), "Choose a department"),
        (Filled("", "to:home-office"), "came without its number"),
        (Filled("j" * 101, "to:home-office"), "came without its number"),
        (Filled("j", "not-ours", other="x" * 501), "501 are too many"),
    ],
)
def test_a_form_that_makes_no_choice_says_what_to_do(filled: Filled, sentence: str) -> None:
    """What cannot be sent is answered in one sentence."""
    with pytest.raises(FormError, match=sentence):
        choice_of(filled, LABELS)


def test_own_words_count_before_the_list() -> None:
    """Whoever writes who can help instead means that, whatever the list says."""
    filled = filled_in(
        {"judgement": "j", "choice": "not-ours", "signpost": "The police", "other": " My aunt "}
    )
    assert choice_of(filled, LABELS).signpost == "My aunt"


def test_what_a_person_wrote_is_in_no_repr() -> None:
    """Neither a form nor a choice shows its signpost, nor a text its words."""
    filled = Filled("j", "not-ours", "Blodwen", "Blodwen")
    choice = choice_of(filled, LABELS)
    shown = repr([filled, choice, Marked("Blodwen", "danger"), *pieces("Blodwen\x00")])
    assert "Blodwen" not in shown


@given(positions)
def test_an_address_keeps_a_position(position: dict[int, int]) -> None:
    """What an address says of the log is read back as it was."""
    _, _, written = after("/", position).partition("?after=")
    assert position_of(written) == position


@given(st.text())
def test_any_position_is_read(written: str) -> None:
    """Whatever somebody puts into an address, a page comes of it."""
    assert all(offset >= 0 for offset in position_of(written).values())


def test_of_two_positions_the_later_counts() -> None:
    """A page waits for all that was done on the way to it."""
    assert both({0: 5, 1: 2}, {0: 3, 2: 1}) == {0: 5, 1: 2, 2: 1}


@pytest.mark.parametrize(
    "parts",
    [("judged", "0", "1"), ("review", "-1", "1"), ("review", "0", "9" * 5000), ("audit", "٣", "1")],
)
def test_an_address_of_no_inquiry_names_none(parts: tuple[str, str, str]) -> None:
    """A source, partition or offset that there cannot be is no inquiry."""
    assert item_of(dict(zip(("source", "partition", "offset"), parts, strict=True))) is None


def test_an_inquiry_is_found_by_its_address() -> None:
    """An inquiry's address leads to that inquiry."""
    item = Item("audit", 3, 41)
    _, _, source, partition, offset = address_of(item).split("/")
    assert item_of({"source": source, "partition": partition, "offset": offset}) == item


def test_choices_stand_by_name_each_with_its_key() -> None:
    """The order is the alphabet's, whatever the table's, and keys go by the place in it."""
    names = [
        DepartmentName(str(number), name) for number, name in enumerate("zebra Ant cat".split())
    ]
    found = radios(names, by_itself=False)
    assert [
        (each["value"], each["attributes"]["data-key"]) for each in found if "value" in each
    ] == [
        ("to:1", "1"),
        ("to:2", "2"),
        ("to:0", "3"),
        ("escalate", "e"),
        ("not-ours", "n"),
    ]


def test_no_two_choices_share_a_key() -> None:
    """A table of a hundred departments has choices without a key, and none with another's."""
    names = [DepartmentName(f"d{number}", f"D {number:03}") for number in range(100)]
    found = radios(names, by_itself=False)
    keys = [each["attributes"].get("data-key") for each in found if "value" in each]
    given_out = [key for key in keys if key]
    assert len(given_out) == len(set(given_out)) == 34
    assert not {"s", "u", "/"} & set(given_out)


def test_what_went_by_itself_is_not_passed_on() -> None:
    """Of a copy for the audit nobody can say that somebody else has to decide: nobody would."""
    values = [each.get("value") for each in radios([], by_itself=True)]
    assert "escalate" not in values


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\rc\n\td", [("a\nb\nc\n\td", False)]),
        ("\x1b[2J", [("\\x1b", True), ("[2J", False)]),
        ("\x00\x00a", [("\\x00\\x00", True), ("a", False)]),
        ("a\u202eb", [("a", False), ("\\u202e", True), ("b", False)]),
        ("", [("", False)]),
    ],
)
def test_orders_are_shown_and_not_obeyed(text: str, shown: list[tuple[str, bool]]) -> None:
    """Terminal escapes, NULs and what turns the direction of writing are seen, apart from text."""
    assert [tuple(piece) for piece in pieces(text)] == shown


@pytest.mark.parametrize(
    ("tag", "attribute"),
    [("cy", "cy"), ("en-GB", "en-GB"), ('"><b', None), ("", None), (None, None)],
)
def test_a_language_is_a_tag_or_nothing(tag: str | None, attribute: str | None) -> None:
    """A page names a text's language only where it can be one."""
    assert language_attribute(tag) == attribute


@pytest.mark.parametrize(
    ("part", "shown"),
    [(1, "100%"), (0.9999, "over 99%"), (0.724, "72%"), (0.001, "under 1%"), (0, "0%")],
)
def test_a_share_claims_no_more_than_it_is(part: float, shown: str) -> None:
    """Nothing is certain because it was rounded."""
    assert share(part) == shown


def test_times_are_said_as_people_say_them() -> None:
    """A time has its zone, and a span its largest unit."""
    moment = datetime(2026, 11, 2, 9, 5, 7, tzinfo=UTC)
    assert said(moment, UTC) == "2 November 2026, 9:05 UTC"
    assert clock_time(moment, UTC) == "9:05:07"
    spans = [timedelta(seconds=59), timedelta(minutes=1), timedelta(hours=47), timedelta(days=2)]
    assert [for_how_long(span) for span in spans] == [
        "less than a minute",
        "1 minute",
        "1 day",
        "2 days",
    ]
