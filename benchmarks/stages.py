"""Where the time of a service goes that is not the client library's: its stages, one by one.

Each stage is called in this process, alone, with the same records, and measured by the CPU time
that it takes for one of them. What a service takes beyond the sum of its stages is the client
library: fetch, transactions and the loop around them.

    python -m benchmarks.stages
"""

import gc
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from time import process_time

import typer
from aiokafka.producer.message_accumulator import BatchBuilder
from prometheus_client import CollectorRegistry

from benchmarks.effort import CLASSIFIER, LENGTHS, ROUTER
from benchmarks.inquiries import inquiry, texts
from services.classifier.classify import Scores, classify
from services.classifier.metrics import ClassifierMetrics
from services.classifier.model import BLOCK_TEXTS, Model, load
from services.classifier.settings import ClassifierSettings
from services.local.lines import Line
from services.messages.codec import classified, inquiries, write_classified, write_routed
from services.messages.record import Output
from services.router.app import create_decider
from services.router.decide import Decider
from services.router.metrics import RouterMetrics
from services.router.settings import RouterSettings
from services.stream.metrics import Note, StreamMetrics
from services.stream.outbox import pack
from services.stream.settings import read_settings

Stage = Callable[[], object]

RECORDS = 1_000
REPEATS = 7
BATCH_BYTES = 1_000_000
NOW = datetime(2026, 11, 9, 7, 21, 31, tzinfo=UTC)
PEER = "json, for comparison"
SENT = (("ce_id", b"q-1"), ("trace", b"00-4bf92f3577b34da6a3ce929d0e0e4736-01"))


def stages(model: Model, decider: Decider, length: int) -> dict[str, dict[str, Stage]]:
    """Give the stages of both services, each as a function that does all of a batch.

    Args:
        model: What the classifier asks.
        decider: What the router asks.
        length: Characters of an inquiry's text.

    Returns:
        The stages by name, by service; with them what Python's own `json` takes to read and write
        the same values, by which other machines can be compared.
    """
    asked = texts(length, RECORDS)
    received = [Line(n, inquiry(n, text), headers=SENT) for n, text in enumerate(asked)]
    read = [inquiries.read(record) for record in received]
    bodies = [each.body for each in read]
    scored = _Scored(model, [body.said for body in bodies])
    answers = classify(bodies, scored, NOW)
    written = [
        write_classified(record, event, answer, topic="c", by="/bench")
        for record, event, answer in zip(received, read, answers, strict=True)
    ]
    lines = [
        Line(n, output.value or b"", headers=tuple(output.headers))
        for n, output in enumerate(written)
    ]
    events = [classified.read(line) for line in lines]
    decided = [decider.decide(each.body.inquiry, each.body.classification, NOW) for each in events]
    routed = [
        write_routed(line, event, decision, by="/bench")
        for line, event, decision in zip(lines, events, decided, strict=True)
    ]
    said = scored.texts
    of_classifier, of_router = CollectorRegistry(), CollectorRegistry()
    noted = ClassifierMetrics(of_classifier, model, process_time).note
    noted_routed = RouterMetrics(of_router, decider.table).note
    return {
        CLASSIFIER: {
            "decode": lambda: [inquiries.read(record) for record in received],
            "features": lambda: [model.vocabulary.read(said[part]) for part in _blocks(said)],
            "features and ONNX": lambda: model.score(said),
            "decide": lambda: classify(bodies, scored, NOW),
            "encode": lambda: [
                write_classified(record, event, answer, topic="c", by="/bench")
                for record, event, answer in zip(received, read, answers, strict=True)
            ],
            **_of_the_stream(received, written, of_classifier, noted),
            PEER: lambda: [json.dumps(json.loads(each.value)) for each in received],
        },
        ROUTER: {
            "decode": lambda: [classified.read(line) for line in lines],
            "decide": lambda: [
                decider.decide(each.body.inquiry, each.body.classification, NOW) for each in events
            ],
            "encode": lambda: [
                write_routed(line, event, decision, by="/bench")
                for line, event, decision in zip(lines, events, decided, strict=True)
            ],
            **_of_the_stream(lines, routed, of_router, noted_routed),
            PEER: lambda: [json.dumps(json.loads(each.value)) for each in lines],
        },
    }


def _of_the_stream(
    records: Sequence[Line], outputs: Sequence[Output], registry: CollectorRegistry, note: Note
) -> dict[str, Stage]:
    keyed = [output._replace(key=b"case-%d" % n) for n, output in enumerate(outputs)]
    partitions = dict.fromkeys({output.topic for output in outputs}, 4)
    metrics = StreamMetrics(registry, reads="bench", writes=partitions, note=note, clock=_clock)

    def count() -> None:
        metrics.note(records, outputs)()

    return {"pack": lambda: pack(keyed, partitions, 0, _a_batch), "count": count}


def _a_batch() -> BatchBuilder:
    return BatchBuilder(BATCH_BYTES, 0, is_transactional=1)


def _clock() -> float:
    return NOW.timestamp()


def _blocks(said: Sequence[str]) -> list[slice]:
    return [slice(start, start + BLOCK_TEXTS) for start in range(0, len(said), BLOCK_TEXTS)]


class _Scored:
    """A model that has been asked already, so that what is around it can be measured alone."""

    def __init__(self, model: Model, said: Sequence[str]) -> None:
        self.texts = sorted(said, key=len)  # as the model sorts them
        self.name, self.version, self.labels = model.name, model.version, model.labels
        self._scores: Scores = model.score(said)

    def score(self, _texts: Sequence[str]) -> Scores:
        """Give what the model said when it was asked."""
        return self._scores


def microseconds(each: Mapping[str, Stage], repeats: int = REPEATS) -> dict[str, float]:
    """Give what each stage takes for one record, in microseconds of CPU time: the least of all.

    The stages take turns, so that a machine that is slow for a while is so for all of them.
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


def main() -> None:
    """Print what each stage of both services takes for one record."""
    model = load(read_settings(ClassifierSettings).model, threads=1)
    decider = create_decider(read_settings(RouterSettings))
    for length in LENGTHS:
        for service, each in stages(model, decider, length).items():
            typer.echo(f"{service}, {length} characters")
            for name, taken in microseconds(each).items():
                typer.echo(f"{taken:8.2f} µs  {name}")


if __name__ == "__main__":
    typer.run(main)
