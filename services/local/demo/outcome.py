"""What came out of a pipeline, and where."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from services.local.exactly_once import Account
from services.messages.decision import Route
from services.operate.installation import Installation

LINE = "demo-line"


class _WithRoute(msgspec.Struct):
    route: Route


@dataclass
class Outcome:
    """What came out of an installation, and where; `account` counts how often each line did."""

    installation: Installation
    account: Account
    classified: int = 0
    rejected_unread: int = 0
    by_topic: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    example: ConsumerRecord | None = field(default=None, repr=False)
    seconds: float = 0.0

    def note(self, record: ConsumerRecord) -> None:
        """Count a record of one of the services' topics."""
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
        route = msgspec.json.decode(record.value, type=_WithRoute).route
        self.reasons[route.reason] += 1
        # The best to show is one that needed no person; without any, another tells the same.
        if self.example is None or self.reasons["confident"] == (route.reason == "confident") == 1:
            self.example = record

    @property
    def published(self) -> int:
        """How many lines were published."""
        return len(self.account.numbers)

    @property
    def complete(self) -> bool:
        """Whether everything that was published has come out, and nothing more is on its way."""
        return not self.account.lost and self.classified >= self._to_classify

    @property
    def accounted(self) -> bool:
        """Whether each line came out exactly once, of the router and of the classifier before."""
        return self.account.exact and self.classified == self._to_classify

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
            "seconds": round(self.seconds, 3),
            "per_second": round(self.published / self.seconds, 1) if self.seconds else 0.0,
        }
