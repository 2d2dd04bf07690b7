"""What the desk knows: three logs folded into one state, the same on every replica.

Each log is in order by partition, and what stands on a partition number speaks of inquiries on the
same number alone; so it does not matter in which order the logs are read beside each other.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from services.desk.claims import Hold, held
from services.desk.interface import Item, Overtaken, Person, Supervision
from services.desk.items import Early, Waiting
from services.desk.modes import has_second
from services.desk.queue import Kind, Line, LineName, beside_at, lines_for
from services.desk.settled import SettledNotes
from services.messages.claim import Claim
from services.messages.codec import id_made_of
from services.messages.judgement import Settled, Source

NOT_OURS = "not-ours"


class Slot(NamedTuple):
    """An inquiry, as a first or as a second opinion."""

    item: Item
    second: bool


class _First(NamedTuple):
    """The first answer on an inquiry on which a second opinion is asked."""

    answer: str
    by: str


class _Shelf:
    """The inquiries of one partition of a topic."""

    def __init__(self, begins: int) -> None:
        self.begins = begins
        self.next = begins
        self.waiting: dict[int, Waiting] = {}
        self.early = Early(begins)


class State:
    """What the logs say, as far as they were read.

    Args:
        lasts_ms: How long a claim lasts.
        audit_every: On which of so many turns what may wait comes before review.
        review_topic: What an inquiry that is passed on is named after.
    """

    def __init__(self, lasts_ms: int, audit_every: int, review_topic: str) -> None:
        self._lasts_ms = lasts_ms
        self._review_topic = review_topic
        self._every = audit_every
        self._shelves: dict[tuple[Source, int], _Shelf] = {}
        self._lines: dict[LineName, Line] = defaultdict(Line)
        self._cases: dict[int, Waiting | tuple[Waiting, ...]] = {}
        self._holds: dict[Slot, Hold] = {}
        self._of_person: dict[str, set[Slot]] = defaultdict(set)
        self._turns = Counter[str]()
        self._firsts: dict[Item, _First] = {}
        self._overtaken: dict[str, list[tuple[int, Overtaken]]] = defaultdict(list)
        # Who has passed an inquiry on, by the event with which it came back.
        self._passed_on_by: dict[int, tuple[str, ...]] = {}
        self.settled = SettledNotes()
        # Until the logs were read once: what was sent before that was sent, and no note is missed.
        self.is_new = True
        self._by_reason, self._by_department = Counter[str](), Counter[str]()
        self.latest = 0

    # The logs, a record at a time.

    def begins(self, source: Source, partition: int, offset: int) -> None:
        """Take note of the oldest inquiry that is kept of a partition: none before it waits."""
        shelf = self._shelf(source, partition, offset)
        if offset <= shelf.begins:
            return
        for each in [each for each in shelf.waiting if each < offset]:
            self._drop(shelf, shelf.waiting[each])
        for item in [each for each in self._firsts if each[:2] == (source, partition)]:
            if item.offset < offset:
                del self._firsts[item]
        for slot in [each for each in self._holds if each.item[:2] == (source, partition)]:
            if slot.item.offset < offset:
                self._end(slot)
        shelf.begins, shelf.next = max(shelf.begins, offset), max(shelf.next, offset)

    def read_up_to(self, source: Source, partition: int, offset: int) -> None:
        """Take note that every record before an offset was read, those of no use among them."""
        shelf = self._shelf(source, partition, 0)
        shelf.next = max(shelf.next, offset)
        shelf.early.forget_before(shelf.next)

    def came(self, waiting: Waiting) -> None:
        """Let an inquiry wait, unless it is known to be settled."""
        shelf = self._shelf(waiting.source, waiting.partition, 0)
        if waiting.offset < shelf.next:
            return  # read before, as after an error
        by = shelf.early.by(waiting.offset, waiting.event)
        if by is None:
            self._enter(shelf, waiting, "review" if waiting.source == "review" else "audit")
        elif waiting.item in self._firsts:
            waiting.first_by = by
            self._enter(shelf, waiting, "second")
        else:
            self._passed_on_by.pop(waiting.event, None)

    def noted(self, note: Settled) -> None:
        """Take note of what became of a judgement."""
        place = note.record
        item = Item(place.topic, place.partition, place.offset)
        self.settled.take(note)
        self._heard(item, note)
        if note.verdict == "counted":
            self._counted(item, note)
        elif note.verdict == "late" and note.mode == "blind":
            self._second(item, note)

    def claimed(self, claim: Claim, offset: int, at: int) -> None:
        """Take note of what a person did with an inquiry.

        Args:
            claim: What.
            offset: Where that stands in its partition of the log.
            at: When, by the log.
        """
        self.latest = max(self.latest, at)
        place = claim.record
        slot = Slot(Item(place.topic, place.partition, place.offset), claim.second)
        waiting = self.waiting_at(slot.item)
        other = waiting is not None and waiting.event != hash(place.event_id)
        before = self._holds.get(slot)
        if other or (before is None and claim.kind != "claimed"):
            return
        after = held(before, claim, offset, at, self._lasts_ms)
        if before and before.by != after.by:
            self._of_person[before.by].discard(slot)
        if after.by:
            self._of_person[after.by].add(slot)
        if claim.kind == "claimed" and (before is None or before.claim != after.claim):
            self._turns[after.by] += 1
        self._holds[slot] = after
        if self.is_over(slot) and (not after.by or (self.is_new and after.sent_at is not None)):
            self.forget(slot)

    def discard(self, item: Item) -> None:
        """Let an inquiry wait no longer, since nobody can read it."""
        waiting = self.waiting_at(item)
        if waiting is not None:
            self._drop(self._shelf(item.source, item.partition, 0), waiting)

    # What is asked of it.

    def is_over(self, slot: Slot) -> bool:
        """Tell whether there is nothing to decide there any more, as far as was read."""
        item = slot.item
        shelf = self._shelf(item.source, item.partition, 0)
        if item.offset >= shelf.next:
            return False
        waiting = shelf.waiting.get(item.offset)
        return waiting is None or (bool(waiting.first_by) and not slot.second)

    def is_gone(self, item: Item) -> bool:
        """Tell whether an inquiry is kept no longer."""
        return item.offset < self._shelf(item.source, item.partition, 0).begins

    def is_known(self, item: Item) -> bool:
        """Tell whether an inquiry was read, whatever became of it."""
        return item.offset < self._shelf(item.source, item.partition, 0).next

    def slot_of(self, item: Item) -> Slot:
        """Return as what an inquiry waits."""
        waiting = self.waiting_at(item)
        return Slot(item, second=waiting is not None and bool(waiting.first_by))

    def waiting_at(self, item: Item) -> Waiting | None:
        """Return what waits at a place, if anything."""
        return self._shelf(item.source, item.partition, 0).waiting.get(item.offset)

    def hold(self, slot: Slot) -> Hold | None:
        """Return who has an inquiry, if it ever was anybody's."""
        return self._holds.get(slot)

    def held_by(self, person: str) -> list[Slot]:
        """Return what a person has and has not decided, the latest first."""
        of_person = self._open_of(person, lambda hold: hold.is_held_by(person))
        return sorted(of_person, key=lambda slot: -self._holds[slot].until)

    def undoable_by(self, person: str) -> list[Slot]:
        """Return what a person has decided and can take back, the latest first."""
        decided = self._open_of(person, lambda hold: hold.is_undoable_by(person))
        return sorted(decided, key=lambda slot: -self._holds[slot].chosen_at)

    def decided(self) -> Iterator[tuple[Slot, Hold]]:
        """Yield what was decided and of which no note was read yet, overtaken or not."""
        for slots in list(self._of_person.values()):
            for slot in list(slots):
                hold = self._holds[slot]
                if hold.chosen is not None:
                    yield slot, hold

    def tell_overtaken(self, person: str, since: int) -> list[Overtaken]:
        """Return what of a person's was overtaken since a time, each once."""
        return [each for at, each in self._overtaken.pop(person, ()) if at >= since]

    def forget(self, slot: Slot) -> None:
        """Forget who has, or had, an inquiry."""
        hold = self._holds.pop(slot, None)
        if hold and hold.by:
            self._of_person[hold.by].discard(slot)

    def turn_of(self, person: Person, at: int) -> Iterator[Waiting]:
        """Yield what a person may have at a time, in the order in which they should."""
        name = person.pseudonym
        beside = beside_at(self._turns[name], self._every)
        for line_name in lines_for(person.languages, beside=beside):
            line = self._lines.get(line_name)
            for waiting in line or ():
                hold = self._holds.get(self.slot_of(waiting.item))
                not_theirs = (
                    waiting.first_by == name
                    or name in self._passed_on_by.get(waiting.event, ())
                    or (hold and name in hold.skipped)
                )
                if not not_theirs and (hold is None or hold.is_for(name, at)):
                    yield waiting

    def same_case(self, waiting: Waiting) -> list[Item]:
        """Return the other inquiries of the same case that wait, oldest first."""
        found = self._cases.get(waiting.case, ())
        others = found if isinstance(found, tuple) else (found,)
        found_items = sorted((each.at, each.item) for each in others if each is not waiting)
        return [item for _, item in found_items]

    def count(self, kind: Kind, languages: Collection[str] | None = None) -> int:
        """Return how many wait, of all languages or for who reads some besides the desk's own."""
        return sum(
            line.size
            for name, line in self._lines.items()
            if name.kind == kind
            and (languages is None or not name.language or name.language in languages)
        )

    def oldest(self, kind: Kind, *, high: bool | None = None) -> int | None:
        """Return since when the one waits that waits longest, in milliseconds since 1970.

        Args:
            kind: What it waits for.
            high: Whether it goes before all others; both if not given.
        """
        lines = {name: each for name, each in self._lines.items() if name.kind == kind}
        firsts = [each.oldest() for name, each in lines.items() if high in {None, name.high}]
        return min((each.at for each in firsts if each is not None), default=None)

    def sizes(self) -> dict[LineName, int]:
        """Return how many stand in each line."""
        return {name: line.size for name, line in self._lines.items()}

    def supervision(self) -> Supervision:
        """Return what a supervisor sees."""
        settled, oldest = self.settled, self.oldest("review")
        return Supervision(
            waiting=self.count("review"),
            oldest=None if oldest is None else datetime.fromtimestamp(oldest / 1000, UTC),
            by_reason=dict(+self._by_reason),
            by_department=dict(+self._by_department),
            with_model=settled.with_model(),
            second_opinions=settled.second_opinions(),
            differ=settled.differ(),
        )

    # How it moves.

    def _shelf(self, source: Source, partition: int, begins: int) -> _Shelf:
        shelf = self._shelves.get((source, partition))
        if shelf is None:
            shelf = self._shelves[source, partition] = _Shelf(begins)
        return shelf

    def _open_of(self, person: str, wanted: Callable[[Hold], bool]) -> list[Slot]:
        of_person = self._of_person.get(person, ())
        return [each for each in of_person if wanted(self._holds[each]) and not self.is_over(each)]

    def _enter(self, shelf: _Shelf, waiting: Waiting, kind: Kind) -> None:
        shelf.waiting[waiting.offset] = waiting
        line = self._lines[LineName(kind, waiting.high, waiting.language)]
        waiting.line = line
        line.add(waiting)
        if kind == "review":
            self._by_reason[waiting.reason] += 1
            self._by_department[waiting.department] += 1
        if waiting.case and kind != "second":
            before = self._cases.get(waiting.case, ())
            others = before if isinstance(before, tuple) else (before,)
            self._cases[waiting.case] = (*others, waiting) if others else waiting
        for second in (False, True):
            slot = Slot(waiting.item, second)
            hold = self._holds.get(slot)
            if hold and hold.event != waiting.event:
                self.forget(slot)

    def _counted(self, item: Item, note: Settled) -> None:
        shelf = self._shelf(item.source, item.partition, 0)
        event, answer = hash(note.record.event_id), note.department or note.outcome
        asked = item.source == "review" and has_second(note.record.event_id)
        if asked and note.outcome != "escalate" and item.offset >= shelf.begins:
            self._firsts[item] = _First(answer, note.by)
        if item.source == "review" and note.outcome == "escalate":
            made = id_made_of(self._review_topic, item.partition, item.offset)
            self._passed_on_by[hash(made)] = (*self._passed_on_by.get(event, ()), note.by)
        if item.offset >= shelf.next:
            shelf.early.put(item.offset, event, note.by)
            return
        waiting = shelf.waiting.get(item.offset)
        if waiting is None or waiting.event != event or waiting.first_by:
            return
        self._leave_line(shelf, waiting)
        if item in self._firsts:
            waiting.first_by = note.by
            self._enter(shelf, waiting, "second")

    def _second(self, item: Item, note: Settled) -> None:
        """Take note of a second opinion, if one was asked of its author."""
        first = self._firsts.get(item)
        if first is None or first.by == note.by or note.outcome == "escalate":
            return
        del self._firsts[item]
        self.settled.pair(item, first.answer, note.department or note.outcome, note)
        shelf = self._shelf(item.source, item.partition, 0)
        waiting = shelf.waiting.get(item.offset)
        if waiting is not None and waiting.first_by:
            self._drop(shelf, waiting)

    def _heard(self, item: Item, note: Settled) -> None:
        """Forget what a note is about; what it overtakes is kept, lest a decision vanish unsent."""
        for second in (False, True):
            slot = Slot(item, second)
            hold = self._holds.get(slot)
            if hold is None or hold.event != hash(note.record.event_id):
                continue
            if hold.chosen is not None and hold.chosen.id == note.judgement:
                self._overtake(slot, hold, note, by_another=note.verdict == "late")
                self.forget(slot)
            elif note.verdict == "counted":
                self._overtake(slot, hold, note, by_another=hold.chosen is not None)
                if not hold.by:
                    self.forget(slot)

    def _overtake(self, slot: Slot, hold: Hold, note: Settled, *, by_another: bool) -> None:
        """Have a person told that somebody else was first; a second opinion always comes late."""
        if by_another and not slot.second and not hold.overtaken and hold.chosen is not None:
            at = int(note.settled_at.timestamp() * 1000)
            theirs = Overtaken(slot.item, hold.chosen.outcome, hold.chosen.department)
            self._overtaken[hold.by].append((at, theirs))
            self._holds[slot] = hold._replace(overtaken=True)

    def _end(self, slot: Slot) -> None:
        """Forget who has what is kept no longer; what they decided is still sent."""
        hold = self._holds[slot]
        if hold.chosen is None or hold.sent_at is not None:
            self.forget(slot)

    def _drop(self, shelf: _Shelf, waiting: Waiting) -> None:
        self._leave_line(shelf, waiting)
        for second in (False, True):
            hold = self._holds.get(Slot(waiting.item, second))
            if hold and hold.chosen is None:
                self.forget(Slot(waiting.item, second))

    def _leave_line(self, shelf: _Shelf, waiting: Waiting) -> None:
        del shelf.waiting[waiting.offset]
        line = waiting.line
        waiting.line = None
        self._passed_on_by.pop(waiting.event, None)
        if isinstance(line, Line):
            line.remove()
        if waiting.first_by:
            return
        if waiting.source == "review":
            self._by_reason[waiting.reason] -= 1
            self._by_department[waiting.department] -= 1
        found = self._cases.pop(waiting.case, ())
        others = found if isinstance(found, tuple) else (found,)
        left = tuple(each for each in others if each is not waiting)
        if left:
            self._cases[waiting.case] = left if len(left) > 1 else left[0]
