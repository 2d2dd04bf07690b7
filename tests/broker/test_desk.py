import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime, timedelta

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from services.clock import utc_now
from services.desk.interface import Item, NotNowError, Overtaken, Person
from services.desk.modes import has_second
from services.kafka.connected import an_admin
from tests.broker.at_rest import until
from tests.broker.desk import OTHER, Waiting, a_judgement
from tests.broker.desk import Desk as Topics
from tests.broker.desk_replica import ANNE, BEN, Replica, a_choice, a_replica
from tests.broker.pipeline import Pipeline, metric


@pytest.fixture
def topics(pipeline: Pipeline) -> Topics:
    """The topics of a pipeline's desk."""
    return Topics(pipeline)


@contextmanager
def refused(why: str) -> Iterator[None]:
    """Expect that the desk says why not, in a sentence that has these words."""
    with pytest.raises(NotNowError, match=why):
        yield


def an_hour_later() -> datetime:
    """Tell the time on a clock that is ahead."""
    return utc_now() + timedelta(hours=1)


async def test_what_is_decided_at_the_desk_reaches_the_department(
    pipeline: Pipeline, topics: Topics
) -> None:
    """A decision is sent with the person's next one, is settled once, and waits no longer."""
    await pipeline.started(pipeline.service("settler"))
    await topics.waiting(3)
    async with a_replica(pipeline) as replica:
        first = await replica.chosen(ANNE)
        assert await topics.read("home-office") == []
        second = await replica.chosen(ANNE)
        await replica.knows(waiting=2)
        await replica.desk.leave(ANNE)
        await replica.knows(waiting=1)
        assert replica.desk.own(ANNE).decided == 2
    notes = await topics.settled()
    assert {(each.record.offset, each.judgement) for each in notes} == {
        (first.item.offset, first.judgement),
        (second.item.offset, second.judgement),
    }
    assert {(each.verdict, each.by) for each in notes} == {("counted", "anne")}


async def test_two_people_never_have_one_inquiry(pipeline: Pipeline, topics: Topics) -> None:
    """However many ask both replicas at once, each has another inquiry, and keeps it."""
    await topics.waiting(40)
    people = [Person(f"person-{number}", frozenset({"reviewer"})) for number in range(16)]
    async with a_replica(pipeline) as one, a_replica(pipeline) as other:
        asked = [(one, other)[number % 2].desk.next(each) for number, each in enumerate(people)]
        found = [each for each in await asyncio.gather(*asked) if each is not None]
        items = [item for item, _ in found]
        assert len(set(items)) == len(people)
        for replica in (one, other):  # whichever is asked, each has what they were given
            await asyncio.gather(*[replica.running.fold.reach(after) for _, after in found])
            again = [await replica.desk.next(each) for each in people]
            assert [each[0] for each in again if each] == items


async def test_who_asks_six_times_at_once_has_one_inquiry(
    pipeline: Pipeline, topics: Topics
) -> None:
    """A button that was pressed again and again claims nothing from others."""
    await topics.waiting(10)
    async with a_replica(pipeline) as replica:
        found = await asyncio.gather(*[replica.desk.next(ANNE) for _ in range(6)])
        assert len({each[0] for each in found if each}) == 1
        assert len(replica.desk.state.held_by("anne")) == 1


async def test_a_claim_lapses_and_is_somebody_elses(pipeline: Pipeline, topics: Topics) -> None:
    """Who comes after a claim has lapsed has the inquiry; the form of before says so."""
    await topics.waiting(1)
    async with (
        a_replica(pipeline, claim_seconds=1) as one,
        a_replica(pipeline, claim_seconds=1) as other,
    ):
        page = await one.claimed(ANNE)
        assert await other.desk.next(BEN) is None
        now = await _until_next(other, BEN)
        assert now == page.item
        with refused("Somebody else has this inquiry now"):
            await one.desk.choose(ANNE, page.item, a_choice(page))


async def test_a_lapsed_claim_that_nobody_followed_is_still_good(
    pipeline: Pipeline, topics: Topics
) -> None:
    """Who was away over lunch decides all the same, where nobody else has come."""
    await topics.waiting(1)
    async with a_replica(pipeline, claim_seconds=1) as replica:
        page = await replica.claimed(ANNE)
        late = page.until + timedelta(milliseconds=10)
        await until(lambda: asyncio.sleep(0.02, utc_now() > late))
        await replica.desk.choose(ANNE, page.item, a_choice(page))
        assert await replica.desk.undoable(ANNE, {}) is not None


