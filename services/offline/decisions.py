"""Decisions without Kafka: lines in, JSON Lines out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec

from services.classifier.classify import classify
from services.messages.codec import Received, inquiries
from services.messages.record import Header
from services.messages.rejection import RejectedError
from services.model.reading import read
from services.model.scorer import Scorer
from services.router.decide import Decider

_encode = msgspec.json.Encoder().encode

Explain = Callable[[str], object]
ExplainFlag = Callable[[str, str], object]


class Line(NamedTuple):
    """One line as the record that the codec reads: its number is its offset."""

    offset: int
    value: bytes
    topic: str = "lines"
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = None
    headers: tuple[Header, ...] = ()


class Reasoning(NamedTuple):
    """What explains a text's department, and one of its flags."""

    department: Explain
    flag: ExplainFlag


class Decisions:
    """Decides line by line, in batches; counts the lines that were bad.

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

    def of(self, lines: Iterable[bytes], now: datetime) -> Iterator[bytes]:
        """Return one JSON object for each line that is not blank, in order.

        A line that begins with `{` is an inquiry as JSON; any other is the text of one, and its
        number is the id.
        """
        numbered = (
            Line(number, stripped)
            for number, line in enumerate(lines, start=1)
            if (stripped := line.strip())
        )
        while batch := list(islice(numbered, self._batch)):
            yield from self._decide(batch, now)

    def _decide(self, batch: Sequence[Line], now: datetime) -> Iterator[bytes]:
        results = [inquiries.read_or_reject(_as_record(line)) for line in batch]
        good = [each.body for each in results if isinstance(each, Received)]
        classifications = iter(classify(good, self._model, now))
        for line, received in zip(batch, results, strict=True):
            if isinstance(received, RejectedError):
                self.bad += 1
                error = {"line": line.offset, "error": received.reason, "detail": received.detail}
                yield _encode(error)
            else:
                inquiry, classification = received.body, next(classifications)
                route = self._decider.decide(inquiry, classification, now)
                decision = {"id": inquiry.id, "classification": classification, "route": route}
                if self._reasons:
                    text, left_out = read(inquiry.text, inquiry.subject)
                    raised = self._decider.raised(classification)
                    decision["left_out"] = {each.kind: each.characters for each in left_out}
                    decision["explanation"] = self._reasons.department(text)
                    decision["flags"] = [self._reasons.flag(text, each) for each in sorted(raised)]
                yield _encode(decision)


def _as_record(line: Line) -> Line:
    """Wrap a plain line; bytes that are not UTF-8 stay as they are, for the codec to refuse."""
    if line.value.startswith(b"{"):
        return line
    text = line.value.decode(errors="surrogateescape")
    try:
        return line._replace(value=_encode({"id": str(line.offset), "text": text}))
    except UnicodeEncodeError:
        return line
