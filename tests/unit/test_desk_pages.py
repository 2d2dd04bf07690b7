from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from structlog.testing import capture_logs

from services.desk.interface import Choice, Item, Marked, Overtaken, Person
from services.desk.pages.form_body import read_form
from services.desk.pages.rows import WHY
from services.messages.decision import REASONS
from tests.desk_site import NAME, WHO, site, token_for
from tests.fake_desk import (
    AUDITOR,
    EVERYTHING,
    LETTER,
    OTHER,
    REVIEWER,
    SUPERVISOR,
    FakeDesk,
    Lying,
)

HERE, THERE = Item("review", 0, 1), Item("review", 0, 2)
PATH = "/inquiries/review/0/1"
HOME = {"choice": "to:home-office", "judgement": "review-0-1-reviewer-1"}
MODEL = ("52%", "28105cf8ce37", "asylum")


class Client:
    """A browser without scripts, of somebody who is signed in."""

    def __init__(self, desk: FakeDesk, person: Person | None = REVIEWER) -> None:
        self._app = site(desk, REVIEWER, OTHER, SUPERVISOR, AUDITOR, EVERYTHING)
        self._cookies = {WHO: person.pseudonym} if person else {}
        self._token = token_for(person) if person else ""

    async def get(self, path: str) -> httpx.Response:
        return await self._ask("GET", path)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self._ask("POST", path, data={"token": self._token} | fields)

    async def _ask(self, method: str, path: str, **rest: Any) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self._app),
            base_url="http://localhost",
            cookies=self._cookies,
        ) as client:
            return await client.request(method, path, **rest)


def a_desk(*others: Lying, **fields: Any) -> FakeDesk:
    """Return a desk whose first reviewer has the first inquiry already."""
    desk = FakeDesk(*others)
    desk.held[REVIEWER.pseudonym] = Lying(HERE, **fields)
    return desk


async def test_one_press_decides_and_shows_the_next() -> None:
    """What was chosen is kept, and the answer leads to the next inquiry, seen after both."""
    desk = a_desk(Lying(THERE))
    answer = await Client(desk).post(f"{PATH}/choose", **HOME)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/inquiries/review/0/2?after=0:2"
    kept = desk.pending[REVIEWER.pseudonym].choice
    assert kept == Choice("review-0-1-reviewer-1", "department", department="home-office")


async def test_a_page_waits_for_what_was_just_done() -> None:
    """An address says how far the log has to be read, and the desk is asked for no less."""
    desk = a_desk()
    await Client(desk).get(f"{PATH}?after=0:7,3:9")
    assert desk.waited_for == [{0: 7, 3: 9}]


async def test_with_the_last_one_decided_nothing_waits_and_it_can_be_undone() -> None:
    """Where there is no next inquiry, the start says so and still offers to undo."""
    desk = a_desk()
    answer = await Client(desk).post(f"{PATH}/choose", **HOME)
    assert answer.headers["location"] == "/?after=0:1"
    page = (await Client(desk).get("/")).text
    assert "Nothing waits" in page
    assert 'action="/undo"' in page


@pytest.mark.parametrize("lying", [{}, {"may_look": False}])
async def test_nothing_of_the_model_is_in_a_page_before_it_may_be_seen(
    lying: Mapping[str, Any],
) -> None:
    """Nobody who looks at the source of a page learns what the model thinks."""
    page = (await Client(a_desk(**lying)).get(PATH)).text
    assert not [each for each in MODEL if each in page]


async def test_looking_needs_a_choice_first() -> None:
    """Without a choice the model's view stays closed; with one it is shown, and the choice kept."""
    desk = a_desk()
    client = Client(desk)
    refused = await client.post(f"{PATH}/look", judgement="j")
    assert refused.status_code == 422
    assert "Choose a department" in refused.text
    assert not [each for each in MODEL if each in refused.text]
    answer = await client.post(f"{PATH}/look", **HOME)
    assert answer.headers["location"] == f"{PATH}?after=0:1#model"
    page = (await client.get(PATH)).text
    assert [each for each in MODEL if each not in page] == []
    assert page.count(" checked") == 1


