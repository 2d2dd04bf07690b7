"""Every state of every page, and how a person comes to see it."""

from collections.abc import Callable
from typing import NamedTuple

from services.desk.interface import Choice, Item, Marked, Overtaken, Person
from tests.browser.visitor import Visitor
from tests.desk_site import WHO
from tests.fake_desk import (
    AUDITOR,
    EVERYTHING,
    REVIEWER,
    SUPERVISOR,
    FakeDesk,
    Lying,
)

HERE = Item("review", 0, 1)
THERE = Item("review", 0, 2)
AUDIT = Item("audit", 1, 7)
# One letter with marks upon it, which no line can be broken in.
PILE = "Z\u0351" + "\u0300" * 400
HOSTILE = [
    Marked(PILE),
    Marked("<script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} </textarea>\n"),
    Marked("\x1b[31mred\x1b[0m \x00\x00 \u202egnorw eht\u202c \u2066x\u2069 \x07"),
    Marked("a" * 3000),
    Marked(" cannot go on\x00", "danger"),
]
WELSH = [Marked("Annwyl Syr neu Fadam,\n\nNid yw fy mhasbort wedi cyrraedd ers mis Mawrth.")]
Reach = Callable[[Visitor, FakeDesk], None]


class State(NamedTuple):
    """A state of a page.

    Args:
        reach: Brings a visitor there.
        waiting: What waits on the desk.
        person: Who visits; None where nobody is signed in.
    """

    reach: Reach
    waiting: Callable[[], list[Lying]] = lambda: [Lying(HERE), Lying(THERE)]
    person: Person | None = REVIEWER


def path(where: str) -> Reach:
    return lambda visitor, desk: visitor.go(where)


def first(visitor: Visitor, desk: FakeDesk) -> None:
    visitor.go()
    visitor.press("Start")


def decided(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    visitor.choose("Home Office")
    visitor.press("Send and next")


def too_late(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    visitor.choose("Home Office")
    desk.too_late = [
        Overtaken(AUDIT, "department", "home-office"),
        Overtaken(HERE, "not-ours", None),
    ]
    visitor.press("Send and next")


def looked(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    visitor.choose("Cabinet Office")
    visitor.press("Show what the model thinks")


def not_ours(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    visitor.choose("Not for any of these")


def nothing_chosen(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    visitor.press("Send and next")


def too_long(visitor: Visitor, desk: FakeDesk) -> None:
    not_ours(visitor, desk)
    other = visitor.page.get_by_label("Somebody else, in your own words")
    other.evaluate("field => field.removeAttribute('maxlength')")
    other.fill("x" * 501)
    visitor.press("Send and next")


def no_reason(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    visitor.open("Skip")
    visitor.press("Skip and next")


def filtered(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    visitor.page.get_by_label("Find a department").fill("min def")


def keys_off(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    visitor.switch("Turn keys off")


def away(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    visitor.choose("Home Office")
    desk.away = True
    visitor.press("Send and next")


def away_at_start(visitor: Visitor, desk: FakeDesk) -> None:
    visitor.go()
    desk.away = True
    visitor.press("Start")


def lapsed(visitor: Visitor, desk: FakeDesk) -> None:
    not_ours(visitor, desk)
    visitor.page.get_by_label("Who can help instead?").select_option("The police")
    desk.held.clear()
    visitor.press("Send and next")


def broken(visitor: Visitor, desk: FakeDesk) -> None:
    def breaks() -> None:
        raise RuntimeError("my passport")

    desk.broken = breaks
    visitor.go("/inquiries/review/0/1")


def signed_in_anew(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    token = visitor.page.locator("#choose [name=token]")
    token.evaluate("field => { field.value = 'of-yesterday' }")
    visitor.choose("Home Office")
    visitor.press("Send and next")


def session_over(visitor: Visitor, desk: FakeDesk) -> None:
    first(visitor, desk)
    visitor.page.context.clear_cookies(name=WHO)
    visitor.choose("Home Office")
    visitor.press("Send and next")


def signed_out(visitor: Visitor, desk: FakeDesk) -> None:
    visitor.go()
    visitor.press("Sign out")


STATES: dict[str, State] = {
    "start": State(path("/")),
    "start of one with every role": State(path("/"), person=EVERYTHING),
    "start of an auditor": State(path("/"), person=AUDITOR),
    "nothing waits": State(path("/"), waiting=list),
    "nothing waits, one to undo": State(decided, waiting=lambda: [Lying(HERE)]),
    "inquiry": State(first),
    "inquiry after another": State(decided),
    "somebody else was first": State(too_late),
    "inquiry with everything": State(
        first,
        waiting=lambda: [
            Lying(
                HERE,
                subject="Re: Fwd: my passport, my visa, my licence, and the letters that I sent "
                * 2,
                high=True,
                returned=["It is about a visa, which is not ours.", "<b>No</b>: try justice."],
                same_case=[THERE, AUDIT],
            )
        ],
    ),
    "inquiry that is hostile": State(
        first,
        waiting=lambda: [
            Lying(HERE, subject=f"\x1b[2J<h1>{PILE}", text=HOSTILE, language='">x'),
        ],
    ),
    "inquiry in Welsh": State(
        first, waiting=lambda: [Lying(HERE, subject=None, text=WELSH, language="cy")]
    ),
    "inquiry that went by itself": State(first, waiting=lambda: [Lying(AUDIT)]),
    "inquiry judged blind": State(first, waiting=lambda: [Lying(HERE, may_look=False)]),
    "inquiry with the model's view": State(first, waiting=lambda: [Lying(HERE, shown=True)]),
    "inquiry chosen before": State(
        first,
        waiting=lambda: [Lying(HERE, chosen=Choice("x", "not-ours", signpost="My neighbour"))],
    ),
    "model's view asked for": State(looked),
    "not ours": State(not_ours),
    "nothing chosen": State(nothing_chosen),
    "signpost too long": State(too_long),
    "skipped without a reason": State(no_reason),
    "filtered": State(filtered),
    "keys off": State(keys_off),
    "broker away as it is sent": State(away),
    "broker away at the start": State(away_at_start),
    "lapsed": State(lapsed),
    "unknown inquiry": State(path("/inquiries/review/7/7")),
    "unknown page": State(path("/nowhere")),
    "not allowed": State(path("/supervision")),
    "broken": State(broken),
    "form of another session": State(signed_in_anew),
    "session over": State(session_over),
    "sign in": State(path("/"), person=None),
    "signed out": State(signed_out),
    "supervision": State(path("/supervision"), person=SUPERVISOR),
    "own figures": State(path("/own")),
    "decisions": State(path("/decisions"), person=AUDITOR),
}
