"""What a contestant is given, and how to tell that what it made of it is right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from benchmarks.contestants import Name
from benchmarks.inquiries import inquiry, texts
from benchmarks.sklearn_export import Decision
from services.classifier.classify import classify_records
from services.clock import utc_now
from services.errors import TriageError
from services.local.exactly_once import Account
from services.messages.cloudevents import context
from services.messages.decision import Classification
from services.messages.events import RECEIVED, Classified
from services.messages.record import Headers, Output, Record
from services.model.reading import read
from services.model.text_model import Model
from services.offline.lines import Line
from services.router.decide import Decider
from services.router.route import route_records

ID, RECEIVED_ID, KEY = "ce_id", "received-ce_id", b"case-"
# Different texts of one length; more would not change what a text costs.
TEXTS = 4_096
# In other company a text's sum is added up in another order, and then rounded to six digits.
TOLERANCE = 1e-5

_event = msgspec.json.Decoder(Classified).decode
_decision = msgspec.json.Decoder(Decision).decode


@dataclass(frozen=True)
class Workload:
    """Records to publish, over and over, each time under a number of its own.

    The header `id_header` holds the number, and so does the key: it comes once, so no cache has it.
    `is_right` is told the index of a value, and topic and value of its answer.
    """

    values: Sequence[bytes]
    headers: Headers
    id_header: str
    is_right: Callable[[int, str, bytes], bool]

    def record(self, topic: str, number: int) -> Output:
        """Return the record of a number."""
        name, value = b"%d" % number, self.values[number % len(self.values)]
        return Output(topic, KEY + name, value, [(self.id_header, name), *self.headers])

    def lines(self) -> list[Line]:
        """Return a record of each value, as a service's function reads it."""
        headers = ((self.id_header, b""), *self.headers)
        return [Line(n, value, headers=headers) for n, value in enumerate(self.values)]


class Results:
    """Counts the answers to a workload under some numbers; topics of answers have a prefix."""

    def __init__(self, workload: Workload, numbers: range, prefix: str = "") -> None:
        self.account = Account(numbers)
        self._workload, self._prefix, self._wrong = workload, prefix, 0

    def note(self, record: Record) -> None:
        """Count an answer: everybody keeps the key of what it answers."""
        number = int((record.key or b"").removeprefix(KEY))
        self.account.note(number)
        index, topic = number % len(self._workload.values), record.topic.removeprefix(self._prefix)
        if number in self.account.numbers:
            self._wrong += not self._workload.is_right(index, topic, record.value or b"")

    def check(self, contestant: str) -> None:
        """See that each record was answered exactly once, and right."""
        account = self.account
        if self._wrong or not account.exact:
            raise TriageError(
                f"The {contestant} was given {len(account.numbers):,} records: {account.lost:,} "
                f"were lost, {account.doubled:,} came out twice, {self._wrong:,} with a wrong "
                f"answer, and {account.unexpected:,} came out that it was not given now. Its speed "
                "means nothing."
            )


class Inquiries:
    """Inquiries of one length, what the model says of them, and what is made of them."""

    def __init__(self, length: int, model: Model, decider: Decider, count: int = TEXTS) -> None:
        self.length, self.texts = length, texts(length, count)
        self._columns = {label: column for column, label in enumerate(model.labels)}
        self._probabilities = model.score([read(each).text for each in self.texts]).probabilities
        values = [inquiry(number, text) for number, text in enumerate(self.texts)]
        self.received = Workload(values, context(RECEIVED, "/bench", utc_now()), ID, self._is_right)
        classified = _classified(self.received, model)
        self._others = {
            Name.PASSTHROUGH: replace(self.received, is_right=lambda n, _, said: said == values[n]),
            Name.PASSTHROUGH_CLASSIFIED: classified,
            Name.ROUTER: to_route(classified, decider),
        }

    def given_to(self, name: Name) -> Workload:
        """Return the workload of a contestant; most have to classify what was received."""
        return self._others.get(name, self.received)

    def agrees(self, index: int, found: Classification) -> bool:
        """Tell whether the department is the text's most probable, as probable as is said."""
        row = self._probabilities[index]
        chosen = row[self._columns[found.department]]
        return bool(max(row.max() - chosen, abs(chosen - found.probability)) <= TOLERANCE)

    def _is_right(self, index: int, _topic: str, value: bytes) -> bool:
        return self.agrees(index, _event(value).classification)


def _classified(received: Workload, model: Model) -> Workload:
    """Return a workload of what the classifier makes of another, to be passed on as it is."""
    results = classify_records(received.lines(), model, topic="", now=utc_now())
    outputs = [each for each in results if isinstance(each, Output)]
    values = [output.value or b"" for output in outputs]
    headers = [header for header in outputs[0].headers if header[0] != RECEIVED_ID]
    return Workload(values, headers, RECEIVED_ID, lambda n, _, said: said == values[n])


def to_route(classified: Workload, decider: Decider) -> Workload:
    """Return a workload that is right on the topics that the decider chooses."""
    results = route_records(classified.lines(), decider, utc_now())
    topics = [each.topic for each in results if isinstance(each, Output)]
    return replace(classified, is_right=lambda n, topic, _: topic == topics[n])


def to_decide(received: Workload, decisions: Sequence[Decision]) -> Workload:
    """Return a workload that is right with the decisions of another model."""

    def is_right(index: int, _topic: str, value: bytes) -> bool:
        said, right = _decision(value), decisions[index]
        near = abs(said.probability - right.probability) <= TOLERANCE
        return near and said.department == right.department

    return replace(received, is_right=is_right)
