"""What an only broker is waited for, and what can happen to topics."""

import asyncio
from dataclasses import replace
from functools import partial

from aiokafka import TopicPartition
from aiokafka.admin import NewPartitions

from services.errors import TriageError
from services.kafka.connected import an_admin
from services.local.processes.service_process import ServiceProcess
from tests.broker.at_rest import read_all, until
from tests.broker.desk import DEPARTMENT
from tests.broker.faults.scene import RECOVERY_LIMIT, STRUCK, Scene, Target


async def while_frozen(scene: Scene, target: Target) -> None:
    await asyncio.sleep(scene.form.broker_frozen)


async def while_gone(scene: Scene, target: Target) -> None:
    """Wait until every service says that it is not ready; at the end they all still live."""
    everyone = [replica for each in STRUCK for replica in scene.replicas[each]]

    async def unready() -> bool:
        ready = await asyncio.gather(*(asyncio.to_thread(each.ready) for each in everyone))
        return not any(ready)

    await until(unready, RECOVERY_LIMIT)
    await asyncio.sleep(scene.form.broker_gone)
    for replica in everyone:
        for path, right in (("/livez", 200), ("/readyz", 503)):
            status = await asyncio.to_thread(_status, replica, path)
            if status != right:
                complaint = f"{replica.name} answers {path} with {status} while the broker is gone"
                scene.figures.complaints.append(complaint)


def _status(replica: ServiceProcess, path: str) -> int | None:
    try:
        return replica.get(path)[0]
    except OSError:
        return None


async def until_fallen(scene: Scene, target: Target) -> None:
    """Wait until the broker has given up."""

    async def fallen() -> bool:
        try:
            scene.cluster.brokers[0].check()
        except TriageError:
            return True
        return False

    await until(fallen, RECOVERY_LIMIT)


async def delete_topic(scene: Scene, target: Target) -> None:
    """Delete a topic that router and settler write, and create it again with one partition.

    What it had is kept for the comparison. Traffic rests, lest the fault be in what is lost by it;
    both have to miss the topic all the same.
    """
    pipeline = scene.pipeline
    topic = pipeline.installation.table.departments[DEPARTMENT].topic
    writers = ("router", "settler")
    async with scene.quiet():
        had = await read_all(pipeline.servers, [topic])
        scene.deleted += [replace(each, topic=f"{topic}, deleted") for each in had]
        async with an_admin(pipeline.servers) as admin:
            await admin.delete_topics([topic])
        for replica in (each for name in writers for each in scene.replicas[name]):
            await until(partial(asyncio.to_thread, _misses, replica, topic), RECOVERY_LIMIT)
        await pipeline.create_topics(partitions=1)
        for name in writers:
            await until(partial(asyncio.to_thread, scene.settled, name), RECOVERY_LIMIT)


def _misses(replica: ServiceProcess, topic: str) -> bool:
    return f"do not exist on {replica.servers}: {topic};" in replica.get("/readyz")[1]


async def add_partitions(scene: Scene, target: Target) -> None:
    """Add a partition to what each service reads, while the services run.

    A key moves to another partition by that, so order is kept only where all was answered before:
    traffic rests until the services have taken the new partitions up. The classified topic grows
    first: the classifier connects anew once its own does, and then knows of both. What the settler
    needs alike grows at once, its own last, and it is started anew.
    """
    installation = scene.pipeline.installation
    own = installation.settler
    topics = (
        scene.pipeline.classified_topic,
        installation.received_topic,
        installation.table.review_topic,
        own.audit_topic,
        own.settled_topic,
        own.returned_topic,
        own.input_topic,
    )
    async with scene.quiet():
        scene.partitions += 1
        for each in await read_all(scene.pipeline.servers, [installation.table.review_topic]):
            scene.ends[TopicPartition(each.topic, each.partition)] = each.offset + 1
        for topic in topics:
            async with an_admin(scene.pipeline.servers) as admin:
                await admin.create_partitions({topic: NewPartitions(scene.partitions)})
        for settler in scene.replicas["settler"]:
            await asyncio.to_thread(settler.stop)
            await asyncio.to_thread(settler.start)
        for service in STRUCK:
            await until(partial(asyncio.to_thread, scene.settled, service), RECOVERY_LIMIT)
