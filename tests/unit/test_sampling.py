import json
from collections import Counter
from datetime import UTC, datetime
from math import sqrt

import msgspec
import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.classifier.settings import ClassifierSettings
from services.errors import ConfigurationError
from services.kafka.settings import KafkaSettings
from services.messages.decision import Alternative, Classification, Decided, Drawn, Model
from services.messages.events import CLASSIFIED, SAMPLED, Classified, SampledInquiry
from services.messages.examples import example_of
from services.messages.record import Header, Output, most_bytes
from services.model.manifest import Limits, read_manifest
from services.operate.installation import installation_of
from services.operate.topics import topics_of
from services.resources import shipped
from services.router.app import create_decider, create_sampler
from services.router.metrics import RouterMetrics
from services.router.route import route_records
from services.router.sampling import (
    BANDS,
    MOST_FOR_SMALL,
    Sampler,
    band_of,
    chance_of,
    drawn_at,
    weight_of_department,
)
from services.router.settings import RouterSettings
from tests.records import ARecord

NOW = datetime(2026, 11, 28, tzinfo=UTC)
MODEL = Model("m", "1")
MANIFEST = read_manifest(shipped("models", "uk-departments"))
SHIPPED = Model(MANIFEST.name, MANIFEST.version)
DECIDER = create_decider(RouterSettings())
PLACES = 100_000
SEED = b"an installation"
SHARES = {"tax": 0.9, "roads": 0.1}

shares = st.floats(0, 1)