@pytest.mark.parametrize("lying", [{}, {"shown": True}, {"may_look": False}])
async def test_nothing_is_preselected(lying: Mapping[str, Any]) -> None:
    """Whatever the model thinks, and whoever sees it, no choice is made for a person."""
    page = (await Client(a_desk(**lying)).get(PATH)).text
    assert " checked" not in page


async def test_a_second_opinion_looks_like_any_other() -> None:
    """Nobody can tell that somebody else has decided already."""
    pages = [(await Client(a_desk(may_look=False, second=each)).get(PATH)).text for each in (0, 1)]
    assert pages[0] == pages[1]


async def test_a_text_is_shown_escaped_whatever_it_holds() -> None:
    """HTML, templates, NULs, escapes and overrides are characters on the page, and no more."""
    hostile = "<script>alert(1)</script> {{ 7 * 7 }} \x00 \x1b[2J \u202e & </div>"
    desk = a_desk(subject=hostile, text=[Marked(hostile, "danger")], language='">')
    page = (await Client(desk).get(PATH)).text
    assert "<script>alert" not in page
    assert not {"\x00", "\x1b", "\u202e"} & set(page)
    assert page.count("{{ 7 * 7 }}") == 2
    assert '<span class="desk-order">\\x00</span>' in page


@pytest.mark.parametrize("text", ["x" * 20_000, "\x00" * 20_000, "\n" * 20_000, "<" * 20_000])
async def test_the_longest_text_is_shown(text: str) -> None:
    """A text of 20,000 characters is shown whole, of whatever characters."""
    answer = await Client(a_desk(text=[Marked(text)])).get(PATH)
    assert answer.status_code == 200
    assert len(answer.text) > 20_000


async def test_whitespace_and_language_are_kept() -> None:
    """A text stands with its spaces and lines, in its language, its marks named by their rule."""
    page = (await Client(a_desk(text=LETTER, language="cy")).get(PATH)).text
    assert '<div dir="auto" lang="cy">Dear sir or madam,\n\n    my passport' in page
    assert "<mark>cannot go on<" in page
    assert "rule danger" in page


async def test_a_broker_away_loses_no_choice() -> None:
    """The form comes back as it was filled in, and when it is sent again it decides."""
    desk = a_desk()
    client = Client(desk)
    desk.away = True
    fields = {"choice": "not-ours", "judgement": "j-1", "other": "My <aunt>", "signpost": ""}
    answer = await client.post(f"{PATH}/choose", **fields)
    assert answer.status_code == 503
    assert "send it again" in answer.text
    assert 'value="not-ours" checked' in answer.text
    assert 'value="My &lt;aunt&gt;"' in answer.text
    assert 'name="judgement" value="j-1"' in answer.text
    desk.away = False
    assert (await client.post(f"{PATH}/choose", **fields)).status_code == 303


async def test_a_broker_that_goes_after_a_decision_is_said_so() -> None:
    """Where the decision is kept and the next inquiry cannot be had, the page says both."""
    desk = a_desk()
    keep = desk.choose

    class Once(FakeDesk):
        async def choose(self, person: Person, item: Item, choice: Choice) -> Mapping[int, int]:
            position = await keep(person, item, choice)
            self.away = True
            return position

    once = Once()
    once.held, once.pending = desk.held, desk.pending
    answer = await Client(once).post(f"{PATH}/choose", **HOME)
    assert answer.status_code == 503
    assert "Your decision is kept" in answer.text
    assert REVIEWER.pseudonym in desk.pending


@pytest.mark.parametrize("deed", ["choose", "look"])
async def test_what_cannot_be_decided_any_more_says_so_and_what_was_chosen(deed: str) -> None:
    """After a lapse, in a second tab or by the back button: the page says what became of it."""
    desk = FakeDesk()
    answer = await Client(desk).post(f"{PATH}/{deed}", **HOME)
    assert answer.status_code == 409
    assert "Somebody else has this inquiry now: go on with the next one." in answer.text
    assert "You had chosen: <strong>Home Office</strong>" in answer.text


async def test_a_department_that_left_the_table_is_chosen_anew() -> None:
    """A form with a department that is no longer there is shown again, and says so."""
    desk = a_desk()
    answer = await Client(desk).post(f"{PATH}/choose", choice="to:gone", judgement="j")
    assert answer.status_code == 422
    assert "has left the routing table: choose another one" in answer.text
    assert not desk.pending


