"""Decisions without Kafka: inquiries in, JSON Lines out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec

from services.classifier.classify import classify
from services.messages.codec import Received, inquiries
from services.messages.rejection import RejectedError
from services.model.reading import read
from services.model.scorer import Scorer
from services.offline.lines import Line
from services.router.decide import Decider

_encode = msgspec.json.Encoder().encode

Explain = Callable[[str], object]
ExplainFlag = Callable[[str, str], object]


class Reasoning(NamedTuple):
    """What explains a text's department, and one of its flags."""

    department: Explain
    flag: ExplainFlag


class Decisions:
    """Decides one by one, in batches; counts those that were bad.

    `reasons` add to a decision what a text's fragments said for it, and for each raised flag.
    """

    def __init__(
        self, model: Scorer, decider: Decider, batch: int, reasons: Reasoning | None = None
    ) -> None:
        self._model = model
        self._decider = decider
        self._batch = batch
        self._reasons = reasons
        self.bad = 0

    def of(self, lines: Iterable[Line], now: datetime) -> Iterator[bytes]:
        """Return one JSON object for each inquiry, in order; a bad one's names file and line."""
        numbered = iter(lines)
        while batch := list(islice(numbered, self._batch)):
            yield from self._decide(batch, now)

    def _decide(self, batch: Sequence[Line], now: datetime) -> Iterator[bytes]:
        results = [inquiries.read_or_reject(line) for line in batch]
        good = [each.body for each in results if isinstance(each, Received)]
        classifications = iter(classify(good, self._model, now))
        for line, received in zip(batch, results, strict=True):
            if isinstance(received, RejectedError):
                self.bad += 1
                place = {"file": line.topic} if line.topic else {}
                why = {"error": received.reason, "detail": received.detail}
                yield _encode({**place, "line": line.offset, **why})
            else:
                inquiry, classification = received.body, next(classifications)
                route = self._decider.decide(inquiry, classification, now)
                decision = {"id": inquiry.id, "classification": classification, "route": route}
                if self._reasons:
                    reading = read(inquiry.text, inquiry.subject)
                    raised = self._decider.raised(classification)
                    decision["left_out"] = {each.kind: each.characters for each in reading.left_out}
                    decision["explanation"] = self._reasons.department(reading.text)
                    decision["flag_explanations"] = [
                        self._reasons.flag(reading.text, each) for each in sorted(raised)
                    ]
                yield _encode(decision)
