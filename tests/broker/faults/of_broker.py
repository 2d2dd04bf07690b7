"""What can happen to the broker, and to the topics on it."""

import asyncio
from functools import partial

from aiokafka.admin import NewPartitions

from services.local.service_process import ServiceProcess
from tests.broker.at_rest import an_admin, until
from tests.broker.faults.scene import RECOVERY_LIMIT, SERVICES, Scene, Target


async def kill(scene: Scene, target: Target) -> None:
    await asyncio.to_thread(scene.kafka.kill)


async def start(scene: Scene, target: Target) -> None:
    await asyncio.to_thread(scene.kafka.start)


async def freeze(scene: Scene, target: Target) -> None:
    await asyncio.to_thread(scene.kafka.freeze)


async def thaw(scene: Scene, target: Target) -> None:
    await asyncio.to_thread(scene.kafka.thaw)


async def while_frozen(scene: Scene, target: Target) -> None:
    await asyncio.sleep(scene.form.broker_frozen)


async def while_gone(scene: Scene, target: Target) -> None:
    """Wait until every service says that it is not ready; at the end they all still live."""
    everyone = [replica for each in SERVICES for replica in scene.replicas[each]]

    async def unready() -> bool:
        answers = await asyncio.gather(*(asyncio.to_thread(each.ready) for each in everyone))
        return not any(answers)

    await until(unready, RECOVERY_LIMIT)
    await asyncio.sleep(scene.form.broker_gone)
    for replica in everyone:
        for path, right in (("/livez", 200), ("/readyz", 503)):
            status = await asyncio.to_thread(_status, replica, path)
            if status != right:
                said = f"{replica.name} answers {path} with {status} while the broker is gone"
                scene.figures.complaints.append(said)


def _status(replica: ServiceProcess, path: str) -> int | None:
    try:
        return replica.get(path)[0]
    except OSError:
        return None


async def add_partitions(scene: Scene, target: Target) -> None:
    """Add a partition to what each service reads, while the services run.

    A key moves to another partition by that, so order is kept only where all was answered before:
    traffic rests until the services have taken the new partitions up. The classified topic grows
    first: the classifier connects anew once its own does, and then knows of both.
    """
    topics = (scene.pipeline.topics.classified, scene.pipeline.topics.received)
    async with scene.quiet():
        scene.partitions += 1
        for topic in topics:
            async with an_admin(scene.pipeline.servers) as admin:
                await admin.create_partitions({topic: NewPartitions(scene.partitions)})
        for service in SERVICES:
            await until(partial(asyncio.to_thread, scene.settled, service), RECOVERY_LIMIT)