async def test_skipping_wants_a_reason() -> None:
    """An inquiry is passed on with a reason of the list, and not without."""
    desk = a_desk(Lying(THERE))
    client = Client(desk)
    for reason in ("", "because"):
        refused = await client.post(f"{PATH}/skip", reason=reason)
        assert refused.status_code == 422
        assert "Say why you skip this inquiry." in refused.text
    answer = await client.post(f"{PATH}/skip", reason="I know the person")
    assert answer.headers["location"].startswith("/inquiries/review/0/2?")
    assert desk.skipped == [(HERE, "I know the person")]


async def test_what_was_decided_is_taken_back_with_its_choice() -> None:
    """Undo leads back to the inquiry, where what the person chose is still chosen."""
    desk = a_desk(Lying(THERE))
    client = Client(desk)
    await client.post(f"{PATH}/choose", **HOME)
    answer = await client.post("/undo")
    assert answer.headers["location"].startswith(f"{PATH}?")
    page = (await client.get(PATH)).text
    assert 'value="to:home-office" checked' in page


async def test_a_copy_for_the_audit_asks_where_it_belongs() -> None:
    """It says that nobody has read it, and sends a copy only where somebody asks for one."""
    desk = FakeDesk(Lying(Item("audit", 0, 1)))
    client = Client(desk)
    await client.post("/next")
    page = (await client.get("/inquiries/audit/0/1")).text
    assert "without anybody reading it" in page
    assert "send a copy where it belongs" in page
    fields = HOME | {"correct": "yes"}
    await client.post("/inquiries/audit/0/1/choose", **fields)
    assert desk.pending[REVIEWER.pseudonym].choice.correct


@pytest.mark.parametrize(
    ("person", "allowed"),
    [
        (REVIEWER, {"/", "/own", PATH}),
        (SUPERVISOR, {"/", "/supervision"}),
        (AUDITOR, {"/", "/decisions"}),
        (EVERYTHING, {"/", "/own", "/supervision", "/decisions"}),
    ],
    ids=lambda each: getattr(each, "pseudonym", None),
)
async def test_each_role_sees_its_own_pages(person: Person, allowed: set[str]) -> None:
    """A page is for those whose role includes it, and says so to others."""
    client = Client(a_desk(), person)
    answers = {
        path: (await client.get(path)).status_code
        for path in ("/", "/own", PATH, "/supervision", "/decisions")
    }
    assert {path for path, status in answers.items() if status == 200} == allowed
    assert {status for path, status in answers.items() if path not in allowed} <= {403, 409}


async def test_an_auditor_reads_no_inquiry() -> None:
    """What was decided is shown without a word of the inquiry, and without who decided."""
    page = (await Client(a_desk(), AUDITOR).get("/decisions")).text
    assert "The model thought" in page
    assert not [each for each in ("passport", "reviewer-1") if each in page]


@pytest.mark.parametrize("path", ["/", PATH, "/supervision", "/decisions", "/own"])
async def test_nobody_sees_anything_without_signing_in(path: str) -> None:
    """Whoever is not signed in is asked to, whatever page it is."""
    answer = await Client(a_desk(), None).get(path)
    assert answer.status_code == 401
    assert 'href="/sign-in' in answer.text
    assert "passport" not in answer.text


@pytest.mark.parametrize("path", [PATH, "/"])
async def test_who_came_second_is_told_once(path: str) -> None:
    """On the next page, whichever it is: which inquiry, what they had decided, what was done."""
    desk = a_desk()
    desk.too_late = [Overtaken(Item("review", 3, 17), "department", "home-office")]
    page = (await Client(desk).get(path)).text
    assert "Somebody else was first" in page
    assert "review 3/17: <strong>Home Office" in page
    assert "Somebody else was first" not in (await Client(desk).get(path)).text


