import asyncio
import json
from dataclasses import replace
from itertools import islice

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.kafka.connected import an_admin
from services.local.processes.service_process import ServiceProcess
from services.operate.doctor.doubts import doubts_of
from tests.broker.at_rest import until
from tests.broker.exactly_once import Faults, Sent, compare
from tests.broker.inquiries import good
from tests.broker.pipeline import Pipeline
from tests.records import an_inquiry


async def until_reported(service: ServiceProcess, reason: str) -> None:
    """Wait until a service is not ready for a reason, and see that it lives."""

    def says_so() -> bool:
        try:
            return reason in service.get("/readyz")[1]
        except OSError:  # it is just starting
            return False

    await until(lambda: asyncio.to_thread(says_so))
    assert service.get("/livez") == (200, "ok")


def log_of(service: ServiceProcess) -> list[dict[str, str]]:
    return [json.loads(line) for line in service.log.read_text().splitlines()]


async def warned_of_topics(service: ServiceProcess) -> dict[str, str]:
    """Wait until a service has said, once, what of its topics is set wrong."""

    def warnings() -> list[dict[str, str]]:
        return [line for line in log_of(service) if line["event"] == "engine.topics_wrong"]

    await until(lambda: asyncio.to_thread(warnings))
    [warning] = warnings()
    return warning


async def test_topics_that_are_deleted_are_missed_and_taken_up_again(pipeline: Pipeline) -> None:
    """Services wait for a topic that is gone, say which, and go on where it has fewer partitions.

    What else they had answered stays as it was, and what comes then is answered once.
    """
    inquiries, received = good(keys=20), pipeline.installation.received_topic
    services = classifier, router = pipeline.service("classifier"), pipeline.service("router")
    await pipeline.started(*services)
    await pipeline.publish(islice(inquiries, 300))
    arrived = await pipeline.read()
    department = next(
        each.topic for each in arrived if each.topic in pipeline.installation.department_topics
    )
    async with an_admin(pipeline.servers) as admin:
        await admin.delete_topics([received, department])
    await until_reported(classifier, f"do not exist on {pipeline.servers}: {received};")
    await until_reported(router, f"do not exist on {pipeline.servers}: {department};")
    await pipeline.create_topics(partitions=1)
    await asyncio.gather(*(asyncio.to_thread(each.wait_until_ready) for each in services))
    await pipeline.publish(islice(inquiries, 300))
    deleted = [replace(each, topic="before") for each in arrived if each.topic == department]
    assert compare(pipeline.published, [*deleted, *await pipeline.read()]) == Faults()


async def test_an_offset_that_is_not_there_stops_the_partition_alone(pipeline: Pipeline) -> None:
    """Where a group's offset lies past the end, nothing is read twice and an operator is told."""
    settings = pipeline.installation.classifier
    lost = TopicPartition(settings.input_topic, 2)
    async with AIOKafkaConsumer(
        bootstrap_servers=pipeline.servers, group_id=settings.group_id, enable_auto_commit=False
    ) as member:
        member.assign([lost])
        await member.commit({lost: 4711})
    classifier = pipeline.service("classifier")
    await pipeline.publish(islice(good(keys=20), 300))
    await asyncio.to_thread(classifier.start)
    await until_reported(classifier, f"Partition 2 of {lost.topic} has no record 4711 any more")
    others = {TopicPartition(lost.topic, number) for number in (0, 1, 3)}
    async with an_admin(pipeline.servers) as admin:
        ends: dict[TopicPartition, int] = {}

        async def answered() -> bool:
            offsets = await admin.list_consumer_group_offsets(settings.group_id)
            ends.update({each: committed.offset for each, committed in offsets.items()})
            return others <= ends.keys()

        await until(answered)
    assert ends[lost] == 4711


async def test_a_record_that_a_topic_never_takes_is_reported(pipeline: Pipeline) -> None:
    """A compacted topic takes no record without a key: log and /readyz say so; it goes on after."""
    topic = pipeline.classified_topic
    classifier = pipeline.service("classifier")
    async with an_admin(pipeline.servers) as admin:
        compacted = {"cleanup.policy": "compact"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, compacted)])
        await pipeline.publish([Sent(an_inquiry())])
        await asyncio.to_thread(classifier.start)
        await until_reported(classifier, "a record without a key for a compacted topic")
        warning = await warned_of_topics(classifier)
        assert warning["reason"].startswith(f"On {topic} cleanup.policy is compact: ")
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {})])
    assert len(await pipeline.read_classified()) == 1


async def test_a_transaction_timeout_that_the_broker_does_not_take_is_reported(
    pipeline: Pipeline,
) -> None:
    """A timeout above the broker's own is named in /readyz, with the setting to change."""
    classifier = pipeline.service("classifier", KAFKA_TRANSACTION_TIMEOUT_MS="900001")
    await asyncio.to_thread(classifier.start)
    await until_reported(classifier, "set KAFKA_TRANSACTION_TIMEOUT_MS to the broker's")


async def test_topics_that_lose_inquiries_are_doubted(pipeline: Pipeline) -> None:
    """`triage topics` asks the cluster, and names what is compacted or kept too short."""
    assert await doubts_of(pipeline.installation) == []
    received = pipeline.installation.received_topic
    async with an_admin(pipeline.servers) as admin:
        for topic, configured in (
            (received, {"retention.ms": "3600000"}),
            (pipeline.classified_topic, {"cleanup.policy": "compact"}),
        ):
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configured)])

    async def known() -> bool:  # the broker takes a moment to hear of it from its controller
        return len(await doubts_of(pipeline.installation)) == 2

    await until(known)
    compacted, short = await doubts_of(pipeline.installation)
    assert short.startswith(f"On {received} retention.ms is 3600000 (1 h)")
    assert compacted.startswith(f"On {pipeline.classified_topic} cleanup.policy is compact")