async def test_what_is_undone_is_decided_anew(pipeline: Pipeline, topics: Topics) -> None:
    """Only what was decided last is sent, though another replica was asked to undo."""
    await pipeline.started(pipeline.service("settler"))
    await topics.waiting(2)
    async with a_replica(pipeline) as one, a_replica(pipeline) as other:
        page = await one.chosen(ANNE)
        held, _ = await one.desk.next(ANNE) or (None, None)
        assert held not in {None, page.item}
        await until(lambda: other.desk.undoable(ANNE, {}))
        item, after = await other.desk.undo(ANNE)
        assert item == page.item
        again = await one.desk.page(ANNE, item, after)
        assert again.judgement == page.judgement
        assert again.chosen == a_choice(page)
        await one.desk.choose(ANNE, item, a_choice(again, OTHER))
        await one.desk.leave(ANNE)
        await one.knows(waiting=1)
        with refused("sent already"):
            await one.desk.undo(ANNE)
    assert [each.department for each in await topics.settled()] == [OTHER]


async def test_a_killed_desk_loses_no_decision(pipeline: Pipeline, topics: Topics) -> None:
    """What was kept when all replicas died is sent by the next one, once it is due."""
    await pipeline.started(pipeline.service("settler"))
    await topics.waiting(4)
    async with a_replica(pipeline) as one, a_replica(pipeline) as other:
        pages = [await one.chosen(ANNE), await other.chosen(BEN)]
    async with a_replica(pipeline) as replica:
        assert replica.desk.waiting(ANNE) == 4
        assert await replica.desk.undoable(ANNE, {}) is not None
        assert {(await replica.claimed(each)).item for each in (ANNE, BEN)}.isdisjoint(
            page.item for page in pages
        )
    async with a_replica(pipeline, now=an_hour_later) as replica:
        await replica.knows(waiting=2)
    notes = await topics.settled()
    assert {each.judgement for each in notes} == {page.judgement for page in pages}
    assert len(notes) == len(pages)


async def test_what_came_of_an_inquiry_is_told(pipeline: Pipeline, topics: Topics) -> None:
    """What others decided, what is kept no longer and what never was is said in a sentence."""
    await pipeline.started(pipeline.service("settler"))
    waiting = await topics.waiting(9)
    async with a_replica(pipeline) as replica:
        page = await replica.claimed(ANNE)
        [theirs] = [each for each in waiting if _item(each) == page.item]
        await topics.judge(a_judgement(theirs))
        await replica.knows(waiting=8)
        with refused("decided already"):
            await replica.desk.choose(ANNE, page.item, a_choice(page))
        with refused("not known here"):
            await replica.desk.page(ANNE, Item("review", 0, 4711), {})
        page = await replica.claimed(ANNE)
        partition = TopicPartition(topics.topics["review"], page.item.partition)
        async with an_admin(pipeline.servers) as admin:
            await admin.delete_records({partition: RecordsToDelete(page.item.offset + 1)})
        replica.running.texts.forget(page.item)
        with refused("not known here"):
            await replica.desk.page(ANNE, Item("review", 4711, 0), {})
        with refused("kept no longer"):
            await replica.desk.page(ANNE, page.item, {})
        assert (await replica.claimed(ANNE)).item != page.item


@pytest.mark.parametrize("killed", [False, True])
async def test_a_decision_that_came_second_is_on_record(
    pipeline: Pipeline, topics: Topics, *, killed: bool
) -> None:
    """Where somebody else is first it is noted late, after a kill too, and the person is told."""
    await pipeline.started(pipeline.service("settler"))
    waiting = await topics.waiting(2)
    async with AsyncExitStack() as stack:
        replica = await stack.enter_async_context(a_replica(pipeline))
        page = await replica.chosen(ANNE)
        [theirs] = [each for each in waiting if _item(each) == page.item]
        if killed:
            await stack.aclose()
        await topics.judge(a_judgement(theirs, department=OTHER))
        if killed:
            await topics.settled()  # it counts before the desk is there again
            replica = await stack.enter_async_context(a_replica(pipeline, now=an_hour_later))
        told = list[Overtaken]()

        async def is_told() -> bool:
            told.extend(replica.desk.state.tell_overtaken("anne", 0))
            return bool(told)

        await until(is_told)
        await until(lambda: asyncio.sleep(0.02, not [*replica.desk.state.decided()]))
        assert told == [Overtaken(page.item, "department", "home-office")]
        assert (await replica.claimed(ANNE)).item != page.item
    assert [(each.verdict, each.by) for each in await topics.settled()] == [
        ("counted", "reviewer-0"),
        ("late", "anne"),
    ]


async def test_forms_of_before_do_no_harm(pipeline: Pipeline, topics: Topics) -> None:
    """A second click is one decision; a form of another claim, and one without, are refused."""
    await pipeline.started(pipeline.service("settler"))
    await topics.waiting(2)
    async with a_replica(pipeline) as replica:
        page = await replica.claimed(ANNE)
        with refused("an earlier claim"):
            await replica.desk.choose(ANNE, page.item, a_choice(page._replace(judgement="old")))
        with refused("not in the routing table any more"):
            await replica.desk.choose(ANNE, page.item, a_choice(page, "ministry-of-magic"))
        with refused("Somebody else has this"):
            await replica.desk.choose(BEN, page.item, a_choice(page))
        both = [replica.desk.choose(ANNE, page.item, a_choice(page)) for _ in range(2)]
        await asyncio.gather(*both)
        with refused("You have decided this inquiry"):
            await replica.desk.page(ANNE, page.item, {})
        await replica.desk.leave(ANNE)
        await replica.knows(waiting=1)
    assert [each.verdict for each in await topics.settled()] == ["counted"]