@pytest.mark.parametrize(
    "path", ["/next", f"{PATH}/choose", f"{PATH}/look", f"{PATH}/skip", "/undo", "/sign-out"]
)
async def test_a_form_that_is_not_ours_does_nothing(path: str) -> None:
    """A form of another site or session is refused, whatever it is about."""
    desk = a_desk(Lying(THERE))
    answer = await Client(desk).post(path, token="forged", **HOME)  # noqa: S106 - no secret
    assert answer.status_code == 403
    assert "can no longer be sent" in answer.text
    assert (desk.pending, desk.skipped, desk.left, desk.position) == ({}, [], [], 0)


async def test_signing_out_sends_what_was_decided() -> None:
    """Whoever leaves gives back what they hold, and what they decided is sent."""
    desk = a_desk(Lying(THERE))
    client = Client(desk)
    await client.post(f"{PATH}/choose", **HOME)
    answer = await client.post("/sign-out")
    assert answer.headers["location"] == "/signed-out"
    assert [item for _, item, _ in desk.sent] == [HERE]
    assert [each.item for each in desk.queue] == [THERE]


async def test_signing_out_works_without_a_broker() -> None:
    """Nobody is kept signed in because Kafka does not answer."""
    desk = a_desk()
    desk.away = True
    assert (await Client(desk).post("/sign-out")).headers["location"] == "/signed-out"


async def test_a_fault_of_ours_says_nothing_of_an_inquiry() -> None:
    """The page and the log name where it was, and no word of what somebody wrote."""
    desk = a_desk()

    def breaks() -> None:
        raise RuntimeError("my passport")

    desk.broken = breaks
    with capture_logs() as lines:
        answer = await Client(desk).get(PATH)
    assert answer.status_code == 500
    assert [line["event"] for line in lines] == ["desk.page_failed"]
    assert "my passport" not in f"{answer.text} {lines}"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/inquiries/judged/0/1", 404),
        ("GET", "/inquiries/review/0/" + "9" * 5000, 404),
        ("GET", "/next", 405),
        ("GET", "/static/0/desk.css", 404),
    ],
)
async def test_what_is_not_there_is_said_so(method: str, path: str, status: int) -> None:
    """An address that leads nowhere is answered, and by no fault."""
    assert (await Client(a_desk()).get(path)).status_code == status


async def test_the_address_of_a_form_leads_to_its_inquiry() -> None:
    """Whoever opens the address that a form was sent to sees the inquiry."""
    answer = await Client(a_desk()).get(f"{PATH}/choose")
    assert answer.headers["location"] == PATH


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"other": "x" * 70_000}, 413), ({f"f{n}": "" for n in range(60)}, 400)],
    ids=["long", "many"],
)
async def test_a_form_larger_than_any_of_ours_is_refused(
    fields: dict[str, str], status: int
) -> None:
    """Nobody fills the memory of the desk by a form."""
    assert (await Client(a_desk()).post(f"{PATH}/choose", **fields)).status_code == status


async def test_the_title_of_a_page_has_no_subject() -> None:
    """What a citizen wrote stands in no history and on no tab."""
    page = (await Client(a_desk()).get(PATH)).text
    assert f"<title>Inquiry – {NAME}</title>" in page


async def test_files_are_kept_and_their_font_is_not_asked_for() -> None:
    """Stylesheets may be kept for ever under their address, and none asks for gov.uk's own font."""
    client = Client(a_desk())
    page = (await client.get("/")).text
    address = page.split('stylesheet" href="')[1].split('"')[0]
    sheet = await client.get(address)
    assert "immutable" in sheet.headers["cache-control"]
    assert "GDS" not in sheet.text
    assert "@font-face" not in sheet.text


def test_why_a_person_decides_is_said_without_names_of_fields() -> None:
    """A reviewer reads no JSON: what stands between backticks is for whoever reads events."""
    assert [each for each in WHY.values() if "`" in each] == []
    assert WHY.keys() == REASONS.keys()


async def test_a_form_that_breaks_off_is_no_fault_of_ours() -> None:
    """A phone that loses its signal in the middle of a form makes no page fail."""

    async def breaks_off() -> dict[str, str]:
        return {"type": "http.disconnect"}

    with pytest.raises(HTTPException) as error:
        await read_form(Request({"type": "http", "method": "POST", "headers": []}, breaks_off))
    assert error.value.status_code == 400
