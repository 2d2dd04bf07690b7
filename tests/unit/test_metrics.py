import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from services.classifier.classify import classify_records
from services.classifier.metrics import ClassifierMetrics
from services.cli import MODEL
from services.engine.job import Result
from services.engine.made import Made, made_of
from services.engine.metric import Histogram
from services.engine.metrics import EngineMetrics
from services.messages.codec import inquiries
from services.messages.dead_letter import write_rejected
from services.messages.decision import Classification
from services.messages.events import Classified
from services.messages.examples import example_of
from services.messages.judgement import Settled
from services.messages.record import Output
from services.model.kept_promise import Tally
from services.model.manifest import read_manifest
from services.model.text_model import Model, load_model
from services.router.app import create_decider
from services.router.decide import Decider
from services.router.metrics import UNKNOWN, RouterMetrics
from services.router.route import route_records
from services.router.settings import RouterSettings
from services.settler.metrics import SUMS, SettlerMetrics
from tests.records import ARecord, an_inquiry

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
BOUNDS = (0.1, 0.5, 1.0, 60.0)
PROMISED = 0.95


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MODEL, threads=1)


@pytest.fixture(scope="module")
def decider() -> Decider:
    return create_decider(RouterSettings())


def outputs_of(records: Sequence[ARecord], results: Sequence[Result]) -> list[Output]:
    """Return what the engine writes for results: outputs, and dead letters."""
    reject = partial(write_rejected, topic="r", by="/test", at=NOW)
    return made_of(records, results, reject).outputs


@given(st.lists(st.lists(st.floats(-1, 100))))
def test_a_batch_is_counted_as_the_client_library_would(batches: list[list[float]]) -> None:
    """A histogram of batches shows what that of the client library shows of the values."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    batched = Histogram("h", "Help.", ["a"], bounds=BOUNDS).on(ours)
    single = prometheus_client.Histogram("h", "Help.", ["a"], buckets=BOUNDS, registry=theirs)
    single.labels("x")
    batched.observe((), "x")
    for batch in batches:
        batched.observe(batch, "x")
        for value in batch:
            single.labels("x").observe(value)
    expected = {
        (each.name, *each.labels.values()): each.value
        for family in theirs.collect()
        for each in family.samples
        if not each.name.endswith("_created")
    }
    shown = {
        (each.name, *each.labels.values()): each.value
        for family in ours.collect()
        for each in family.samples
    }
    assert shown == pytest.approx(expected)


def test_a_histogram_without_labels_is_there_from_the_start() -> None:
    """A rate needs a value before the first that counts."""
    registry = CollectorRegistry()
    Histogram("h_seconds", "Help.", unit="seconds", bounds=BOUNDS).on(registry)
    assert registry.get_sample_value("h_seconds_count") == 0
    assert b"# TYPE h_seconds histogram" in generate_latest(registry)


def test_the_classifier_counts_what_is_committed(model: Model) -> None:
    """Departments and probabilities count once their transaction is committed, and not before."""
    registry = CollectorRegistry()
    metrics = ClassifierMetrics(registry, model, lambda: 0.0)
    records = [ARecord(an_inquiry()), ARecord(b"not JSON")]
    outputs = outputs_of(records, classify_records(records, metrics.model, topic="c", now=NOW))
    count = metrics.note(outputs)
    assert classified(registry, model.labels) == {}
    count()
    found = outputs[0].decided
    assert isinstance(found, Classification)
    assert classified(registry, model.labels) == {found.department: (1, found.probability)}
    assert registry.get_sample_value("triage_model_seconds_count") == 1


def classified(
    registry: CollectorRegistry, departments: Sequence[str]
) -> dict[str, tuple[float | None, float | None]]:
    value = registry.get_sample_value
    found = {
        name: (
            value("triage_probability_count", {"department": name}),
            value("triage_probability_sum", {"department": name}),
        )
        for name in departments
    }
    assert all(count is not None for count, _ in found.values())
    return {name: (count, total) for name, (count, total) in found.items() if count}


def test_the_classifier_shows_what_its_model_was_used_to(model: Model) -> None:
    """What the manifest expects stands beside what comes, so that drift shows."""
    registry = CollectorRegistry()
    ClassifierMetrics(registry, model, lambda: 0.0)
    expected = model.manifest.expected
    for department, share in expected.share.items():
        shown = registry.get_sample_value("triage_expected_share", {"department": department})
        assert shown == share
    mean = registry.get_sample_value("triage_expected_probability")
    assert mean == expected.mean_probability


def routed(decider: Decider, department: str, **flags: float) -> list[Output]:
    """Route what a model is not sure of."""
    manifest = read_manifest(MODEL)
    event = example_of(Classified)
    event["classification"] |= {
        "model": {"name": manifest.name, "version": manifest.version},
        "department": department,
        "probability": 0.1,
        "flags": flags,
    }
    records = [ARecord(json.dumps(event).encode()), ARecord(b"not JSON")]
    return outputs_of(records, route_records(records, decider, NOW))


def test_the_router_counts_why_what_went_where(decider: Decider) -> None:
    """Each route counts by the model's department and the reason; a rejected record does not."""
    registry = CollectorRegistry()
    metrics = RouterMetrics(registry, decider.table, decider.flags, promised=PROMISED)
    metrics.note(routed(decider, "home-office"))()
    counts = {
        (sample.labels["department"], sample.labels["reason"]): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "triage_routed_total" and sample.value
    }
    assert counts == {("home-office", "low-confidence"): 1}


