"""What a contestant is given, and how to tell that what it made of it is right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
import numpy as np
from aiokafka import ConsumerRecord

from benchmarks.effort import (
    CLASSIFIER,
    CONFLUENT,
    FASTSTREAM,
    FASTSTREAM_BARE,
    FASTSTREAM_BATCH,
    FASTSTREAM_WORKERS,
    PASS_THROUGH,
    PASS_THROUGH_CLASSIFIED,
    ROUTER,
    TWO_CLASSIFIERS,
)
from benchmarks.inquiries import inquiry
from benchmarks.stock import Decision
from services.classifier.classify import answer_records
from services.classifier.model import Floats, Model
from services.local.lines import Line
from services.messages.cloudevents import context
from services.messages.decision import Classification
from services.messages.events import RECEIVED
from services.messages.record import Header, Headers
from services.router.decide import Decider
from services.router.route import route

Keyed = tuple[bytes, bytes, list[Header]]

SOURCE = "/bench"
ID, RECEIVED_ID = "ce_id", "received-ce_id"
KEY = b"case-"
# In other company a text's sum is added up in another order, and then rounded to six digits.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Work:
    """Records to hand out, over and over, each time under a number of its own.

    `id_header` is the one that holds the number; `is_right` looks at the answer to the record at
    a place.
    """

    values: Sequence[bytes]
    headers: Headers
    id_header: str
    is_right: Callable[[int, ConsumerRecord], bool]

    def record(self, number: int) -> Keyed:
        """Give key, value and headers of a record; a key comes once, so no cache has it."""
        name = b"%d" % number
        value = self.values[number % len(self.values)]
        return KEY + name, value, [(self.id_header, name), *self.headers]

    def approves(self, number: int, record: ConsumerRecord) -> bool:
        """Tell whether an answer to a numbered record is right."""
        return self.is_right(number % len(self.values), record)


def number_of(key: bytes) -> int:
    """Give the number under which a record was handed out: everybody keeps its key."""
    return int(key.removeprefix(KEY))


class Chosen:
    """Tells whether decisions are those of the model, asked here for the same texts."""

    def __init__(self, model: Model, texts: Sequence[str]) -> None:
        self._columns = {label: column for column, label in enumerate(model.labels)}
        self._probabilities: Floats = model.score(texts).probabilities

    def __call__(self, place: int, said: Classification) -> bool:
        """Tell whether the department is the text's most probable, as probable as is said."""
        row = self._probabilities[place]
        chosen = row[self._columns[said.department]]
        return bool(
            np.max(row) - chosen <= TOLERANCE and abs(chosen - said.probability) <= TOLERANCE
        )


class _Classified(msgspec.Struct):
    classification: Classification


class _Decided(msgspec.Struct):
    department: str
    probability: float


_decode = msgspec.json.Decoder(_Classified).decode
_decode_decided = msgspec.json.Decoder(_Decided).decode


def works(texts: Sequence[str], chosen: Chosen, model: Model, decider: Decider) -> dict[str, Work]:
    """Make the work of each contestant from the same texts."""
    now = datetime.now(UTC)
    headers = context(RECEIVED, SOURCE, now)
    values = [inquiry(number, text) for number, text in enumerate(texts)]
    lines = [Line(n, value, headers=((ID, b""), *headers)) for n, value in enumerate(values)]
    outputs = answer_records(lines, model, topic="classified", rejected_topic="rejected", now=now)
    answers = [output.value or b"" for output in outputs]
    kept = [header for header in outputs[0].headers if header[0] != RECEIVED_ID]
    lines = [Line(n, answer, headers=tuple(kept)) for n, answer in enumerate(answers)]
    routed = route(lines, decider, rejected_topic="rejected", now=now)
    classified = Work(
        values, headers, ID, lambda n, record: chosen(n, _decode(record.value).classification)
    )
    return {
        PASS_THROUGH: Work(values, headers, ID, lambda n, record: record.value == values[n]),
        PASS_THROUGH_CLASSIFIED: Work(
            answers, kept, RECEIVED_ID, lambda n, record: record.value == answers[n]
        ),
        CLASSIFIER: classified,
        TWO_CLASSIFIERS: classified,
        CONFLUENT: classified,
        FASTSTREAM_BATCH: classified,
        FASTSTREAM_BARE: classified,
        ROUTER: Work(answers, kept, RECEIVED_ID, lambda n, record: record.topic == routed[n].topic),
    }


def stock_works(classified: Work, decide: Callable[[int], Decision]) -> dict[str, Work]:
    """Make the work of those that have the stock pipeline, from the classifier's.

    Args:
        classified: The classifier's work.
        decide: Asks the stock pipeline for its decision on the inquiry at a place.
    """

    def is_right(place: int, record: ConsumerRecord) -> bool:
        said, right = _decode_decided(record.value), decide(place)
        near = abs(said.probability - right.probability) <= TOLERANCE
        return near and said.department == right.department

    work = replace(classified, is_right=is_right)
    return {FASTSTREAM: work, FASTSTREAM_WORKERS: work}
