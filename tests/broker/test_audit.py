import json
from itertools import islice

from services.messages.codec import SAMPLE_ID
from tests.broker.audit import AUDIT, copies_of, id_of
from tests.broker.exactly_once import Faults
from tests.broker.inquiries import good
from tests.broker.pipeline import Pipeline, metric


async def test_a_copy_has_the_bytes_of_what_its_department_got(pipeline: Pipeline) -> None:
    """Beside each copy is the department's own record: same key, same bytes, how it was drawn."""
    router = pipeline.service("router", **AUDIT)
    await pipeline.started(pipeline.service("classifier"), router)
    await pipeline.publish(islice(good(keys=50), 600))
    routed = {id_of(record): record for record in await pipeline.read()}
    copies = await copies_of(pipeline)
    assert copies
    for copy in copies:
        original = routed[id_of(copy).removesuffix(SAMPLE_ID)]
        assert original.topic in pipeline.installation.department_topics
        opened = (original.value or b"")[:-1]
        assert copy.key == original.key
        assert (copy.value or b"").startswith(opened + b',"sample":')
        assert 0 < json.loads(copy.value or b"")["sample"]["chance"] <= 1
    assert metric(router, "triage_sampled_total") == len(copies)
    assert metric(router, "triage_routed_total", reason="confident") >= len(copies)
    audit = pipeline.installation.router.audit_topic
    assert metric(router, "triage_records_written_total", topic=audit) == len(copies)


async def test_without_a_share_no_topic_has_to_be_there(pipeline: Pipeline) -> None:
    """A router that draws nothing starts and works before the topic of the copies is created."""
    router = pipeline.service("router", ROUTER_AUDIT_TOPIC="not.there")
    await pipeline.started(pipeline.service("classifier"), router)
    await pipeline.publish(islice(good(keys=5), 20))
    assert await pipeline.faults() == Faults()
