import json
from collections.abc import Sequence
from datetime import UTC, datetime

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from services.classifier.classify import classify_records
from services.classifier.metrics import ClassifierMetrics
from services.cli import MODEL
from services.engine.job import Result
from services.engine.metric import Histogram
from services.messages.dead_letter import write_rejected
from services.messages.decision import Classification
from services.messages.events import Classified
from services.messages.examples import example_of
from services.messages.record import Output
from services.messages.rejection import RejectedError
from services.model.manifest import read_manifest
from services.model.text_model import Model, load_model
from services.router.app import create_decider
from services.router.decide import Decider
from services.router.metrics import UNKNOWN, RouterMetrics
from services.router.route import route_records
from services.router.settings import RouterSettings
from tests.records import ARecord, an_inquiry

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
BOUNDS = (0.1, 0.5, 1.0, 60.0)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MODEL, threads=1)


@pytest.fixture(scope="module")
def decider() -> Decider:
    return create_decider(RouterSettings())


def outputs_of(records: Sequence[ARecord], results: Sequence[Result]) -> list[Output]:
    """Return what the engine writes for results: outputs, and dead letters."""
    return [
        write_rejected(record, result, topic="r", by="/test", at=NOW)
        if isinstance(result, RejectedError)
        else result
        for record, result in zip(records, results, strict=True)
    ]


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
    metrics = RouterMetrics(registry, decider.table, decider.flags)
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
    metrics = RouterMetrics(registry, decider.table, decider.flags)
    for name in ("nobody", "somebody"):
        metrics.note(routed(decider, name))()
    labels = {"department": UNKNOWN, "reason": "low-confidence"}
    assert registry.get_sample_value("triage_routed_total", labels) == 2
    assert b"body" not in generate_latest(registry)


def test_the_router_counts_the_flags_that_are_raised(decider: Decider) -> None:
    """A flag counts where it is raised; one that is not likely enough, or unheard of, does not."""
    registry = CollectorRegistry()
    metrics = RouterMetrics(registry, decider.table, decider.flags)
    for flags in ({"danger": 1.0, "unheard_of": 1.0}, {"danger": 1.0}, {"danger": 0.0}):
        metrics.note(routed(decider, "home-office", **flags))()
    counts = {
        sample.labels["flag"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "triage_flagged_total"
    }
    assert counts == {**dict.fromkeys(decider.flags, 0), "danger": 2}
