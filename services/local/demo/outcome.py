"""What came out of a pipeline, and where."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from services.local.demo.learnt import agreement_of, precision_of
from services.local.demo.way_back import WayBack
from services.local.exactly_once import Account
from services.messages.decision import Route
from services.operate.installation import Installation

LINE = "demo-line"


class _Inquiry(msgspec.Struct):
    id: str

    def __repr__(self) -> str:
        """Show nothing: an id may name a citizen."""
        return "_Inquiry()"


class _Classification(msgspec.Struct):
    department: str


class _Routed(msgspec.Struct):
    inquiry: _Inquiry
    classification: _Classification
    route: Route


_read = msgspec.json.Decoder(_Routed).decode


@dataclass
class Outcome:
    """What came out of an installation, and where; `account` counts how often each line did.

    Of those that went by themselves, `right` are right by the truth of the `known`; `back` has what
    people made of it all.
    """

    installation: Installation
    account: Account
    back: WayBack
    classified: int = 0
    rejected_unread: int = 0
    by_topic: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    example: ConsumerRecord | None = field(default=None, repr=False)
    right: int = 0
    known: int = 0
    seconds: float = 0.0

    def note(self, record: ConsumerRecord) -> None:
        """Count a record of one of the services' topics."""
        if self.back.note(record):
            return
        if record.topic == self.installation.classifier.output_topic:
            self.classified += 1
            return
        headers = dict(record.headers)
        self.account.note(int(headers[LINE]))
        self.by_topic[record.topic] += 1
        if record.topic in self.installation.rejected_topics:
            self.rejected[headers["rejected-reason"].decode()] += 1
            self.rejected_unread += (
                headers["rejected-topic"] == self.installation.received_topic.encode()
            )
            return
        routed = _read(record.value)
        route = routed.route
        self.reasons[route.reason] += 1
        if route.reason == "confident":
            self._note_by_itself(routed)
        # The best to show is one that needed no person; without any, another tells the same.
        if self.example is None or self.reasons["confident"] == (route.reason == "confident") == 1:
            self.example = record

    def _note_by_itself(self, routed: _Routed) -> None:
        truth = self.back.desk.truths.get(routed.inquiry.id)
        if truth and truth.outcome != "escalate":
            self.right += truth.department == routed.classification.department
            self.known += 1

    @property
    def published(self) -> int:
        """How many lines were published."""
        return len(self.account.numbers)

    @property
    def all_out(self) -> bool:
        """Whether everything that was published has come out of classifier and router."""
        return not self.account.lost and self.classified >= self._to_classify

    @property
    def complete(self) -> bool:
        """Whether, beside that, everything that waits was judged, and nothing is on its way."""
        review = self.installation.table.review_topic
        waiting = self.by_topic[review] + self.back.by_topic[review] + self.back.copies
        return self.all_out and self.back.desk.taken >= waiting and self.back.complete

    @property
    def exact(self) -> bool:
        """Whether each line came out exactly once, of the router and of the classifier before."""
        return self.account.exact and self.classified == self._to_classify

    @property
    def accounted(self) -> bool:
        """Whether, beside that, each decision of people was done exactly once."""
        return self.exact and self.back.exact

    @property
    def _to_classify(self) -> int:
        return self.published - self.rejected_unread

    def summary(self) -> dict[str, Any]:
        """Return the figures as one JSON object."""
        routed = {
            topic: self.by_topic[topic] for topic in sorted(self.installation.department_topics)
        }
        return {
            "published": self.published,
            "classified": self.classified,
            "routed": {topic: count for topic, count in routed.items() if count},
            "review": self.by_topic[self.installation.table.review_topic],
            "rejected": dict(sorted(self.rejected.items())),
            "right": self.right,
            "known": self.known,
            "back": self._summary_of_back(),
            "seconds": round(self.seconds, 3),
            "per_second": round(self.published / self.seconds, 1) if self.seconds else 0.0,
        }

    def _summary_of_back(self) -> dict[str, Any]:
        back, by_topic = self.back, Counter(self.back.by_topic)
        escalated = by_topic.pop(self.installation.table.review_topic, 0)
        precision = precision_of(back.notes)
        return {
            "decided": dict(sorted(by_topic.items())),
            "escalated": escalated,
            "copies": back.copies,
            "verdicts": dict(sorted(back.verdicts.items())),
            "left": dict(sorted(back.desk.left.items())),
            "agreement": agreement_of(back.notes)._asdict(),
            "precision": precision._asdict() if precision else None,
        }