async def test_what_is_skipped_is_for_others(pipeline: Pipeline, topics: Topics) -> None:
    """Who skips an inquiry is not asked again, on no replica; somebody else is."""
    await topics.waiting(1)
    async with a_replica(pipeline) as one, a_replica(pipeline) as other:
        page = await one.claimed(ANNE)
        reason = one.desk.skip_reasons[0]
        position = await one.desk.skip(ANNE, page.item, reason)
        await other.running.fold.reach(position)
        assert await one.desk.next(ANNE) is None
        assert (one.desk.waiting(ANNE), one.desk.waiting(BEN)) == (0, 1)
        assert await other.desk.next(ANNE) is None
        assert (await other.claimed(BEN)).item == page.item


async def test_the_log_says_how_it_was_judged(pipeline: Pipeline, topics: Topics) -> None:
    """Who looked after a first choice is on record as having looked, whatever the form says."""
    await pipeline.started(pipeline.service("settler"))
    await topics.waiting(30)
    modes = {}
    async with a_replica(pipeline) as replica:
        for _ in range(30):
            page = await replica.claimed(ANNE)
            modes[page.judgement] = "shown" if page.shown_from_start else "blind"
            assert (page.view is not None) == page.shown_from_start
            if page.may_look:
                after = await replica.desk.look(ANNE, page.item, a_choice(page, OTHER))
                looked = await replica.desk.page(ANNE, page.item, after)
                assert looked.view is not None
                assert len(looked.view.likely) == 4
                assert looked.chosen == a_choice(page, OTHER)
                modes[page.judgement] = "on-request"
            await replica.desk.choose(ANNE, page.item, a_choice(page))
        await replica.desk.leave(ANNE)
        await replica.knows(waiting=0)
    notes = await topics.settled()
    assert {each.judgement: each.mode for each in notes} == modes
    assert {"blind", "on-request"} <= {*modes.values()}


async def test_one_in_twenty_is_judged_twice(pipeline: Pipeline, topics: Topics) -> None:
    """Somebody else is asked, blind; how often two agree is known to every replica."""
    await pipeline.started(pipeline.service("settler"))
    waiting = await topics.waiting(60)
    # Their ids have the topic's name, which is another in each run: by chance it may be none of 60.
    while not any(has_second(each.event_id) for each in waiting):
        waiting += await topics.waiting(20)
    twice = {_item(each) for each in waiting if has_second(each.event_id)}
    assert twice
    async with a_replica(pipeline) as replica:
        for _ in waiting:
            await replica.chosen(ANNE)
        await replica.desk.leave(ANNE)
        await replica.knows(waiting=0)
        assert await replica.desk.next(ANNE) is None
        seen = set()
        for _ in twice:
            page = await replica.claimed(BEN)
            assert page.second
            assert page.view is None
            assert not page.may_look
            seen.add(page.item)
            await replica.desk.choose(BEN, page.item, a_choice(page, OTHER))
        assert seen == twice
        assert await replica.desk.next(BEN) is None
        await replica.desk.leave(BEN)
        await until(lambda: asyncio.sleep(0, len(replica.desk.supervision().differ) == len(twice)))
    async with a_replica(pipeline) as replica:
        assert len(replica.desk.supervision().differ) == len(twice)
        assert await replica.desk.next(BEN) is None


async def test_the_process_says_what_waits_before_and_after_a_kill(
    pipeline: Pipeline, topics: Topics
) -> None:
    """`triage desk` is ready once it knows; it has the same to say after kill -9."""
    await topics.waiting(5)
    settings = {"DESK_LOGIN": "none", "DESK_HTTP_HOST": "127.0.0.1"}
    desk = pipeline.service("desk", **settings)
    for _ in range(2):
        await pipeline.started(desk)
        waiting = {"source": "review", "priority": "high"}
        assert await asyncio.to_thread(metric, desk, "triage_waiting", **waiting) == 0
        assert await asyncio.to_thread(metric, desk, "triage_waiting", source="review") == 5
        desk.kill()


def _item(waiting: Waiting) -> Item:
    return Item(waiting.source, waiting.partition, waiting.offset)  # type: ignore[arg-type]


async def _until_next(replica: Replica, person: Person) -> Item:
    """Ask for the next inquiry until there is one."""
    found: list[Item] = []

    async def asked() -> bool:
        claimed = await replica.desk.next(person)
        found.extend([claimed[0]] if claimed else [])
        return bool(found)

    await until(asked)
    return found[0]
