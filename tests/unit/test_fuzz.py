"""Whatever is sent, each record gets one answer, and its bytes are in it."""

import json
from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classifier.classify import answer_records
from services.classifier.model import load
from services.messages.record import Header, Output
from services.resources import shipped
from services.router.app import create_decider
from services.router.route import route
from services.router.settings import RouterSettings
from tests.records import BINARY, STRUCTURED, ARecord, an_envelope

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MODEL = load(shipped("models", "uk-departments"), threads=1)
DECIDER = create_decider(RouterSettings())

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
FIELDS = ("id", "text", "subject", "language", "received_at", "reference", "attributes", "x")
NEARLY = st.dictionaries(st.sampled_from(FIELDS), ANYTHING | st.text(min_size=1, max_size=99))
GOOD = st.fixed_dictionaries({"id": st.text("ab", min_size=1), "text": st.text(min_size=1)})
WRITTEN = (NEARLY | GOOD | ANYTHING).map(lambda value: json.dumps(value).encode())
TORN = st.tuples(WRITTEN, st.integers(0, 99)).map(lambda pair: pair[0][: pair[1]])
DEEP = st.integers(1, 3_000).map(lambda depth: b'{"id": "1", "text": "a", "x": ' + b"[" * depth)
TWICE = st.just(b'{"id": "1", "id": 2, "text": "", "text": "a"}')
VALUES = st.none() | st.binary(max_size=60) | WRITTEN | TORN | DEEP | TWICE
NAMES = st.sampled_from([name for name, _ in BINARY] + ["trace", "rejected-reason"])
FORGED = st.lists(st.tuples(NAMES, st.none() | st.binary(max_size=12)), max_size=4).map(tuple)
HEADERS = FORGED | st.sampled_from([BINARY, STRUCTURED, ()])


def records_of(pairs: list[tuple[bytes | None, tuple[Header, ...]]]) -> list[ARecord]:
    return [ARecord(value, headers, offset=n) for n, (value, headers) in enumerate(pairs)]


def bytes_in(output: Output) -> bytes | None:
    """Give the sender's bytes, out of a dead letter or out of an event of ours."""
    if output.rejection or output.value is None:
        return output.value
    return bytes(msgspec.json.decode(output.value, type=dict[str, msgspec.Raw])["inquiry"])


@given(st.lists(st.tuples(VALUES, HEADERS), max_size=6))
@settings(max_examples=300)
def test_each_record_gets_one_answer_with_its_bytes(
    pairs: list[tuple[bytes | None, tuple[Header, ...]]],
) -> None:
    """Classifier and router answer anything with one output each, and change no byte of it."""
    records = records_of(pairs)
    outputs = answer_records(records, MODEL, topic="c", rejected_topic="r", now=NOW)
    assert len(outputs) == len(records)
    for record, output in zip(records, outputs, strict=True):
        if output.rejection:
            assert output.value == record.value
        elif dict(record.headers).get("content-type") != STRUCTURED[0][1]:
            assert bytes_in(output) == (record.value or b"").strip()
    middle = [
        ARecord(output.value, tuple(output.headers), output.key, output.topic, 0, n)
        for n, output in enumerate(outputs)
        if not output.rejection
    ]
    routed = route(middle, DECIDER, rejected_topic="r", now=NOW)
    assert [output.rejection for output in routed] == [None] * len(middle)
    assert [*map(bytes_in, routed)] == [bytes_in(o) for o in outputs if not o.rejection]


@given(WRITTEN)
def test_structured_events_carry_their_data_as_it_is(data: bytes) -> None:
    """The data of a structured-mode event are taken, or not, as the same bytes alone would be."""
    alone = ARecord(data)
    wrapped = ARecord(an_envelope(data), STRUCTURED)
    one, other = answer_records([alone, wrapped], MODEL, topic="c", rejected_topic="r", now=NOW)
    assert bool(one.rejection) == bool(other.rejection)  # the envelope may be the first to say why
    if not one.rejection:
        assert bytes_in(one) == bytes_in(other)