def test_a_department_that_nobody_knows_makes_no_series_of_its_own(decider: Decider) -> None:
    """Departments that the table does not know, whoever named them, are counted as one."""
    registry = CollectorRegistry()
    metrics = RouterMetrics(registry, decider.table, decider.flags, promised=PROMISED)
    for name in ("nobody", "somebody"):
        metrics.note(routed(decider, name))()
    labels = {"department": UNKNOWN, "reason": "low-confidence"}
    assert registry.get_sample_value("triage_routed_total", labels) == 2
    assert b"body" not in generate_latest(registry)


def test_the_router_counts_the_flags_that_are_raised(decider: Decider) -> None:
    """A flag counts where it is raised; one that is not likely enough, or unheard of, does not."""
    registry = CollectorRegistry()
    metrics = RouterMetrics(registry, decider.table, decider.flags, promised=PROMISED)
    for flags in ({"danger": 1.0, "unheard_of": 1.0}, {"danger": 1.0}, {"danger": 0.0}):
        metrics.note(routed(decider, "home-office", **flags))()
    counts = {
        sample.labels["flag"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "triage_flagged_total"
    }
    assert counts == {**dict.fromkeys(decider.flags, 0), "danger": 2}


@pytest.mark.parametrize(
    ("written", "clamped", "age"),
    [
        ("9999-12-31T23:59:59Z", "future", 0),
        ("9999-12-31T23:59:59-14:00", "future", 0),
        ("2026-11-24T09:02:00Z", "future", 0),
        ("2026-11-24T09:00:30Z", None, 0),
        ("2026-11-24T08:59:30Z", None, 30),
        ("2025-12-01T09:00:00Z", None, 358 * 86_400),
        ("2025-11-01T09:00:00Z", "past", 365 * 86_400),
        ("0001-01-01T00:00:00Z", "past", 365 * 86_400),
        ("0001-01-01T00:00:00+14:00", "past", 365 * 86_400),
    ],
)
def test_an_age_that_no_clock_explains_is_clamped(
    written: str, clamped: str | None, age: float
) -> None:
    """However wrong received_at is, the ages stay within a year, and a counter says of how many."""
    registry = CollectorRegistry()
    metrics = EngineMetrics(
        registry, reads="in", writes=["out"], note=lambda _: lambda: None, clock=NOW.timestamp
    )
    received = inquiries.read(ARecord(an_inquiry(received_at=written))).body.received_at
    output = Output("out", None, b"", [], received_at=received)
    metrics.note([ARecord(b"")], [output], Made([output], [0]))()
    assert registry.get_sample_value("triage_inquiry_age_seconds_sum", {"topic": "out"}) == age
    for time in ("future", "past"):
        counted = registry.get_sample_value("triage_inquiry_ages_clamped_total", {"time": time})
        assert counted == (time == clamped)


def test_a_record_without_a_time_is_no_age_of_decades() -> None:
    """The timestamp -1, which old clients send, counts as a year and not as five decades."""
    registry = CollectorRegistry()
    metrics = EngineMetrics(
        registry, reads="in", writes=["out"], note=lambda _: lambda: None, clock=NOW.timestamp
    )
    output = Output("out", None, b"", [])
    metrics.note([ARecord(b"", timestamp=-1)], [output], Made([output], [0]))()
    summed = registry.get_sample_value("triage_inquiry_age_seconds_sum", {"topic": "out"})
    assert summed == 365 * 86_400


def test_fields_that_were_left_out_are_counted(model: Model) -> None:
    """The classifier counts each optional field that was wrong, and shows all from the start."""
    registry = CollectorRegistry()
    metrics = ClassifierMetrics(registry, model, clock=lambda: 0.0)
    records = [ARecord(an_inquiry(received_at="")), ARecord(an_inquiry(attributes={"a": 1}))]
    results = classify_records([*records, records[0]], metrics.model, topic="c", now=NOW)
    metrics.note([each for each in results if isinstance(each, Output)])()

    def counted(field: str) -> float | None:
        return registry.get_sample_value("triage_fields_left_out_total", {"field": field})

    counts = {field: counted(field) for field in ("received_at", "attributes", "subject")}
    assert counts == {"received_at": 2, "attributes": 1, "subject": 0}


def test_the_router_shows_what_is_promised_of_what_goes_by_itself(decider: Decider) -> None:
    """What the audit is held against stands beside what the router does."""
    registry = CollectorRegistry()
    RouterMetrics(registry, decider.table, promised=PROMISED)
    assert registry.get_sample_value("triage_promised_precision") == PROMISED


def a_note(**fields: Any) -> Output:
    """Return the note of an audit copy that was judged right, with some fields set otherwise."""
    settled = {
        **example_of(Settled),
        "record": {"topic": "audit", "partition": 3, "offset": 1, "event_id": "e"},
        "department": "tax",
        "suggested": {"department": "tax", "probability": 0.9},
        **fields,
    }
    return Output("settled", None, b"", [], decided=msgspec.convert(settled, Settled))


def samples_of(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    """Return every sample of a name that is not 0, by the values of its labels."""
    return {
        (*sample.labels.values(),): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name and sample.value
    }


def test_agreement_is_parted_by_where_the_inquiry_lay_and_how_it_was_judged() -> None:
    """People agree with what was sure more often than with what was doubtful, whatever they saw.

    So blind and shown are compared within one of both. Who hands an inquiry on agrees with nobody.
    """
    registry = CollectorRegistry()
    metrics = SettlerMetrics(registry, ["tax", "roads"], dict)
    on_review = {"topic": "review", "partition": 3, "offset": 1, "event_id": "e"}
    outputs = [
        a_note(mode="blind"),
        a_note(mode="blind", record=on_review, department="roads"),
        a_note(mode="shown", record=on_review),
        a_note(mode="shown", record=on_review, outcome="not-ours", department=None),
        a_note(mode="shown", outcome="escalate", department=None),
        a_note(mode="blind", verdict="late", suggested=None),
        a_note(mode="blind", suggested={"department": "made up", "probability": 0.9}),
    ]
    count = metrics.note(outputs)
    assert samples_of(registry, "triage_agreement_total") == {}
    count()
    assert samples_of(registry, "triage_agreement_total") == {
        ("tax", "audit", "blind", "yes"): 1,
        ("tax", "review", "blind", "no"): 1,
        ("tax", "review", "shown", "yes"): 1,
        ("tax", "review", "shown", "no"): 1,
        (UNKNOWN, "audit", "blind", "no"): 1,
    }


def test_the_settler_shows_what_judged_copies_say_when_it_is_asked() -> None:
    """Sums are those of the moment; departments that the table does not know are one together."""
    registry, tallies = CollectorRegistry(), dict[str, Tally]()
    SettlerMetrics(registry, ["tax", "roads"], lambda: tallies)
    assert registry.get_sample_value("triage_audit_judged", {"department": "roads"}) == 0
    tallies |= {
        "tax": Tally().with_copy(chance=0.02, right=True).with_copy(chance=0.5, right=False),
        "gone": Tally().with_copy(chance=0.5, right=True),
        "gone as well": Tally().with_copy(chance=0.5, right=True),
    }
    shown = {name: samples_of(registry, metric.name) for name, metric in SUMS.items()}
    assert shown == {
        "judged": {("tax",): 2, (UNKNOWN,): 2},
        "weight": {("tax",): 52, (UNKNOWN,): 4},
        "squares": {("tax",): 2_504, (UNKNOWN,): 8},
        "right": {("tax",): 50, (UNKNOWN,): 4},
        "right_squares": {("tax",): 2_500, (UNKNOWN,): 8},
    }
    tallies.clear()
    assert samples_of(registry, "triage_audit_judged") == {}
