import asyncio
from contextlib import ExitStack

from services.desk.interface import Item
from tests.broker.desk import Desk as Topics
from tests.broker.desk_replica import ANNE, BEN, a_replica
from tests.broker.pipeline import Pipeline
from tests.browser.chromium import Visitors, chromium
from tests.browser.visitor import Visitor
from tests.desk_site import served_here, site
from tests.tools import need

LOOK = "Show what the model thinks"
WAITING = 16


def look_and_change(visitor: Visitor) -> str:
    """Decide until the model's view may be asked for, ask, change one's mind, and return where."""
    for _ in range(WAITING // 2):
        visitor.choose("Ministry of Justice")
        if visitor.page.get_by_role("button", name=LOOK).count():
            visitor.press(LOOK)
            assert visitor.chosen == ["to:ministry-of-justice"]
            visitor.choose("Home Office")
            where = visitor.where
            visitor.press("Send and next")
            return where
        visitor.press("Send and next")
    raise AssertionError("of so many inquiries one should be judged on request")


def walk(of_anne: str, of_ben: str) -> tuple[str, str]:
    """Let two people decide side by side; return where Anne looked, and what is not ours."""
    with chromium() as browser, ExitStack() as stack:
        visitors = Visitors(browser, stack)
        anne, ben = visitors.visit(of_anne, ANNE), visitors.visit(of_ben, BEN, scripts=False)
        for each in (anne, ben):
            each.go()
            each.press("Start")
        assert anne.where != ben.where

        looked = look_and_change(anne)
        anne.press("Undo")
        assert (anne.where, anne.chosen) == (looked, ["to:home-office"])
        anne.press("Send and next")

        skipped = ben.where
        ben.open("Skip")
        ben.choose("I cannot read it")
        ben.press("Skip and next")
        assert ben.where not in {skipped, anne.where}
        not_ours = ben.where
        ben.choose("Not for any of these")
        ben.press("Send and next")

        for each in (anne, ben):
            each.press("Sign out")
            assert each.heading == "You are signed out"
            assert each.complaints == []
        return looked, not_ours


async def test_two_people_walk_the_whole_way(pipeline: Pipeline) -> None:
    """Through two replicas two people decide in their browsers, and it arrives where they said."""
    need("chromium")
    topics = Topics(pipeline)
    waiting = {
        f"/inquiries/review/{each.partition}/{each.offset}": each
        for each in await topics.waiting(WAITING)
    }
    await pipeline.started(pipeline.service("settler"))
    async with (
        a_replica(pipeline) as one,
        a_replica(pipeline) as other,
        served_here(site(one.desk, ANNE, BEN)) as of_anne,
        served_here(site(other.desk, ANNE, BEN)) as of_ben,
    ):
        await one.knows(WAITING)
        await other.knows(WAITING)
        looked, not_ours = await asyncio.to_thread(walk, of_anne, of_ben)
    notes = {
        Item(note.record.topic, note.record.partition, note.record.offset): note
        for note in await topics.settled()
    }
    note = notes[Item("review", waiting[looked].partition, waiting[looked].offset)]
    assert (note.by, note.mode, note.department) == ("anne", "on-request", "home-office")
    assert waiting[looked].key in {each.key for each in await topics.read("home-office")}
    assert waiting[not_ours].key in {each.key for each in await topics.read("not-ours")}
