"""Where the CPU time of a service goes, stage by stage.

Each stage is called in this process, alone, with the same records, and measured by the CPU time
that it takes for one of them. What a service takes beyond the sum of its stages is the client
library: fetch, transactions and the loop around them.
"""

import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import process_time
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from msgspec import structs
from prometheus_client import CollectorRegistry

from benchmarks.budgets import CLIENT, budget
from benchmarks.contestants import LENGTHS, PARTITIONS, Name
from benchmarks.figures import PER_CPU_SECOND, Figure
from benchmarks.inquiries import inquiry, texts
from benchmarks.runs_without_kafka import BATCH_TEXTS
from services.classifier.classify import classify
from services.classifier.metrics import ClassifierMetrics
from services.engine.batching import pack
from services.engine.made import Made
from services.engine.metrics import EngineMetrics, Note
from services.kafka.lenient_records import fetched, records_in
from services.messages import codec
from services.messages.record import Output
from services.model.scorer import Scores
from services.model.text_model import Model
from services.offline.lines import Line
from services.router.decide import Decider
from services.router.metrics import RouterMetrics

Stages = Mapping[str, Callable[[], object]]

RECORDS, REPEATS, BATCH_BYTES = 1_000, 7, 1_000_000
NOW = datetime(2026, 11, 9, 7, 21, 31, tzinfo=UTC)
PARTITION = TopicPartition("bench", 0)
SENT = (("ce_id", b"q-1"), ("trace", b"00-4bf92f3577b34da6a3ce929d0e0e4736-01"))
FEATURES, BOTH, JSON = "features", "features and ONNX", "json, for comparison"
COLUMNS = ("stage", "service", "length", "µs a record", "share", "budget", "")
LEGEND = (
    "A stage is measured alone, in one process; fetch, transaction and loop, which are the client "
    "library's, are what a service took beyond its stages. A budget is so many times what the bare "
    "pass-through (for these) or Python's json (for the others) took in this run."
)


@dataclass(frozen=True)
class StageTime:
    """What one stage takes of a record's CPU time, in microseconds, and of all of it.

    `budget` is what it may take, in microseconds too.
    """

    stage: str
    service: Name
    characters: int
    microseconds: float
    share: float
    budget: float

    def cells(self) -> Sequence[str]:
        """Return it as text."""
        taken, share, most = f"{self.microseconds:.1f}", f"{self.share:.0%}", f"{self.budget:.1f}"
        kept = "within" if self.microseconds <= self.budget else "over"
        return self.stage, self.service, str(self.characters), taken, share, most, kept


def cpu_profile(figures: Sequence[Figure], model: Model, decider: Decider) -> list[StageTime]:
    """Measure the stages, and set them against what the services took in the same run."""
    taken = {
        (each.name, each.characters): 1e6 / each.median
        for each in figures
        if each.unit == PER_CPU_SECOND.name
    }
    return [
        StageTime(stage, service, length, took, took / whole, peer * budget(service, stage, length))
        for length in LENGTHS
        for service, each in stages(model, decider, length).items()
        for whole in [taken[service, length]]
        for stage, took, peer in _beside(each, whole, taken[Name.PASSTHROUGH, length])
    ]


def _beside(each: Stages, whole: float, passing: float) -> Iterator[tuple[str, float, float]]:
    """Yield what each stage takes and what its peer does; first what is left of the whole."""
    measured = microseconds(each)
    own = own_parts(measured)
    yield CLIENT, whole - sum(own.values()), passing
    for stage, took in own.items():
        yield stage, took, measured[JSON]


def own_parts(taken: Mapping[str, float]) -> dict[str, float]:
    """Return what each stage takes that is part of no other."""
    own = {name: each for name, each in taken.items() if name not in {BOTH, JSON}}
    return own | ({"ONNX": taken[BOTH] - taken[FEATURES]} if BOTH in taken else {})


def microseconds(each: Stages, repeats: int = REPEATS) -> dict[str, float]:
    """Return what each stage takes for one record, in microseconds of CPU time: the least of all.

    The stages run in turn, so that a machine that is slow for a while is so for all of them.
    """
    best = dict.fromkeys(each, float("inf"))
    gc.collect()
    gc.disable()
    try:
        for _ in range(repeats):
            for name, stage in each.items():
                began = process_time()
                stage()
                best[name] = min(best[name], process_time() - began)
    finally:
        gc.enable()
    return {name: seconds / RECORDS * 1e6 for name, seconds in best.items()}


