import pytest

from services.desk.interface import Choice, Item
from tests.browser.chromium import Visitors
from tests.browser.visitor import Visitor
from tests.fake_desk import OTHER, REVIEWER, SKIP_REASONS, FakeDesk, Lying

ITEMS = [Item("review", 0, number) for number in range(1, 7)]


def a_desk() -> FakeDesk:
    return FakeDesk(*(Lying(item, subject=f"Letter {item.offset}") for item in ITEMS))


def sent(desk: FakeDesk) -> list[tuple[int, str, str | None]]:
    return [(item.offset, choice.outcome, choice.department) for _, item, choice in desk.sent]


def begin(visitors: Visitors, desk: FakeDesk, *, scripts: bool = True) -> Visitor:
    address = visitors.serve(desk, REVIEWER, OTHER)
    visitor = visitors.visit(address, REVIEWER, scripts=scripts)
    visitor.go()
    visitor.press("Start")
    return visitor


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_person_goes_the_whole_way(visitors: Visitors, *, scripts: bool) -> None:
    """Claim, choose, look, change, send, undo, send, skip, not ours and sign out, in a browser."""
    desk = a_desk()
    visitor = begin(visitors, desk, scripts=scripts)
    assert (visitor.heading, visitor.chosen) == ("Letter 1", [])

    visitor.choose("Home Office")
    assert "28105cf8ce37" not in visitor.page.content()
    visitor.press("Show what the model thinks")
    assert visitor.page.get_by_role("cell", name="52%").is_visible()
    assert visitor.chosen == ["to:home-office"]
    visitor.choose("Ministry of Justice")
    visitor.press("Send and next")
    assert (visitor.heading, visitor.chosen) == ("Letter 2", [])

    visitor.press("Undo")
    assert (visitor.heading, visitor.chosen) == ("Letter 1", ["to:ministry-of-justice"])
    assert sent(desk) == []
    visitor.choose("Cabinet Office")
    visitor.press("Send and next")
    assert visitor.heading == "Letter 2"

    visitor.open("Skip")
    visitor.choose(SKIP_REASONS[0])
    visitor.press("Skip and next")
    assert visitor.heading == "Letter 3"

    visitor.choose("Not for any of these")
    visitor.page.get_by_label("Who can help instead?").select_option("The police")
    visitor.press("Send and next")
    assert visitor.heading == "Letter 4"
    assert sent(desk) == [(1, "department", "cabinet-office")]

    visitor.choose("Somebody else has to decide")
    visitor.press("Send and next")
    assert desk.sent[-1][2] == Choice("review-0-3-reviewer-1", "not-ours", signpost="The police")

    visitor.press("Sign out")
    assert visitor.heading == "You are signed out"
    assert sent(desk)[-1] == (4, "escalate", None)
    assert desk.skipped == [(ITEMS[1], SKIP_REASONS[0])]
    visitor.go()
    assert visitor.heading == "Sign in"


def test_two_people_never_have_the_same_inquiry(visitors: Visitors) -> None:
    """Whoever comes second gets the next, and what is sent of another's is refused."""
    desk = a_desk()
    first = begin(visitors, desk)
    second = visitors.visit(first.address, OTHER)
    second.go()
    second.press("Start")
    assert (first.heading, second.heading) == ("Letter 1", "Letter 2")

    second.go("/inquiries/review/0/1")
    assert "Somebody else has this inquiry now" in second.body
    second.press("Next inquiry")
    assert second.heading == "Letter 2"


def test_a_decision_takes_two_keys(visitors: Visitors) -> None:
    """One key chooses and Enter sends, inquiry after inquiry, with no other key and no mouse."""
    desk = a_desk()
    visitor = begin(visitors, desk)
    keyboard = visitor.page.keyboard
    for offset, key in ((1, "6"), (2, "n"), (3, "1")):
        assert visitor.heading == f"Letter {offset}"
        keyboard.press(key)
        with visitor.page.expect_navigation():
            keyboard.press("Enter")
    assert visitor.heading == "Letter 4"
    assert sent(desk) == [(1, "department", "home-office"), (2, "not-ours", None)]
    with visitor.page.expect_navigation():
        keyboard.press("u")
    assert visitor.heading == "Letter 3"
    assert visitor.chosen == ["to:cabinet-office"]


def test_keys_do_nothing_where_somebody_writes(visitors: Visitors) -> None:
    """In a text box a letter is a letter; Enter in the filter chooses what it found."""
    desk = a_desk()
    visitor = begin(visitors, desk)
    visitor.page.keyboard.press("/")
    visitor.page.keyboard.type("min def")
    assert visitor.chosen == []
    assert visitor.page.get_by_text("1 department", exact=True).is_visible()
    assert not visitor.radio("Home Office").is_visible()
    assert visitor.radio("Not for any of these").is_visible()
    visitor.page.keyboard.press("Enter")
    assert visitor.chosen == ["to:ministry-of-defence"]
    assert visitor.heading == "Letter 1"
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press("Enter")
    assert visitor.heading == "Letter 2"


def test_keys_can_be_turned_off(visitors: Visitors) -> None:
    """Turned off, no key chooses, on this page or the next; turned on again, it does."""
    desk = a_desk()
    visitor = begin(visitors, desk)
    visitor.switch("Turn keys off")
    visitor.page.keyboard.press("6")
    assert visitor.chosen == []
    visitor.page.reload()
    visitor.page.get_by_role("button", name="Turn keys on").wait_for()
    visitor.page.keyboard.press("6")
    assert visitor.chosen == []
    visitor.switch("Turn keys on")
    visitor.page.keyboard.press("6")
    assert visitor.chosen == ["to:home-office"]


def test_a_modifier_is_no_key_of_ours(visitors: Visitors) -> None:
    """What the browser or a screen reader does with Ctrl or Alt stays theirs."""
    visitor = begin(visitors, a_desk())
    for pressed in ("Control+6", "Alt+6"):
        visitor.page.keyboard.press(pressed)
    assert visitor.chosen == []


def test_the_back_button_decides_nothing_twice(visitors: Visitors) -> None:
    """A form that was sent already is answered by a page that says what became of it."""
    desk = a_desk()
    visitor = begin(visitors, desk)
    visitor.choose("Home Office")
    visitor.press("Send and next")
    visitor.page.go_back()
    if visitor.heading == "Letter 1":  # a browser may show what it kept of a page
        visitor.choose("Cabinet Office")
        visitor.press("Send and next")
    assert visitor.heading == "This inquiry cannot be decided now"
    visitor.press("Next inquiry")
    assert visitor.heading == "Letter 2"
    assert sent(desk) == []


def test_a_broker_away_keeps_the_form_in_the_browser(visitors: Visitors) -> None:
    """What was chosen stands chosen, and pressing the same button again sends it."""
    desk = a_desk()
    visitor = begin(visitors, desk)
    visitor.choose("Home Office")
    desk.away = True
    visitor.press("Send and next")
    assert (visitor.heading, visitor.chosen) == ("Not sent yet", ["to:home-office"])
    desk.away = False
    visitor.press("Send and next")
    assert visitor.heading == "Letter 2"
