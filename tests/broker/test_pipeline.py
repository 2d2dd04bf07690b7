from itertools import islice

from tests.broker.exactly_once import Faults, Sent, number_of
from tests.broker.inquiries import examples, good, rejection_of
from tests.broker.pipeline import Pipeline
from tests.records import BINARY, STRUCTURED, an_envelope, an_inquiry


async def test_every_example_is_accounted_for(pipeline: Pipeline) -> None:
    """Each example comes out once, with the bytes, key and headers it was published with."""
    await pipeline.started(pipeline.service("classifier"), pipeline.service("router"))
    published = examples()
    await pipeline.publish(published)
    assert await pipeline.faults() == Faults()
    rejected = {number_of(r) for r in await pipeline.read() if r.topic == pipeline.rejected_topic}
    assert rejected == {n for n, record in enumerate(published) if rejection_of(record)}


async def test_inquiries_of_a_case_stay_in_order(pipeline: Pipeline) -> None:
    """Inquiries with the same key reach their topic in the order in which they were published."""
    small = {"CLASSIFIER_BATCH_RECORDS": "50", "ROUTER_BATCH_RECORDS": "30"}
    await pipeline.started(
        pipeline.service("classifier", **small), pipeline.service("router", **small)
    )
    await pipeline.publish(islice(good(keys=40), 4_000))
    assert await pipeline.faults() == Faults()


async def test_all_three_modes_of_cloudevents_arrive(pipeline: Pipeline) -> None:
    """Plain JSON, binary mode and structured mode all reach a department or a person."""
    plain = an_inquiry(unknown={"ŵ": [1.50, None]})
    await pipeline.started(pipeline.service("classifier"), pipeline.service("router"))
    published = [
        Sent(plain),
        Sent(plain, headers=BINARY),
        Sent(an_envelope(plain), b"k", STRUCTURED),
    ]
    await pipeline.publish(published[:2])
    assert await pipeline.faults() == Faults()
    await pipeline.publish(published[2:])
    arrived = {number_of(record): record for record in await pipeline.read()}
    assert plain in (arrived[2].value or b"")
    assert arrived[2].topic != pipeline.rejected_topic