def at(place: int, topic: str = "c") -> ARecord:
    """Return one of 100,000 places: an offset of one of ten partitions."""
    return ARecord(None, topic=topic, partition=place % 10, offset=place // 10)


def a_sampler(share: float, installation: str = "i") -> Sampler:
    return Sampler.of(
        share=share,
        topic="audit",
        max_bytes=1_000_000,
        installation=installation,
        limits={MODEL: Limits({"tax": 0.6, "roads": 0.8, "parks": None}, in_remit=0.5)},
        expected={MODEL: {**SHARES, "parks": 0.0}},
    )


def classified_as(department: str, probability: float) -> Classification:
    return Classification(
        model=MODEL,
        department=department,
        probability=probability,
        alternatives=(Alternative("parks", 0.0),),
        in_remit=1.0,
        classified_at=NOW,
    )


def a_classified(probability: float = 0.99, number: int = 0, **inquiry: object) -> ARecord:
    """Return what the router reads of the shipped model, sure enough or not."""
    event = example_of(Classified)
    event["inquiry"] |= inquiry
    event["classification"] |= {
        "model": {"name": SHIPPED.name, "version": SHIPPED.version},
        "probability": probability,
        "flags": {},
    }
    headers: list[Header] = [
        ("ce_type", CLASSIFIED.encode()),
        ("ce_specversion", b"1.0"),
        ("ce_id", b"inquiries/0/1"),
        ("received-ce_id", b"e-1"),
        ("trace", b"\xff"),
    ]
    value = json.dumps(event).encode()
    return ARecord(value, tuple(headers), topic="inquiries.classified", partition=3, offset=number)


def sampler_of(share: float, **settings: object) -> Sampler:
    router = RouterSettings(audit_share=share, **settings)  # type: ignore[arg-type]
    sampler = create_sampler(router, KafkaSettings(), DECIDER)
    assert sampler is not None
    return sampler


@given(st.binary(min_size=1, max_size=64), st.integers(0, 2**31), st.integers(0, 2**63))
def test_a_place_always_falls_where_it_fell(seed: bytes, partition: int, offset: int) -> None:
    """What is drawn rests on the place alone, so a batch processed again draws the same."""
    first = ARecord(b"one", topic="t", partition=partition, offset=offset)
    again = ARecord(b"other", (("h", b""),), None, "t", partition, offset, timestamp=0)
    assert 0 <= drawn_at(seed, first) < 1
    assert drawn_at(seed, first) == drawn_at(seed, again)


@pytest.mark.parametrize("chance", [0.001, 0.01, 0.2, 0.5])
@pytest.mark.parametrize("seed", [b"one", b"two", b"three"])
def test_as_many_are_drawn_as_their_chance_says(seed: bytes, chance: float) -> None:
    """Of 100,000 places those drawn are as many as of independent draws, within 4 deviations."""
    drawn = sum(drawn_at(seed, at(place)) < chance for place in range(PLACES))
    assert abs(drawn - PLACES * chance) < 4 * sqrt(PLACES * chance * (1 - chance))


def test_neighbours_are_drawn_independently() -> None:
    """Whether a place is drawn says nothing of the next, and nothing of another partition's."""
    drawn = [
        [drawn_at(SEED, ARecord(None, (), None, "t", p, o)) < 0.5 for o in range(20_000)]
        for p in range(2)
    ]
    for one, other in ((drawn[0][:-1], drawn[0][1:]), (drawn[0], drawn[1])):
        same = sum(a == b for a, b in zip(one, other, strict=True))
        assert abs(same - len(one) / 2) < 4 * sqrt(len(one) / 4)


def test_installations_and_topics_draw_for_themselves() -> None:
    """Two installations, or two topics, do not draw the same places."""
    places = [drawn_at(seed, at(1, topic)) for seed in (b"a", b"b") for topic in ("t", "u")]
    assert len({*places}) == len(places)
    assert a_sampler(0.5, "one").seed != a_sampler(0.5, "two").seed


@given(st.floats(0, 1), st.floats(0, 1))
def test_each_probability_has_its_band(threshold: float, way: float) -> None:
    """A band is a part of the way from the threshold to 1, whatever the threshold; 1 is in one."""
    probability = min(1.0, threshold + way * (1 - threshold))
    [band] = [each for each in BANDS if each.band == band_of(probability, threshold)]
    above = (probability - threshold) / (1 - threshold) if threshold < 1 else 0
    assert above <= band.up_to + 1e-9
    earlier = [each.up_to for each in BANDS if each.up_to < band.up_to]
    assert not earlier or above > max(earlier) - 1e-9


def test_the_bands_are_those_of_the_message_and_narrow_down() -> None:
    """Nearer to the threshold more is drawn; each band that a copy can name is in the table."""
    assert [band.band for band in BANDS] == ["near-threshold", "middle", "sure"]
    assert [band.weight for band in BANDS] == sorted((b.weight for b in BANDS), reverse=True)
    assert [band.up_to for band in BANDS] == [0.25, 0.75, 1.0]


@given(st.dictionaries(st.text(min_size=1), shares, min_size=2, max_size=50), st.data())
def test_a_small_department_is_drawn_more_often_and_not_too_often(
    expected: dict[str, float], data: st.DataObject
) -> None:
    """No department is drawn less than by the share, and none more than four times as much."""
    one, other = (data.draw(st.sampled_from(sorted(expected))) for _ in range(2))
    weight = weight_of_department(expected, one)
    assert 1 <= weight <= MOST_FOR_SMALL
    if expected[one] <= expected[other]:
        assert weight >= weight_of_department(expected, other)


@given(st.floats(1e-6, 1), st.sampled_from(["tax", "roads"]), st.floats(0.8, 1))
def test_whatever_goes_by_itself_can_be_drawn(share: float, label: str, p: float) -> None:
    """Every chance is over 0, else nothing could be said of its stratum, and 1 at the most."""
    sample = a_sampler(share).sample_of(classified_as(label, p))
    assert 0 < sample.chance <= 1
    assert sample.chance <= share * BANDS[0].weight * MOST_FOR_SMALL * 1.001


@pytest.mark.parametrize(
    ("label", "probability", "band", "weight"),
    [
        ("tax", 0.6, "near-threshold", 2),
        ("tax", 0.7, "near-threshold", 2),
        ("tax", 0.8, "middle", 1),
        ("tax", 0.95, "sure", 0.5),
        ("tax", 1.0, "sure", 0.5),
        ("roads", 0.8, "near-threshold", 2 * sqrt(1 / 3 / 0.1)),
        ("roads", 1.0, "sure", 0.5 * sqrt(1 / 3 / 0.1)),
    ],
)
def test_a_copy_says_its_stratum_and_its_chance(
    label: str, probability: float, band: str, weight: float
) -> None:
    """By a share of 1 % each band and department has a chance of its own, some times as large."""
    sample = a_sampler(0.01).sample_of(classified_as(label, probability))
    assert sample.band == band
    assert sample.chance == pytest.approx(0.01 * weight, rel=0.02)


@given(shares, st.floats(0.1, 8), st.floats(0.1, 8))
def test_a_larger_weight_is_a_larger_chance(share: float, one: float, other: float) -> None:
    """A chance is one whatever the weight, that of the share where it is 1, and grows with it."""
    low, high = (chance_of(share, weight) for weight in sorted((one, other)))
    assert 0 <= low <= high <= 1
    assert chance_of(share, 1) == pytest.approx(share)
    assert (chance_of(0, one), chance_of(1, one)) == (0, 1)


def test_each_stratum_is_drawn_by_its_own_chance() -> None:
    """Of 100,000 places of each stratum as many are drawn as by independent draws of its chance."""
    sampler = a_sampler(0.02)
    for label, probability in (("tax", 0.65), ("tax", 0.8), ("tax", 0.99), ("roads", 0.81)):
        classification = classified_as(label, probability)
        chance = sampler.sample_of(classification).chance
        drawn = sum(sampler.draw(at(n), classification) is not None for n in range(PLACES))
        assert abs(drawn - PLACES * chance) < 4 * sqrt(PLACES * chance * (1 - chance))


def test_weighted_by_the_inverse_of_their_chance_copies_tell_the_truth() -> None:
    """The precision that copies show, each weighed by its chance, is that of all, not of copies."""
    sampler = a_sampler(0.1)
    kinds = [("tax", 0.65, 0.7), ("tax", 0.8, 0.9), ("roads", 0.99, 0.99)]
    right = weights = copies = unweighted = 0.0
    for place in range(PLACES):
        label, probability, precision = kinds[place % 3]
        sample = sampler.draw(at(place), classified_as(label, probability))
        if sample:
            is_right = drawn_at(b"truth", at(place)) < precision
            right, weights = right + is_right / sample.chance, weights + 1 / sample.chance
            unweighted, copies = unweighted + is_right, copies + 1
    truth = sum(precision for *_, precision in kinds) / 3
    assert abs(right / weights - truth) < 0.02
    assert abs(unweighted / copies - truth) > 0.02


@given(st.integers(0, PLACES), st.floats(1e-4, 1), st.floats(1e-4, 1))
def test_a_larger_share_keeps_what_a_smaller_one_draws(place: int, a: float, b: float) -> None:
    """Whoever raises the share goes on with the same copies, and some more."""
    low, high = sorted((a, b))
    classification = classified_as("tax", 0.8)
    if a_sampler(low).draw(at(place), classification):
        assert a_sampler(high).draw(at(place), classification)


def test_nothing_is_drawn_unless_it_is_set() -> None:
    """By default there is no sampler, so nothing is copied and no topic has to be there."""
    assert create_sampler(RouterSettings(), KafkaSettings(), DECIDER) is None


def test_a_copy_goes_beside_the_inquiry() -> None:
    """What is drawn is two outputs: the inquiry's own, the same as without, and the copy."""
    record = a_classified()
    [(routed, copy)] = both([record], sampler_of(1.0))
    [alone] = route_records([record], DECIDER, NOW)
    assert routed == alone
    assert copy.topic == "inquiries.audit"
    assert (copy.key, copy.partition) == (record.key, None)
    value = routed.value or b""
    assert (copy.value or b"").startswith(value[:-1] + b',"sample":{')
    event = msgspec.json.decode(copy.value or b"", type=SampledInquiry)
    assert event.sample.band == "sure"
    own = dict(copy.headers)
    assert len(own) == len(copy.headers)
    assert own["ce_type"] == SAMPLED.encode()
    assert own["ce_id"] == b"inquiries.classified/3/0/sample"
    assert (own["received-ce_id"], own["trace"]) == (b"e-1", b"\xff")
    differ = {header for header in routed.headers if header not in copy.headers}
    assert {name for name, _ in differ} == {"ce_type", "ce_id"}


def both(records: list[ARecord], sampler: Sampler) -> list[tuple[Output, Output]]:
    results = route_records(records, DECIDER, NOW, sampler)
    return [each for each in results if isinstance(each, tuple)]


def test_no_inquiry_that_a_person_sees_is_copied() -> None:
    """With a share of 1 all that goes by itself is copied, and nothing that goes to review."""
    records = [
        a_classified(),
        a_classified(probability=0.1),
        a_classified(text="I can't go on"),
        a_classified(language="cy"),
        ARecord(b"not JSON"),
    ]
    results = route_records(records, DECIDER, NOW, sampler_of(1.0))
    assert len(results) == len(records)
    assert isinstance(results[0], tuple)
    assert len(both(records, sampler_of(1.0))) == 1


@given(st.lists(st.integers(0, 10_000), unique=True, max_size=40), st.integers(0, 40))
def test_a_batch_cut_otherwise_draws_the_same(offsets: list[int], cut: int) -> None:
    """However a batch is cut after a crash, what is drawn and written is the same."""
    records, sampler = [a_classified(number=offset) for offset in offsets], sampler_of(0.5)
    whole = route_records(records, DECIDER, NOW, sampler)
    parts = [records[:cut], records[cut:]]
    assert [each for p in parts for each in route_records(p, DECIDER, NOW, sampler)] == whole


def test_a_copy_that_does_not_fit_does_not_cost_the_inquiry() -> None:
    """An inquiry that fits its topic just so is routed, where its copy would be too large."""
    record = a_classified(attributes={"a": "x" * 1_000})
    [(routed, copy)] = both([record], sampler_of(1.0))
    for limit, outputs in ((most_bytes(copy), 2), (most_bytes(copy) - 1, 1)):
        sampler = create_sampler(
            RouterSettings(audit_share=1), KafkaSettings(max_message_bytes=limit), DECIDER
        )
        [result] = route_records([record], DECIDER, NOW, sampler)
        made = (result,) if isinstance(result, Output) else result
        assert made == (routed, copy)[:outputs]


names = st.text(max_size=200)
values = st.none() | st.binary(max_size=300)


@given(values, values, st.lists(st.tuples(names, values), max_size=20))
def test_no_batch_of_one_record_is_larger_than_is_said(
    key: bytes | None, value: bytes | None, headers: list[Header]
) -> None:
    """What the client library makes of one output is as large as is said, or a little less."""
    output = Output("t", key, value, headers)
    batch = BatchBuilder(10_000_000, 0, is_transactional=1)
    batch.append(timestamp=None, key=key, value=value, headers=headers)
    assert batch.size() <= most_bytes(output) <= batch.size() + 60 + 10 * len(headers)


def test_copies_are_counted_by_department_and_no_inquiry_twice() -> None:
    """A copy counts as one; of routes there are as many as inquiries."""
    registry = CollectorRegistry()
    metrics = RouterMetrics(registry, DECIDER.table, DECIDER.flags, promised=0.95)
    pairs = both([a_classified(number=n) for n in range(3)], sampler_of(1.0))
    outputs = [each for pair in pairs for each in pair]
    assert Counter(type(each.decided) for each in outputs) == {Decided: 3, Drawn: 3}
    metrics.note(outputs)()
    department = example_of(Classified)["classification"]["department"]

    def counted(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, {"department": department, **labels})

    assert counted("triage_sampled_total") == 3
    assert counted("triage_routed_total", reason="confident") == 3
    other = registry.get_sample_value("triage_sampled_total", {"department": "home-office"})
    assert other == 0


@pytest.mark.parametrize("topic", ["inquiries.review", "departments.home-office"])
def test_copies_do_not_go_where_inquiries_do(topic: str) -> None:
    """A topic of the routing table is refused for copies, before anything is created or started."""
    router = RouterSettings(audit_topic=topic)
    with pytest.raises(ConfigurationError, match=r"ROUTER_AUDIT_TOPIC to a topic of its own\.$"):
        installation_of(KafkaSettings(), ClassifierSettings(), router)
    with pytest.raises(ConfigurationError, match="ROUTER_AUDIT_TOPIC"):
        create_sampler(router, KafkaSettings(), DECIDER)


@pytest.mark.parametrize("topic", ["inquiries", "inquiries.classified", "inquiries.rejected"])
def test_copies_are_not_read_again(topic: str) -> None:
    """A topic that a service reads, and that of the dead letters, are refused for copies."""
    with pytest.raises(ConfigurationError, match=f"The topic {topic} is set for"):
        installation_of(KafkaSettings(), ClassifierSettings(), RouterSettings(audit_topic=topic))


def test_an_installation_has_the_topic_whether_it_is_used_or_not() -> None:
    """The topic is created under the prefix, so that a setting alone switches audits on."""
    kafka = KafkaSettings(topic_prefix="test.")
    installation = installation_of(kafka, ClassifierSettings(), RouterSettings())
    assert installation.router.audit_topic == "test.inquiries.audit"
    assert "test.inquiries.audit" in topics_of(installation)
    assert "test.inquiries.audit" not in installation.final_topics


def test_a_table_may_have_departments_that_a_model_does_not_know() -> None:
    """While a new model with one department more is rolled out, the old one's copies go on."""
    limits = {MODEL: Limits({"tax": 0.6, "new": 0.5}, in_remit=0.5)}
    sampler = Sampler.of(
        share=0.1,
        topic="audit",
        max_bytes=1,
        installation="i",
        limits=limits,
        expected={MODEL: SHARES},
    )
    assert sampler.sample_of(classified_as("tax", 0.9)).chance > 0
