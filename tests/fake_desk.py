"""A desk in memory: what the pages ask of one, with no Kafka behind it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from services.desk.interface import (
    Agreement,
    AwayError,
    Choice,
    DepartmentName,
    InquiryPage,
    Item,
    Likely,
    Marked,
    ModelView,
    NotNowError,
    Overtaken,
    Own,
    Person,
    Position,
    Supervision,
    Undoable,
)
from services.messages.examples import example_of
from services.messages.judgement import Settled

NOW = datetime(2026, 11, 2, 9, 30, 5, tzinfo=UTC)
REVIEWER = Person("reviewer-1", frozenset({"reviewer"}))
OTHER = Person("reviewer-2", frozenset({"reviewer"}))
SUPERVISOR = Person("supervisor-1", frozenset({"supervisor"}))
AUDITOR = Person("auditor-1", frozenset({"auditor"}))
EVERYTHING = Person("local", frozenset({"auditor", "reviewer", "supervisor"}))

NAMES = (
    "Ministry of Justice, Cabinet Office, HM Treasury, Home Office, Department for Education, "
    "Department for Transport, Ministry of Defence, Department for Work and Pensions"
)
DEPARTMENTS = [DepartmentName(name.lower().replace(" ", "-"), name) for name in NAMES.split(", ")]
SIGNPOSTS = ["Your council", "Citizens Advice", "The police"]
SKIP_REASONS = ["I know the person", "I cannot read it", "It is too hard for me"]
VIEW = ModelView(
    likely=[
        Likely("home-office", "Home Office", 0.52, 0.8),
        Likely("ministry-of-justice", "Ministry of Justice", 0.31, 0.74),
        Likely("cabinet-office", "Cabinet Office", 0.12, None),
        Likely("hm-treasury", "HM Treasury", 0.002, 0.9),
    ],
    reason="low-confidence",
    rule="danger",
    flags={"danger": 0.61},
    words=["passport", "visa", "asylum"],
    model="uk-departments 28105cf8ce37",
)
LETTER = [
    Marked("Dear sir or madam,\n\n    my passport has not come since March, and I "),
    Marked("cannot go on", "danger"),
    Marked(" like this.\r\n\r\nYours,\r\nA. Citizen"),
]


@dataclass
class Lying:
    """An inquiry that waits, and how it is to be shown."""

    item: Item
    subject: str | None = "My passport"
    text: Sequence[Marked] = field(default_factory=lambda: LETTER)
    language: str | None = "en"
    high: bool = False
    returned: Sequence[str] = ()
    same_case: Sequence[Item] = ()
    shown: bool = False
    may_look: bool = True
    chosen: Choice | None = None
    looked: bool = False
    second: bool = False


@dataclass
class Pending:
    """What a person decided and can still take back."""

    lying: Lying
    choice: Choice


class FakeDesk:
    """Holds what waits, who has it, and what was decided.

    Args:
        waiting: What waits, in the order in which it is handed out.
    """

    departments: Sequence[DepartmentName] = DEPARTMENTS
    signposts: Sequence[str] = SIGNPOSTS
    skip_reasons: Sequence[str] = SKIP_REASONS

    def __init__(self, *waiting: Lying) -> None:
        self.queue = [*waiting]
        self.held: dict[str, Lying] = {}
        self.pending: dict[str, Pending] = {}
        self.sent: list[tuple[str, Item, Choice]] = []
        self.skipped: list[tuple[Item, str]] = []
        self.left: list[str] = []
        self.too_late: list[Overtaken] = []
        self.away = False
        self.broken: Callable[[], None] = lambda: None
        self.not_now: str | None = None
        self.position = 0
        self.waited_for: list[Position] = []

    def waiting(self, person: Person) -> int:
        return len(self.queue)

    async def next(self, person: Person) -> tuple[Item, Position] | None:
        self._answer()
        if person.pseudonym not in self.held:
            if not self.queue:
                return None
            self.held[person.pseudonym] = self.queue.pop(0)
        return self.held[person.pseudonym].item, self._written()

    async def page(self, person: Person, item: Item, after: Position) -> InquiryPage:
        self._answer()
        self.waited_for.append(after)
        lying = self._held(person, item)
        return InquiryPage(
            item=item,
            judgement=f"{item.source}-{item.partition}-{item.offset}-{person.pseudonym}",
            subject=lying.subject,
            text=lying.text,
            language=lying.language,
            channel="web form",
            received_at=NOW - timedelta(hours=5),
            waiting_since=NOW - timedelta(hours=3),
            high=lying.high,
            returned=lying.returned,
            same_case=lying.same_case,
            shown_from_start=lying.shown,
            may_look=lying.may_look,
            view=VIEW if lying.shown or lying.looked else None,
            until=NOW + timedelta(minutes=10),
            second=lying.second,
            undo=await self.undoable(person, {}),
            chosen=lying.chosen,
        )

    async def look(self, person: Person, item: Item, choice: Choice) -> Position:
        self._answer()
        lying = self._held(person, item)
        lying.looked, lying.chosen = True, choice
        return self._written()

    async def choose(self, person: Person, item: Item, choice: Choice) -> Position:
        self._answer()
        lying = self._held(person, item)
        self._send(person)
        self.pending[person.pseudonym] = Pending(lying, choice)
        del self.held[person.pseudonym]
        return self._written()

    async def undo(self, person: Person) -> tuple[Item, Position]:
        self._answer()
        if person.pseudonym not in self.pending:
            raise NotNowError("Your last decision is sent already: nothing can be taken back.")
        if person.pseudonym in self.held:
            self.queue.insert(0, self.held[person.pseudonym])
        taken = self.pending.pop(person.pseudonym)
        taken.lying.chosen = taken.choice
        self.held[person.pseudonym] = taken.lying
        return taken.lying.item, self._written()

    async def skip(self, person: Person, item: Item, reason: str) -> Position:
        self._answer()
        self.queue.append(self._held(person, item))
        self.skipped.append((item, reason))
        del self.held[person.pseudonym]
        return self._written()

    async def undoable(self, person: Person, after: Position) -> Undoable | None:
        if person.pseudonym not in self.pending:
            return None
        pending = self.pending[person.pseudonym]
        return Undoable(
            pending.lying.item,
            pending.choice.outcome,
            pending.choice.department,
            NOW + timedelta(seconds=60),
        )

    def overtaken(self, person: Person) -> Sequence[Overtaken]:
        told, self.too_late = self.too_late, []
        return told

    async def leave(self, person: Person) -> None:
        self._answer()
        self._send(person)
        if person.pseudonym in self.held:
            self.queue.insert(0, self.held.pop(person.pseudonym))
        self.left.append(person.pseudonym)

    def supervision(self) -> Supervision:
        some = [Agreement("home-office", 120, 97, 0.74), Agreement("cabinet-office", 3, 1, None)]
        return Supervision(
            waiting=1042,
            oldest=NOW - timedelta(days=2, hours=3),
            by_reason={"low-confidence": 800, "ambiguous": 200, "rule": 42},
            by_department={"home-office": 900, "cabinet-office": 142},
            with_model={"blind": some, "on-request": some, "shown": []},
            second_opinions=some,
            differ=[(Item("review", 3, 17), "home-office", "not-ours")],
        )

    def recent(self) -> Sequence[Settled]:
        return [msgspec.convert(example_of(Settled), Settled)]

    def own(self, person: Person) -> Own:
        return Own(41, timedelta(seconds=7))

    def _answer(self) -> None:
        self.broken()
        if self.away:
            raise AwayError("Kafka does not answer: send it again in a moment.")
        if self.not_now:
            raise NotNowError(self.not_now)

    def _held(self, person: Person, item: Item) -> Lying:
        lying = self.held.get(person.pseudonym)
        if lying is None or lying.item != item:
            raise NotNowError("Somebody else has this inquiry now: go on with the next one.")
        return lying

    def _send(self, person: Person) -> None:
        if pending := self.pending.pop(person.pseudonym, None):
            self.sent.append((person.pseudonym, pending.lying.item, pending.choice))

    def _written(self) -> Mapping[int, int]:
        self.position += 1
        return {0: self.position}