def stages(model: Model, decider: Decider, length: int) -> dict[Name, Stages]:
    """Return the stages of both services, each as a function that does all of a batch.

    Beside them stands what Python's own `json` takes to read and write the same values, by which
    other machines can be compared.
    """
    asked = texts(length, RECORDS)
    received = [Line(n, inquiry(n, text), headers=SENT) for n, text in enumerate(asked)]
    said = sorted(asked, key=len)  # as the model sorts them
    blocks = [said[start : start + BATCH_TEXTS] for start in range(0, len(said), BATCH_TEXTS)]
    registry, scored = CollectorRegistry(), _Scored(model, asked)
    classifier, outputs = _stages(
        received,
        codec.inquiries.read,
        lambda bodies: classify(bodies, scored, NOW),
        partial(codec.write_classified, topic="c", by="/bench"),
        (registry, ClassifierMetrics(registry, model, process_time).note),
    )
    lines = [Line(n, o.value or b"", headers=tuple(o.headers)) for n, o in enumerate(outputs)]
    registry = CollectorRegistry()
    router, _ = _stages(
        lines,
        codec.classified.read,
        lambda bodies: [decider.decide(b.inquiry, b.classification, NOW) for b in bodies],
        partial(codec.write_routed, by="/bench"),
        (registry, RouterMetrics(registry, decider.table, promised=1.0).note),
    )
    of_model: Stages = {
        "decode": classifier["decode"],
        FEATURES: lambda: [model.vocabulary.read(block) for block in blocks],
        BOTH: lambda: model.score(said),
    }
    return {Name.CLASSIFIER: {**of_model, **classifier}, Name.ROUTER: router}


def _stages(
    records: Sequence[Line],
    read: Callable[[Line], codec.Received[Any]],
    decide: Callable[[Sequence[Any]], Sequence[object]],
    write: Callable[..., Output],
    metrics: tuple[CollectorRegistry, Note],
) -> tuple[Stages, Sequence[Output]]:
    received = [read(record) for record in records]
    bodies = [each.body for each in received]
    decided = [*zip(records, received, decide(bodies), strict=True)]
    outputs = [write(*each) for each in decided]
    keyed = [structs.replace(output, key=b"case-%d" % n) for n, output in enumerate(outputs)]
    writes = dict.fromkeys({output.topic for output in outputs}, PARTITIONS)
    registry, note = metrics
    engine = EngineMetrics(registry, reads=["bench"], writes=writes, note=note, clock=NOW.timestamp)

    made = Made(outputs, [*range(len(outputs))])

    def count() -> None:
        engine.note(records, outputs, made)()

    create = partial(BatchBuilder, BATCH_BYTES, 0, is_transactional=1)
    answer = _answer_of(records)
    return {
        "unpack": lambda: next(records_in(answer, PARTITION, 0, None, fetched)),
        "decode": lambda: [read(record) for record in records],
        "decide": lambda: decide(bodies),
        "encode": lambda: [write(*each) for each in decided],
        "pack": lambda: pack(keyed, writes, 0, create),
        "count": count,
        JSON: lambda: [json.dumps(json.loads(each.value)) for each in records],
    }, outputs


class _Answer(NamedTuple):
    """A broker's answer, as far as it is read."""

    topics: Sequence[Any]
    API_VERSION: int = 11


def _answer_of(records: Sequence[Line]) -> _Answer:
    """Return the answer of a broker that has these records in one partition."""
    batch = BatchBuilder(2 * BATCH_BYTES, 0)
    for each in records:
        key, headers = b"case-%d" % each.offset, list(each.headers)
        batch.append(timestamp=None, key=key, value=each.value, headers=headers)
    topic, number = PARTITION
    return _Answer([(topic, [(number, 0, 0, 0, 0, None, -1, bytes(batch._build()))])])  # noqa: SLF001 - as the producer does


class _Scored:
    """A model that has been asked already, so that what is around it can be measured alone."""

    def __init__(self, model: Model, said: Sequence[str]) -> None:
        self.name, self.version = model.name, model.version
        self.labels, self.flags = model.labels, model.flags
        self._scores: Scores = model.score(said)

    def score(self, _texts: Sequence[str]) -> Scores:
        """Return what the model said when it was asked."""
        return self._scores
