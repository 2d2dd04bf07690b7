"""What came out of a pipeline, and where."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import ConsumerRecord

from services.messages.decision import Route

LINE = "demo-line"


class _WithRoute(msgspec.Struct):
    route: Route


@dataclass(frozen=True)
class Topics:
    """The topics that inquiries travel through."""

    received: str
    classified: str
    review: str
    rejected: str
    departments: frozenset[str]

    @property
    def written(self) -> list[str]:
        """Every topic that the services write."""
        return sorted({self.classified, self.review, self.rejected, *self.departments})


@dataclass
class Outcome:
    """What came out, and where; `arrivals` counts how often each line did."""

    topics: Topics
    published: int = 0
    classified: int = 0
    rejected_unread: int = 0
    arrivals: Counter[int] = field(default_factory=Counter)
    by_topic: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    example: ConsumerRecord | None = None
    seconds: float = 0.0

    def note(self, record: ConsumerRecord) -> None:
        """Count a record of one of the services' topics."""
        if record.topic == self.topics.classified:
            self.classified += 1
            return
        headers = dict(record.headers)
        self.arrivals[int(headers[LINE])] += 1
        self.by_topic[record.topic] += 1
        if record.topic == self.topics.rejected:
            self.rejected[headers["rejected-reason"].decode()] += 1
            self.rejected_unread += headers["rejected-topic"] == self.topics.received.encode()
            return
        route = msgspec.json.decode(record.value, type=_WithRoute).route
        self.reasons[route.reason] += 1
        # The best to show is one that needed no person; without any, another tells the same.
        if self.example is None or self.reasons["confident"] == (route.reason == "confident") == 1:
            self.example = record

    @property
    def arrived(self) -> int:
        """How many of the published lines came out."""
        return len(self.arrivals)

    @property
    def complete(self) -> bool:
        """Whether everything that was published has come out, and nothing more is on its way."""
        return self.arrived == self.published and self.classified >= self._to_classify

    @property
    def accounted(self) -> bool:
        """Whether each line came out exactly once, of the router and of the classifier before."""
        once = self.arrivals.total() == self.published and self.classified == self._to_classify
        return self.complete and once

    @property
    def _to_classify(self) -> int:
        return self.published - self.rejected_unread

    def summary(self) -> dict[str, Any]:
        """Give the figures as one JSON object."""
        routed = {topic: self.by_topic[topic] for topic in sorted(self.topics.departments)}
        return {
            "published": self.published,
            "classified": self.classified,
            "routed": {topic: count for topic, count in routed.items() if count},
            "review": self.by_topic[self.topics.review],
            "rejected": dict(sorted(self.rejected.items())),
            "seconds": round(self.seconds, 3),
            "per_second": round(self.published / self.seconds, 1) if self.seconds else 0.0,
        }
