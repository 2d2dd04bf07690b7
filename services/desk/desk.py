"""The desk itself: what a person asks for becomes a record of the log, and the log decides.

Nothing is answered from what this replica alone believes: an action is written, read back with all
that stands before it, and told as the state then has it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from itertools import islice
from typing import Any, NamedTuple, Protocol
from uuid import uuid4
from weakref import WeakValueDictionary

from services.desk.answering import answering
from services.desk.claims import Hold
from services.desk.interface import (
    AwayError,
    Choice,
    DepartmentName,
    InquiryPage,
    Item,
    NotNowError,
    Overtaken,
    Own,
    Person,
    Position,
    Supervision,
    Undoable,
)
from services.desk.items import Waiting
from services.desk.sending import SOURCE, Sender
from services.desk.state import Slot, State
from services.desk.texts import GoneError
from services.desk.view import Views, at_ms, judgement_id
from services.messages.claim import Claim, Kind
from services.messages.codec import Judged, write_claim
from services.messages.judgement import Judgement, Mode, Place, Settled

AHEAD = 3
# How often somebody else may be quicker before a person is asked to try again.
TRIES = 20
LONGEST_SIGNPOST = 500

SKIP_REASONS = (
    "I know somebody in it",
    "I cannot read it",
    "It is too hard for me",
    "I would rather not read this one",
    "Another reason",
)
NEXT = "ask for the next one."


class Inquiries(Protocol):
    """Reads single inquiries."""

    async def read(self, item: Item) -> Judged:
        """Return one."""

    async def read_ahead(self, items: Sequence[Item]) -> None:
        """Read some that are likely to be asked for."""


class Held(NamedTuple):
    """An inquiry that a person has."""

    slot: Slot
    hold: Hold
    judged: Judged

    @property
    def place(self) -> Place:
        """Where it lies, as judgements have it."""
        source, partition, offset = self.slot.item
        event_id = (dict(self.judged.record.headers).get("ce_id") or b"").decode()
        return Place(topic=source, partition=partition, offset=offset, event_id=event_id)


@dataclass
class KafkaDesk:
    """What people see and do, told by the logs; see `services.desk.interface.Desk`.

    Args:
        state: What the logs say.
        texts: Reads inquiries.
        views: Makes pages.
        sender: Publishes what was decided, and writes and reads the claims as this does.
        lasts_ms: How long a claim lasts.
        signposts: Who may help with what is not ours.
        count: Called with each kind of claim that is written.
    """

    state: State
    texts: Inquiries
    views: Views
    sender: Sender
    lasts_ms: int
    signposts: Sequence[str]
    count: Callable[[Kind], None]
    skip_reasons: Sequence[str] = SKIP_REASONS
    departments: Sequence[DepartmentName] = field(init=False)
    _taking: set[Item] = field(default_factory=set, init=False)
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(
        default_factory=WeakValueDictionary, init=False
    )
    _behind: set["asyncio.Task[None]"] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        """List every department of the routing table, by name."""
        table = self.views.table.departments
        named = [DepartmentName(label, each.name) for label, each in table.items()]
        self.departments = sorted(named, key=lambda each: each.name.casefold())

    def waiting(self, person: Person) -> int:
        """Return how many inquiries wait that this person may judge; none where others have all."""
        if not self.state.held_by(person.pseudonym) and next(self._open_to(person), None) is None:
            return 0
        return sum(self.state.count(kind, person.languages) for kind in ("review", "audit"))

    async def next(self, person: Person) -> tuple[Item, Position] | None:
        """Claim the next inquiry for a person: the one they hold already, if any; else None.

        Raises:
            NotNowError: Others were quicker too often, or Kafka does not answer.
        """
        self._check_caught_up()
        # One at a time for each person, who may have pressed twice: the second gets the same.
        turn = self._turns.setdefault(person.pseudonym, asyncio.Lock())
        async with turn:
            return await self._next(person)

    async def _next(self, person: Person) -> tuple[Item, Position] | None:
        if held := self.state.held_by(person.pseudonym):
            return held[0].item, {}
        for _ in range(TRIES):
            waiting = next(self._open_to(person), None)
            if waiting is None:
                return None
            if (position := await self._take(person, waiting)) is not None:
                ahead = [each.item for each in islice(self._open_to(person), AHEAD)]
                self._later(self.texts.read_ahead(ahead))
                return waiting.item, position
        raise NotNowError(f"Others were quicker each time: {NEXT}")

    async def page(self, person: Person, item: Item, after: Position) -> InquiryPage:
        """Return an inquiry that the person holds.

        Raises:
            NotNowError: They do not hold it, or it is kept no longer, or Kafka does not answer.
        """
        async with answering():
            await self.sender.fold.reach(after)
        held = await self._held(person, item)
        if held.hold.chosen is not None:
            raise NotNowError(f"You have decided this inquiry: undo that to change it, or {NEXT}")
        if held.hold.until - self.sender.now_ms() < self.lasts_ms // 2:
            await self._write("claimed", held, person)
            held = await self._held(person, item)
        undo = self._undoable(person)
        return self.views.page(self.state, held.slot, held.hold, held.judged, undo)

    async def look(self, person: Person, item: Item, choice: Choice) -> Position:
        """Note that the person chose once and asks what the model thinks.

        Raises:
            NotNowError: They do not hold it, or may not look, or Kafka does not answer.
        """
        held = await self._current(person, item, choice)
        if self._mode(held) == "blind" and not self._may_look(held):
            raise NotNowError("This inquiry is judged without the model's view: choose, and send.")
        judgement = self._judgement(held, person, choice)
        return await self._write("looked", held, person, judgement=judgement)

    async def choose(self, person: Person, item: Item, choice: Choice) -> Position:
        """Keep what a person decided: it is sent with their next one, or when undo lapses.

        Raises:
            NotNowError: They do not hold it, or the choice cannot be, or Kafka does not answer.
        """
        held = await self._current(person, item, choice)
        judgement = self._judgement(held, person, choice)
        if held.hold.chosen is not None and _same(held.hold.chosen, judgement):
            return {}  # a second click
        before = [each for each in self.state.undoable_by(person.pseudonym) if each != held.slot]
        position = await self._write("chosen", held, person, judgement=judgement)
        after = self.state.hold(held.slot)
        if after is None or after.chosen is None or not _same(after.chosen, judgement):
            raise NotNowError(self._why_not(person, item))
        self.sender.takes(held.slot, held.hold)
        for slot in before:
            self._later(self.sender.send(slot))
        return position

    async def undo(self, person: Person) -> tuple[Item, Position]:
        """Take back what was decided last, and hold that inquiry again.

        Raises:
            NotNowError: It was sent already, or Kafka does not answer.
        """
        decided = self.state.undoable_by(person.pseudonym)
        if not decided:
            raise NotNowError(f"What you decided last was sent already: {NEXT}")
        item = decided[0].item
        held = await self._held(person, item)
        position = await self._write("undone", held, person)
        after = self.state.hold(held.slot)
        if after is None or after.chosen is not None:
            raise NotNowError(f"What you decided last was sent already: {NEXT}")
        return item, position

    async def skip(self, person: Person, item: Item, reason: str) -> Position:
        """Let somebody else have an inquiry, and say why.

        Raises:
            NotNowError: They do not hold it, the reason is none, or Kafka does not answer.
        """
        if reason not in self.skip_reasons:
            raise NotNowError("Say why you skip it: choose one of the reasons.")
        held = await self._held(person, item)
        return await self._write("released", held, person, reason=reason)

    async def undoable(self, person: Person, after: Position) -> Undoable | None:
        """Return what the person decided last, while it can still be taken back.

        Raises:
            AwayError: Kafka does not answer.
        """
        async with answering():
            await self.sender.fold.reach(after)
        return self._undoable(person)

    def overtaken(self, person: Person) -> Sequence[Overtaken]:
        """Return what of a person's came too late a short while ago, once."""
        since = self.sender.now_ms() - self.lasts_ms
        return self.state.tell_overtaken(person.pseudonym, since)

    async def leave(self, person: Person) -> None:
        """Send what is kept and give back what is held, as the person signs out.

        Raises:
            NotNowError: Kafka does not answer: it is sent later, and given back as claims lapse.
        """
        for slot in self.state.undoable_by(person.pseudonym):
            await self.sender.send(slot)
        for slot in self.state.held_by(person.pseudonym):
            held = await self._held(person, slot.item)
            await self._write("released", held, person)

    def supervision(self) -> Supervision:
        """Return what a supervisor sees."""
        return self.state.supervision()

    def recent(self) -> Sequence[Settled]:
        """Return the notes of the last hundred decisions, newest first; no text is in them."""
        return self.state.settled.latest()

    def own(self, person: Person) -> Own:
        """Return a person's own figures."""
        today = self.sender.now().astimezone(UTC).date()
        return self.state.settled.own(person.pseudonym, today)

    def _undoable(self, person: Person) -> Undoable | None:
        decided = self.state.undoable_by(person.pseudonym)
        hold = self.state.hold(decided[0]) if decided else None
        if hold is None or hold.chosen is None:
            return None
        until = at_ms(self.sender.stands_at(decided[0], hold))
        return Undoable(decided[0].item, hold.chosen.outcome, hold.chosen.department, until)

    def _open_to(self, person: Person) -> Iterator[Waiting]:
        """Yield what a person may claim, but for what somebody is just claiming here."""
        turn = self.state.turn_of(person, self.sender.now_ms())
        return (each for each in turn if each.item not in self._taking)

    async def _take(self, person: Person, waiting: Waiting) -> Position | None:
        """Claim an inquiry, and return where that stands; None where somebody was quicker."""
        item = waiting.item
        self._taking.add(item)
        try:
            judged = await self._read(item)
            slot = self.state.slot_of(item)
            held = Held(slot, self.state.hold(slot) or Hold(waiting.event), judged)
            position = await self._write("claimed", held, person)
        except AwayError:
            raise
        except NotNowError:
            return None  # it is kept no longer
        finally:
            self._taking.discard(item)
        hold = self.state.hold(slot)
        return position if hold and hold.is_held_by(person.pseudonym) else None

    async def _held(self, person: Person, item: Item) -> Held:
        """Return what a person has, or has decided and can undo.

        Raises:
            NotNowError: They have it not; the sentence says what became of it.
        """
        slot = self._slot_of(person, item)
        if slot is None:  # another replica may have heard more
            self._check_caught_up()
            async with answering():
                await self.sender.fold.reach_end(item.partition)
            slot = self._slot_of(person, item)
        hold = self.state.hold(slot) if slot else None
        if slot is None or hold is None:
            raise NotNowError(self._why_not(person, item))
        return Held(slot, hold, await self._read(item))

    def _check_caught_up(self) -> None:
        """Let nobody be told of an inquiry that it is not known, before all was read.

        Raises:
            NotNowError: Something was not.
        """
        if not self.sender.fold.is_caught_up:
            raise NotNowError("The desk is still reading what waits: ask again in a moment.")

    async def _current(self, person: Person, item: Item, choice: Choice) -> Held:
        """Return what a person has, where a form is about just that.

        Raises:
            NotNowError: The form is of another claim.
        """
        held = await self._held(person, item)
        if choice.judgement != judgement_id(held.slot, held.hold):
            raise NotNowError("This form is of an earlier claim: look at the inquiry once more.")
        return held

    def _slot_of(self, person: Person, item: Item) -> Slot | None:
        slot = self.state.slot_of(item)
        hold = self.state.hold(slot)
        if hold is None or self.state.is_over(slot):
            return None
        name = person.pseudonym
        return slot if hold.is_held_by(name) or hold.is_undoable_by(name) else None

    def _why_not(self, person: Person, item: Item) -> str:
        hold = self.state.hold(self.state.slot_of(item))
        name = person.pseudonym
        if self.state.is_gone(item):
            return f"This inquiry is kept no longer: {NEXT}"
        if self.state.waiting_at(item) is None:
            known = self.state.is_known(item)
            what = "has been decided already" if known else "is not known here"
            return f"This inquiry {what}: {NEXT}"
        if hold is not None and hold.by == name and hold.chosen is not None:
            return f"You have decided this inquiry, and that was sent: {NEXT}"
        if hold is not None and hold.chosen is not None:
            return f"Somebody else has decided this inquiry: {NEXT}"
        if hold is not None and hold.by:
            return f"Somebody else has this inquiry now, as yours had lapsed: {NEXT}"
        return f"You do not have this inquiry: {NEXT}"

    async def _read(self, item: Item) -> Judged:
        """Read an inquiry; what cannot be read waits no longer.

        Raises:
            NotNowError: It is kept no longer, or is none, or Kafka does not answer.
        """
        try:
            return await self.texts.read(item)
        except AwayError:
            raise
        except GoneError:
            self.state.begins(item.source, item.partition, item.offset + 1)
            raise
        except NotNowError:
            self.state.discard(item)
            raise

    async def _write(
        self,
        kind: Kind,
        held: Held,
        person: Person,
        *,
        judgement: Judgement | None = None,
        reason: str | None = None,
    ) -> Position:
        """Write what a person does, read it back, and return where it stands.

        Raises:
            NotNowError: By the log, somebody else has it by now; or Kafka does not answer.
        """
        claim = Claim(
            kind=kind,
            record=held.place,
            by=person.pseudonym,
            at=self.sender.now(),
            second=held.slot.second,
            claim=None if kind == "claimed" else held.hold.claim,
            reason=reason,
            judgement=judgement,
        )
        output = write_claim(claim, uuid4().hex, topic=self.sender.claims_topic, by=SOURCE)
        position = {held.slot.item.partition: await self.sender.log.append(output)}
        self.count(kind)
        async with answering():
            await self.sender.fold.reach(position)
        if kind not in {"claimed", "released"}:
            after = self.state.hold(held.slot)
            if after is None or (after.by, after.claim) != (person.pseudonym, claim.claim):
                raise NotNowError(self._why_not(person, held.slot.item))
        return position

    def _judgement(self, held: Held, person: Person, choice: Choice) -> Judgement:
        """Return what a choice comes to.

        Raises:
            NotNowError: It cannot be: a department has left the table, say.
        """
        signpost = (choice.signpost or "").strip()
        if choice.outcome == "department":
            if not choice.department:
                raise NotNowError("Choose a department, or another answer, and send it again.")
            if choice.department not in self.views.table.departments:
                raise NotNowError(
                    "This department is not in the routing table any more: choose another one."
                )
        if len(signpost) > LONGEST_SIGNPOST:
            raise NotNowError(f"Say in {LONGEST_SIGNPOST} characters at most who can help.")
        now = self.sender.now_ms()
        return Judgement(
            id=choice.judgement,
            record=held.place,
            outcome=choice.outcome,
            department=choice.department if choice.outcome == "department" else None,
            signpost=signpost or None if choice.outcome == "not-ours" else None,
            mode=self._mode(held),
            seconds=max(now - held.hold.since, 0) / 1000,
            by=person.pseudonym,
            at=self.sender.now(),
            correct=choice.correct and held.slot.item.source == "audit",
        )

    def _mode(self, held: Held) -> Mode:
        """Return how an inquiry is judged so far: by the log, whatever a form says."""
        waiting = self.state.waiting_at(held.slot.item)
        if held.slot.second or waiting is None or waiting.mode == "blind":
            return "blind"
        if waiting.mode == "shown":
            return "shown"
        return "on-request" if held.hold.looked else "blind"

    def _may_look(self, held: Held) -> bool:
        waiting = self.state.waiting_at(held.slot.item)
        return not held.slot.second and waiting is not None and waiting.mode != "blind"

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for; what fails is done again by the sender."""

        async def quietly() -> None:
            try:
                await work
            except NotNowError:
                return

        task = asyncio.create_task(quietly())
        self._behind.add(task)
        task.add_done_callback(self._behind.discard)


def _same(one: Judgement, other: Judgement) -> bool:
    """Tell whether two judgements of one claim say the same."""
    return (one.outcome, one.department, one.signpost, one.correct) == (
        other.outcome,
        other.department,
        other.signpost,
        other.correct,
    )
