"""What of a pipeline's inquiries is copied for an audit, and what has to be."""

from aiokafka import ConsumerRecord

from services.messages.codec import SAMPLE_ID, classified
from services.messages.record import Output
from services.router.app import create_decider, create_sampler
from services.router.route import route_records
from tests.broker.at_rest import read_all
from tests.broker.pipeline import Pipeline

SHARE = 0.3
AUDIT = {"ROUTER_AUDIT_SHARE": str(SHARE)}


def id_of(record: ConsumerRecord) -> str:
    """Return the id of the event that a record is."""
    return str(dict(record.headers)["ce_id"], "utf-8")


async def copies_of(pipeline: Pipeline) -> list[ConsumerRecord]:
    """Wait until both services have answered everything, and read all copies."""
    await pipeline.answered()
    return await read_all(pipeline.servers, [pipeline.installation.router.audit_topic])


async def ids_to_draw(pipeline: Pipeline) -> list[str]:
    """Return the ids of the copies that are drawn of all that the router had to read, in order."""
    installation = pipeline.installation
    settings = installation.router.model_copy(update={"audit_share": SHARE})
    decider = create_decider(settings, installation.kafka.topic_prefix)
    sampler = create_sampler(settings, installation.kafka, decider)
    read = await read_all(pipeline.servers, [pipeline.classified_topic])
    now = classified.read(read[0]).body.classification.classified_at
    results = zip(read, route_records(read, decider, now, sampler), strict=True)
    return sorted(
        f"{each.topic}/{each.partition}/{each.offset}{SAMPLE_ID}"
        for each, result in results
        if isinstance(result, tuple) and not isinstance(result, Output)
    )
