from itertools import islice

from services.messages.rejection import Rejection
from tests.broker.exactly_once import Faults, Sent, publish
from tests.broker.faults.traffic import TOO_LARGE_FOR_ROUTER
from tests.broker.inquiries import good
from tests.broker.pipeline import Pipeline, metric
from tests.records import BINARY, STRUCTURED, an_envelope, an_inquiry

FUTURE = tuple((name, v.replace(b"v1", b"v2") if name == "ce_type" else v) for name, v in BINARY)
OTHER = tuple((name, b"order.placed.v1" if name == "ce_type" else v) for name, v in BINARY)
MAX_BYTES = 1_000_000  # what the services write at most, by their settings


def of_size(size: int) -> bytes:
    """Return an inquiry of so many bytes, most of them in a field that the schema does not name."""
    return an_inquiry(scan="x" * (size - len(an_inquiry(scan=""))))


POISON = [
    (Rejection.NOT_JSON, Sent(b'{"id": "q-1", "text": "cut o', b"k1")),
    (Rejection.NOT_JSON, Sent(b'{"id": "q-1", "text": "\xff\xfe"}', b"k2")),
    (Rejection.NOT_JSON, Sent(b'{"id": "q-1", "x": ' + b"[" * 100_000, b"k3")),
    (Rejection.WRONG_TYPE, Sent(an_inquiry(text=5), b"k4")),
    (Rejection.WRONG_TYPE, Sent(b'["a", "list"]', b"k5")),
    (Rejection.EMPTY_TEXT, Sent(an_inquiry(text=""), b"k6")),
    (Rejection.TEXT_TOO_LONG, Sent(an_inquiry(text="x" * 20_001), b"k7")),
    (Rejection.MISSING_FIELD, Sent(b'{"text": "Where is my pension?"}', b"k8")),
    (Rejection.UNSUPPORTED_VERSION, Sent(an_inquiry(), b"k9", FUTURE)),
    (
        Rejection.UNSUPPORTED_VERSION,
        Sent(an_envelope(an_inquiry(), specversion="2.0"), b"k10", STRUCTURED),
    ),
    (Rejection.WRONG_EVENT, Sent(an_inquiry(), b"k11", OTHER)),
    (Rejection.HEADER_NOT_UTF8, Sent(an_inquiry(), b"k12", (("ce_type", b"\xff\x00"),))),
    (Rejection.EMPTY_VALUE, Sent(None, b"k13", (("trace", b"tombstone"),))),
    (Rejection.EMPTY_VALUE, Sent(b"", b"k14")),
    (Rejection.TOO_LARGE, Sent(of_size(MAX_BYTES), b"k15", (("trace", b"scan"),))),
    (Rejection.NOT_JSON, Sent(b"no key either")),
]


async def test_each_kind_of_poison_is_rejected_with_its_reason(pipeline: Pipeline) -> None:
    """A record that cannot be read is kept whole, with why, and those around it go through."""
    classifier = pipeline.service("classifier")
    await pipeline.started(classifier, pipeline.service("router"))
    inquiries = good(keys=7)
    for _, poison in POISON:
        await pipeline.publish([*islice(inquiries, 10), poison, *islice(inquiries, 5)])
    assert await pipeline.faults() == Faults()  # poison too came out once, with key and headers
    letters = await pipeline.read_rejected()
    assert [letter.value for letter in letters] == [poison.value for _, poison in POISON]
    reasons = [dict(letter.headers)["rejected-reason"].decode() for letter in letters]
    assert reasons == [reason for reason, _ in POISON]
    for reason in Rejection:
        assert metric(classifier, "triage_rejected_total", reason=reason) == reasons.count(reason)


async def test_poison_between_the_services_is_rejected_too(pipeline: Pipeline) -> None:
    """What somebody else writes to the classified topic ends on the dead letters, byte for byte."""
    router = pipeline.service("router")
    await pipeline.started(router)
    records = [Sent(b"not JSON", b"k"), Sent(an_inquiry(), b"k"), Sent(None, b"k")]
    await publish(pipeline.servers, pipeline.classified_topic, records)
    letters = await pipeline.read_rejected("router")
    assert [(letter.key, letter.value) for letter in letters] == [(r.key, r.value) for r in records]
    reasons = [dict(letter.headers)["rejected-reason"].decode() for letter in letters]
    assert reasons == ["not-json", "missing-field", "empty-value"]
    assert metric(router, "triage_rejected_total", reason="not-json") == 1


async def test_a_record_that_only_the_router_finds_too_large_is_kept(pipeline: Pipeline) -> None:
    """A classified record too large to be routed is rejected as it was, with its inquiry inside."""
    await pipeline.started(pipeline.service("classifier"), pipeline.service("router"))
    inquiry = of_size(TOO_LARGE_FOR_ROUTER)
    await pipeline.publish([Sent(inquiry, b"k")])
    [letter] = await pipeline.read_rejected()
    headers = dict(letter.headers)
    assert headers["rejected-reason"] == b"too-large"
    assert headers["rejected-topic"].decode() == pipeline.classified_topic
    assert inquiry in (letter.value or b"")
