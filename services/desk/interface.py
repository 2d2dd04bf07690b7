"""What the pages ask of the desk: values to show, and actions of a person; no Kafka, no HTML.

A page shows what an `InquiryPage` says and nothing else; what a person does is one call.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

from services.messages.judgement import Mode, Outcome, Settled, Source

Role = Literal["reviewer", "supervisor", "auditor"]


class Person(NamedTuple):
    """Who is signed in.

    Args:
        pseudonym: What judgements name them by; never a name.
        roles: What they may do.
        languages: The languages besides the desk's own that they read, such as `cy`.
    """

    pseudonym: str
    roles: frozenset[Role]
    languages: frozenset[str] = frozenset()


class Item(NamedTuple):
    """Where an inquiry lies that waits for a person."""

    source: Source
    partition: int
    offset: int


# How far the log of claims has to be read before a page tells what was just done, by partition.
Position = Mapping[int, int]


class Marked(NamedTuple):
    """A stretch of a text; `rule` names the rule whose phrase it is, if one."""

    text: str
    rule: str | None = None

    def __repr__(self) -> str:
        """Show which rule it is, never a word."""
        return f"Marked(rule={self.rule!r})"


class Likely(NamedTuple):
    """A department and how probable the model thinks it, with the threshold it would need."""

    department: str
    name: str
    probability: float
    threshold: float | None


class ModelView(NamedTuple):
    """What the model thinks: its first four, the rule that fired, flags, and what words spoke."""

    likely: Sequence[Likely]
    reason: str
    rule: str | None
    flags: Mapping[str, float]
    words: Sequence[str]
    model: str

    def __repr__(self) -> str:
        """Show which model's it is, never a word of the inquiry."""
        return f"ModelView(model={self.model!r})"


class InquiryPage(NamedTuple):
    """One inquiry as a person sees it.

    Args:
        item: Where it lies.
        judgement: The id that the judgement will have, made for this person and inquiry.
        subject: Of the inquiry, if it has one.
        text: What the citizen wrote, in order, whole.
        language: Its BCP 47 tag, if known.
        channel: How it came.
        received_at: When the citizen wrote.
        waiting_since: When it came to review.
        high: Whether it goes before all others.
        returned: What is said of its return by a department, if it was: some sentences.
        same_case: Other inquiries of the same case that wait.
        shown_from_start: Whether the model's view is open without asking.
        may_look: Whether it may be asked for (after a first choice).
        view: What the model thinks; None where it is not to be seen now.
        until: When the claim lapses.
        second: Whether this is a second opinion.
        undo: What the person decided before and can still take back, if anything.
        chosen: What this person chose here themselves: before they looked, or before they undid.
    """

    item: Item
    judgement: str
    subject: str | None
    text: Sequence[Marked]
    language: str | None
    channel: str | None
    received_at: datetime | None
    waiting_since: datetime
    high: bool
    returned: Sequence[str]
    same_case: Sequence[Item]
    shown_from_start: bool
    may_look: bool
    view: ModelView | None
    until: datetime
    second: bool
    undo: "Undoable | None"
    chosen: "Choice | None" = None

    def __repr__(self) -> str:
        """Show where it lies, never a word."""
        return f"InquiryPage(item={self.item!r})"


class Undoable(NamedTuple):
    """What a person decided last, which is not sent yet."""

    item: Item
    outcome: Outcome
    department: str | None
    until: datetime


class Overtaken(NamedTuple):
    """What a person decided when somebody else's decision had come first, which is done instead."""

    item: Item
    outcome: Outcome
    department: str | None


class Choice(NamedTuple):
    """What a person chose; `correct` is for a copy of what went by itself."""

    judgement: str
    outcome: Outcome
    department: str | None = None
    signpost: str | None = None
    correct: bool = False

    def __repr__(self) -> str:
        """Show which it is, never what a person wrote."""
        return f"Choice(judgement={self.judgement!r}, outcome={self.outcome!r})"


class DepartmentName(NamedTuple):
    """A department of the routing table."""

    label: str
    name: str


class Agreement(NamedTuple):
    """How often people agree: with the model, or (kappa) two people with each other."""

    department: str
    judged: int
    agreed: int
    kappa: float | None


class Supervision(NamedTuple):
    """What a supervisor sees; of persons there is nothing.

    Args:
        waiting: How many wait.
        oldest: Since when the oldest does.
        by_reason: How many wait for each reason.
        by_department: How many wait by the model's first choice.
        with_model: Agreement with the model's first choice, by department and by mode.
        second_opinions: Agreement of two people, by department.
        differ: Second opinions that differ: the place, and the two answers.
    """

    waiting: int
    oldest: datetime | None
    by_reason: Mapping[str, int]
    by_department: Mapping[str, int]
    with_model: Mapping[Mode, Sequence[Agreement]]
    second_opinions: Sequence[Agreement]
    differ: Sequence[tuple[Item, str, str]]


class Own(NamedTuple):
    """A person's own day: how many decided, and the median of how long one took."""

    decided: int
    median: timedelta | None


class NotNowError(Exception):
    """What a person asked for cannot be; `args[0]` is one sentence that says why and what to do."""


class AwayError(NotNowError):
    """Kafka does not answer; what was chosen stands in the form that is shown again."""


class Desk(Protocol):
    """What a person can see and do. Every method may raise `NotNowError`."""

    departments: Sequence[DepartmentName]
    signposts: Sequence[str]
    skip_reasons: Sequence[str]

    def waiting(self, person: Person) -> int:
        """Return how many inquiries wait that this person may judge."""

    async def next(self, person: Person) -> tuple[Item, Position] | None:
        """Claim the next inquiry for a person: the one they hold already, if any; else None."""

    async def page(self, person: Person, item: Item, after: Position) -> InquiryPage:
        """Return an inquiry that the person holds."""

    async def look(self, person: Person, item: Item, choice: Choice) -> Position:
        """Note that the person chose once and asks what the model thinks."""

    async def choose(self, person: Person, item: Item, choice: Choice) -> Position:
        """Keep what a person decided: it is sent with their next one, or when undo lapses."""

    async def undo(self, person: Person) -> tuple[Item, Position]:
        """Take back what was decided last, and hold that inquiry again."""

    async def skip(self, person: Person, item: Item, reason: str) -> Position:
        """Let somebody else have an inquiry, and say why."""

    async def undoable(self, person: Person, after: Position) -> Undoable | None:
        """Return what the person decided last, while it can still be taken back."""

    def overtaken(self, person: Person) -> Sequence[Overtaken]:
        """Return what of a person's came too late since they were told last."""

    async def leave(self, person: Person) -> None:
        """Send what is kept and give back what is held, as the person signs out."""

    def supervision(self) -> Supervision:
        """Return what a supervisor sees."""

    def recent(self) -> Sequence[Settled]:
        """Return the notes of the last hundred decisions, newest first; no text is in them."""

    def own(self, person: Person) -> Own:
        """Return a person's own figures."""
