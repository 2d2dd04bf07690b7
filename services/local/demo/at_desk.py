"""People at the desk: what they said, each decision in a line, and how they leave."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import msgspec
from aiokafka import ConsumerRecord

from services.errors import TriageError
from services.kafka.clients import KafkaClients
from services.local.demo.outcome import Outcome
from services.local.demo.send import sending
from services.local.demo.way_back import topic_of
from services.local.processes.service_process import ServiceProcess
from services.local.reviewers.desk import CountsVerdicts, sources_of
from services.local.reviewers.truths import Truths
from services.messages.codec import judgements
from services.messages.judgement import Settled, Verdict
from services.messages.rejection import RejectedError
from services.operate.installation import Installation
from services.visible import visible

_token = re.compile(r'name="token" value="([^"]+)"')


class _Inquiry(msgspec.Struct):
    id: str

    def __repr__(self) -> str:
        """Show nothing: an id may name a citizen."""
        return "_Inquiry()"


class _WithInquiry(msgspec.Struct):
    inquiry: _Inquiry


_read_note = msgspec.json.Decoder(Settled).decode
_read_inquiry = msgspec.json.Decoder(_WithInquiry).decode


@dataclass
class PeopleAtDesk(CountsVerdicts):
    """What people said at the desk, told by the topic of judgements; nobody waits for them.

    Args:
        topic: That topic.
        truths: What is right, by the inquiry's id.
    """

    topic: str
    truths: Truths = field(repr=False)
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    left: Mapping[str, int] = field(default_factory=dict)
    who: str = "you"
    taken: float = inf
    _first: dict[str, str] = field(default_factory=dict)

    def note(self, record: ConsumerRecord) -> bool:
        """Count a record, and tell whether it is a judgement."""
        if record.topic != self.topic:
            return False
        received = judgements.read_or_reject(record)
        if not isinstance(received, RejectedError):  # else the settler says what is wrong with it
            self.verdicts[self._verdict_on(received.body.record.key, received.body.id)] += 1
        return True

    def _verdict_on(self, place: str, judgement: str) -> Verdict:
        """Tell what has to become of a judgement: the first in the log counts."""
        if place not in self._first:
            self._first[place] = judgement
            return "counted"
        return "repeated" if self._first[place] == judgement else "late"


@dataclass
class Decisions:
    """Tells of each decision in a line, and no word of an inquiry.

    Args:
        installation: Whose topics these are.
        tell: Called with each line.
    """

    installation: Installation
    tell: Callable[[str], None]
    _ids: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._sources = sources_of(self.installation, audit=True)

    def note(self, record: ConsumerRecord) -> None:
        """Remember which inquiry lies where, and tell of what was settled."""
        if source := self._sources.get(record.topic):
            place = f"{source}/{record.partition}/{record.offset}"
            self._ids[place] = visible(_read_inquiry(record.value).inquiry.id)
        elif record.topic == self.installation.settler.settled_topic:
            self.tell(self._line_of(_read_note(record.value)))

    def _line_of(self, note: Settled) -> str:
        inquiry = self._ids.get(note.record.key, note.record.key)
        return f"{inquiry}  {self._where(note)}  {note.verdict}, judged {note.mode}"

    def _where(self, note: Settled) -> str:
        if note.verdict != "counted":
            return "nothing was done"
        if note.record.topic == "audit" and not note.corrected:
            return "went by itself, and stays where it is"
        return f"to {topic_of(note, self.installation)}"


async def decide_at_desk(  # noqa: PLR0913, PLR0917 - who decides, what, and who hears of it
    clients: KafkaClients,
    outcome: Outcome,
    people: PeopleAtDesk,
    desk: ServiceProcess,
    lines: Sequence[bytes],
    progress: Callable[[], None],
    tell: Callable[[str], None],
) -> None:
    """Publish each line as a record, and let people decide at the desk until Ctrl-C.

    Args:
        clients: Knows how to connect.
        outcome: Takes note of all that comes.
        people: Takes note of what they say.
        desk: Where they decide; it runs.
        lines: The values of the records.
        progress: Called twice a second at least.
        tell: Called with each line that says what happens.

    Raises:
        KafkaError: Kafka refused a record, or answers no more.
        TriageError: The desk does not let its people leave.
    """
    decisions = Decisions(outcome.installation, tell)

    def note(record: ConsumerRecord) -> bool:
        decisions.note(record)
        return people.note(record)

    also = {people.topic}
    async with sending(clients, outcome, lines, progress, also=also, note=note) as sent:
        await sent.until_complete()
        waiting = outcome.by_topic[outcome.installation.table.review_topic]
        tell(f"{waiting:,} inquiries wait for you at {desk.url} until Ctrl-C.")
        try:
            while True:
                await sent.look()
        except asyncio.CancelledError:  # Ctrl-C, as asyncio hands it on
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - we run in one
            task.uncancel()
        await asyncio.to_thread(sign_out, desk)
        await sent.until_complete()


def sign_out(desk: ServiceProcess) -> None:
    """Leave the desk as its button does: what could still be taken back is sent.

    Raises:
        TriageError: It does not answer.
    """
    try:
        _, page = desk.get("/")
        if token := _token.search(page):
            desk.post("/sign-out", token=token[1])
    except OSError:
        raise TriageError(
            f"The desk does not answer, so what was decided last is not sent: see its log "
            f"{desk.log}."
        ) from None
