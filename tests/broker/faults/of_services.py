"""What can happen to the replicas of a service."""

import asyncio
from time import monotonic

from aiokafka import TopicPartition

from services.local.processes.service_process import ServiceProcess
from tests.broker.at_rest import offsets_of, until
from tests.broker.faults.scene import RECOVERY_LIMIT, Scene, Target, assigned, counted
from tests.broker.faults.traffic import KEYS, too_large_for

LEFT = "replica left"


async def kill_all(scene: Scene, target: Target) -> None:
    for replica in scene.replicas[target.service]:
        await asyncio.to_thread(replica.kill)


async def start_all(scene: Scene, target: Target) -> None:
    for replica in scene.replicas[target.service]:
        await asyncio.to_thread(replica.start)


async def kill(scene: Scene, target: Target) -> None:
    scene.began[target.service] = monotonic()
    await asyncio.to_thread(target.one.kill)


async def start(scene: Scene, target: Target) -> None:
    await asyncio.to_thread(target.one.start)


async def freeze(scene: Scene, target: Target) -> None:
    await asyncio.to_thread(target.one.freeze)


async def thaw(scene: Scene, target: Target) -> None:
    await asyncio.to_thread(target.one.thaw)
    await until(lambda: asyncio.to_thread(target.one.ready), RECOVERY_LIMIT)


async def terminate(scene: Scene, target: Target) -> None:
    code = await asyncio.to_thread(target.one.stop)
    scene.began[target.service] = monotonic()
    if code != 0:
        scene.figures.complaints.append(f"{target.one.name} told to stop exited with {code}")


async def until_taken_over(scene: Scene, target: Target) -> None:
    """Wait until the other replica has all partitions, and has answered what they held."""
    await _until_has_all(scene, target)
    before = counted(target.other, "triage_records_read_total")
    await until(
        lambda: asyncio.to_thread(
            lambda: counted(target.other, "triage_records_read_total") > before
        ),
        RECOVERY_LIMIT,
    )


async def until_handed_over(scene: Scene, target: Target) -> None:
    await _until_has_all(scene, target)
    scene.figures.handovers.append(monotonic() - scene.began[target.service])


async def until_worked_again(scene: Scene, target: Target) -> None:
    """Wait until the group has answered something on every partition since the kill."""
    settings = scene.pipeline.settings_of(target.service)
    numbers = range(scene.partitions)
    partitions = [TopicPartition(settings.input_topic, number) for number in numbers]
    async with offsets_of(scene.pipeline.servers, settings.group_id) as ask:
        before = await ask()

        async def advanced() -> bool:
            now = await ask()
            return all(now.get(tp, 0) > before.get(tp, 0) for tp in partitions)

        await until(advanced, RECOVERY_LIMIT)
    await _until_has_all(scene, target)
    scene.figures.takeovers.append(monotonic() - scene.began[target.service])


async def join_again_and_again(scene: Scene, target: Target) -> None:
    """Let a third replica join and leave; every other time it leaves without a word."""
    guest = scene.guests[target.service]
    for number in range(scene.form.joins):
        await asyncio.to_thread(guest.start)
        await until(lambda: asyncio.to_thread(_has_some, guest), RECOVERY_LIMIT)
        await asyncio.to_thread(guest.kill if number % 2 else guest.stop)
        scene.figures.injected[LEFT] += 1
        scene.figures.struck += 1
    scene.figures.injected["replica joined"] += scene.form.joins - 1


async def send_too_large(scene: Scene, target: Target) -> None:
    key = b"case-%d" % (len(scene.pipeline.published) % KEYS)
    scene.extra.append(too_large_for(target.service, key))


async def _until_has_all(scene: Scene, target: Target) -> None:
    """Wait until the other replica of a service has all partitions."""

    def has_all() -> bool:
        return assigned(target.other) == scene.works(target.service)

    await until(lambda: asyncio.to_thread(has_all), RECOVERY_LIMIT)


def _has_some(replica: ServiceProcess) -> bool:
    return replica.ready() and assigned(replica) > 0
