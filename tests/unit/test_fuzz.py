"""Whatever is sent, each record gets one result, and its bytes are in it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.classifier.classify import classify_records
from services.engine.job import Result
from services.messages.dead_letter import write_rejected
from services.messages.record import Header, Output
from services.messages.rejection import RejectedError
from services.model.text_model import load_model
from services.resources import shipped
from services.router.app import create_decider
from services.router.route import route_records
from services.router.settings import RouterSettings
from tests.records import BINARY, STRUCTURED, ARecord, an_envelope

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MODEL = load_model(shipped("models", "uk-departments"), threads=1)
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


def bytes_in(output: Output) -> bytes:
    """Return the sender's bytes out of an event of ours."""
    assert output.value is not None
    return bytes(msgspec.json.decode(output.value, type=dict[str, msgspec.Raw])["inquiry"])


def outputs_of(results: Sequence[Result]) -> list[Output]:
    return [result for result in results if isinstance(result, Output)]


@given(st.lists(st.tuples(VALUES, HEADERS), max_size=6))
@settings(max_examples=300)
def test_each_record_gets_one_result_with_its_bytes(
    pairs: list[tuple[bytes | None, tuple[Header, ...]]],
) -> None:
    """Classifier and router make one result of anything, and change no byte of it."""
    records = records_of(pairs)
    results = classify_records(records, MODEL, topic="c", now=NOW)
    assert len(results) == len(records)
    for record, result in zip(records, results, strict=True):
        if isinstance(result, RejectedError):
            assert write_rejected(record, result, topic="r", by="/c", at=NOW).value == record.value
        elif dict(record.headers).get("content-type") != STRUCTURED[0][1]:
            assert bytes_in(result) == (record.value or b"").strip()
    classified = outputs_of(results)
    between = [
        ARecord(output.value, tuple(output.headers), output.key, output.topic, 0, n)
        for n, output in enumerate(classified)
    ]
    routed = route_records(between, DECIDER, NOW)
    assert not [result for result in routed if isinstance(result, RejectedError)]
    assert [*map(bytes_in, outputs_of(routed))] == [*map(bytes_in, classified)]


@given(WRITTEN)
def test_structured_events_carry_their_data_as_it_is(data: bytes) -> None:
    """The data of a structured-mode event are taken, or not, as the same bytes alone would be."""
    alone = ARecord(data)
    wrapped = ARecord(an_envelope(data), STRUCTURED)
    results = classify_records([alone, wrapped], MODEL, topic="c", now=NOW)
    # Both are taken, or neither: the envelope may be the first to say why not.
    assert len({isinstance(result, RejectedError) for result in results}) == 1
    assert len({bytes_in(output) for output in outputs_of(results)}) < 2
