"""What comes back from people: who decided what, and whether it arrived once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from aiokafka import ConsumerRecord

from services.local.reviewers.desk import sources_of
from services.local.reviewers.truths import Truths
from services.messages.codec import ESCALATED_HEADER
from services.messages.events import DECIDED
from services.messages.judgement import Settled, Verdict
from services.operate.installation import Installation

# A topic, and the `ce_id` of what is delivered there: the place that was judged.
Delivery = tuple[str, str]


def topic_of(note: Settled, installation: Installation) -> str:
    """Return where what a judgement says leads."""
    table = installation.table
    if note.department is not None:
        return table.departments[note.department].topic
    if note.outcome == "escalate":
        return table.review_topic
    return installation.settler.not_ours_topic


class Judges(Protocol):
    """Who judges, and nobody else does; see `services.local.reviewers.desk.Desk`."""

    @property
    def who(self) -> str:
        """What they are called where it is told what they did."""

    @property
    def truths(self) -> Truths:
        """What is right, by the inquiry's id, as far as it is known."""

    @property
    def taken(self) -> float:
        """How many inquiries they have seen."""

    @property
    def judged(self) -> int:
        """How many they have judged."""

    @property
    def said(self) -> int:
        """How many judgements there have been."""

    @property
    def verdicts(self) -> Mapping[Verdict, int]:
        """What has to become of these."""

    @property
    def left(self) -> Mapping[str, int]:
        """How many they left alone, by why."""


_read_note = msgspec.json.Decoder(Settled).decode


@dataclass
class WayBack:
    """What the settler wrote, what it had to, and how many copies the router drew.

    Args:
        installation: Whose topics these are.
        desk: Who judges.
    """

    installation: Installation
    desk: Judges
    notes: list[Settled] = field(default_factory=list)
    copies: int = 0
    delivered: Counter[Delivery] = field(default_factory=Counter)
    _owed: Counter[Delivery] = field(default_factory=Counter)
    _rejected: int = 0

    def __post_init__(self) -> None:
        sources = sources_of(self.installation, audit=True)
        self._topics = {source: topic for topic, source in sources.items()}

    def note(self, record: ConsumerRecord) -> bool:
        """Count a record, and tell whether it is one of the way back."""
        settler, headers = self.installation.settler, dict(record.headers)
        if record.topic == settler.settled_topic:
            self._note_settled(_read_note(record.value))
        elif record.topic == settler.audit_topic:
            self.copies += 1
        elif headers.get("rejected-topic") == settler.input_topic.encode():
            self._rejected += 1
        elif headers.get("ce_type") == DECIDED.encode() or ESCALATED_HEADER in headers:
            self.delivered[record.topic, headers["ce_id"].decode()] += 1
        else:
            return False
        return True

    def _note_settled(self, note: Settled) -> None:
        self.notes.append(note)
        if note.verdict == "counted" and (note.record.topic == "review" or note.corrected):
            place = note.record
            place_id = f"{self._topics[place.topic]}/{place.partition}/{place.offset}"
            self._owed[topic_of(note, self.installation), place_id] += 1

    @property
    def by_topic(self) -> Counter[str]:
        """How many arrived on each topic; on that for review, those that somebody handed on."""
        count: Counter[str] = Counter()
        for (topic, _), times in self.delivered.items():
            count[topic] += times
        return count

    @property
    def verdicts(self) -> Counter[str]:
        """What became of judgements, by verdict."""
        return Counter(each.verdict for each in self.notes)

    @property
    def complete(self) -> bool:
        """Whether all that was said has its note, and all that was decided has arrived."""
        return len(self.notes) >= self.desk.said and not self._owed - self.delivered

    @property
    def exact(self) -> bool:
        """Whether each judgement has the note that it has to, and each decision arrived once."""
        return (
            self.verdicts == self.desk.verdicts
            and self.delivered == self._owed
            and not self._rejected
        )
