"""What can happen to brokers, told by what they are to a service."""

import asyncio
import resource
from collections.abc import Awaitable, Callable
from time import monotonic

from aiokafka import TopicPartition

from tests.broker.at_rest import until
from tests.broker.cluster import state
from tests.broker.cluster.cluster import Cluster
from tests.broker.exactly_once import SLICE
from tests.broker.faults.figures import Failover
from tests.broker.faults.scene import RECOVERY_LIMIT, STRUCK, Scene, Target

# Published at the moment, some of it before the second broker was gone.
FLIGHT = SLICE

Find = Callable[[Scene, Target], Awaitable[int]]
Strike = Callable[[Cluster, int], None]


async def only(_scene: Scene, _target: Target) -> int:
    """Find the only broker, where there is one."""
    return 1


async def leader(scene: Scene, target: Target) -> int:
    """Find who leads an input partition of a service, and so the first output of its inquiries."""
    partition = _some_input(scene, target)
    servers = scene.cluster.bootstrap_servers
    return await state.leader(servers, partition.topic, partition.partition)


async def group_coordinator(scene: Scene, target: Target) -> int:
    """Find who keeps a service's membership and offsets."""
    group = scene.pipeline.settings_of(target.service).group_id
    return await state.coordinator(scene.cluster.bootstrap_servers, group, state.GROUP)


async def transaction_coordinator(scene: Scene, target: Target) -> int:
    """Find who keeps the transactions of one of a service's input partitions."""
    group = scene.pipeline.settings_of(target.service).group_id
    partition = _some_input(scene, target)
    name = f"{group}.{partition.topic}.{partition.partition}"
    return await state.coordinator(scene.cluster.bootstrap_servers, name, state.TRANSACTION)


def _some_input(scene: Scene, target: Target) -> TopicPartition:
    topic = scene.pipeline.settings_of(target.service).input_topics[0]
    return TopicPartition(topic, scene.random.randrange(scene.partitions))


def kill(cluster: Cluster, broker: int) -> None:
    cluster.brokers[broker].kill()


def stop(cluster: Cluster, broker: int) -> None:
    cluster.brokers[broker].stop()


def start(cluster: Cluster, broker: int) -> None:
    cluster.brokers[broker].start()


def freeze(cluster: Cluster, broker: int) -> None:
    cluster.brokers[broker].freeze()


def thaw(cluster: Cluster, broker: int) -> None:
    cluster.brokers[broker].thaw()


def fill_disk(cluster: Cluster, broker: int) -> None:
    """Let no file of the broker grow any more, which it hears as it hears that a disk is full."""
    pid = cluster.brokers[broker].pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def restart_by_force(cluster: Cluster, broker: int) -> None:
    cluster.brokers[broker].kill()
    cluster.brokers[broker].start()


def cut(cluster: Cluster, broker: int) -> None:
    assert cluster.network
    cluster.network.cut(broker)


def cut_from_peers(cluster: Cluster, broker: int) -> None:
    assert cluster.network
    cluster.network.cut_from_peers(broker)


def join(cluster: Cluster, broker: int) -> None:
    assert cluster.network
    cluster.network.join(broker)


def striking(find: Find, strike: Strike) -> Callable[[Scene, Target], Awaitable[None]]:
    """Return what strikes the broker that is found."""

    async def inject(scene: Scene, target: Target) -> None:
        found = await find(scene, target) - 1  # Kafka numbers them from 1 on
        scene.struck = [found]
        scene.began[target.service] = monotonic()
        await asyncio.to_thread(strike, scene.cluster, found)

    return inject


def until_flowing(what: str) -> Callable[[Scene, Target], Awaitable[None]]:
    """Return what waits until inquiries flow again without the broker, and notes how long."""

    async def flowing(scene: Scene, target: Target) -> None:
        began = scene.began[target.service]
        number = len(scene.pipeline.published)
        moments = await asyncio.gather(
            _when(lambda: all(scene.probe.since(began, each) for each in scene.struck)),
            _when(lambda: len(scene.pipeline.published) > number + SLICE),
            _when(lambda: scene.classified.since(number, scene.partitions)),
            _when(lambda: scene.flow.since(number, scene.partitions)),
        )
        failover = Failover(*(moment - began for moment in moments))
        scene.figures.failovers[what].append(failover)
        scene.say(f"         {what}: {failover}")
        await asyncio.sleep(began + scene.form.broker_away - monotonic())

    return flowing


def mending(mend: Strike) -> Callable[[Scene, Target], Awaitable[None]]:
    """Return what mends the brokers that were struck."""

    async def undo(scene: Scene, _target: Target) -> None:
        await asyncio.gather(
            *(asyncio.to_thread(mend, scene.cluster, each) for each in scene.struck)
        )

    return undo


async def restart_all(scene: Scene, _target: Target) -> None:
    """Stop one broker after the other in order, each once all replicas keep up again."""
    for broker in scene.cluster.brokers:
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(broker.start)
        await state.until_whole(scene.cluster.bootstrap_servers, RECOVERY_LIMIT)


async def kill_two(scene: Scene, target: Target) -> None:
    """Kill whoever leads an input partition, and another at once."""
    first = await leader(scene, target) - 1
    scene.struck = [first, (first + scene.random.choice([1, 2])) % len(scene.cluster.brokers)]
    await asyncio.gather(*(asyncio.to_thread(kill, scene.cluster, each) for each in scene.struck))


async def while_two_are_gone(scene: Scene, _target: Target) -> None:
    """See that all services live and that nothing is answered: one replica is no proof of any."""
    number = len(scene.pipeline.published) + FLIGHT
    await asyncio.sleep(scene.form.broker_gone)
    if scene.flow.any_since(number):
        scene.figures.complaints.append("an inquiry was answered with one broker of three left")
    for replica in (replica for each in STRUCK for replica in scene.replicas[each]):
        status, _ = await asyncio.to_thread(replica.get, "/livez")
        if status != 200:
            complaint = f"{replica.name} answers /livez with {status} while two brokers are gone"
            scene.figures.complaints.append(complaint)


async def _when(condition: Callable[[], bool]) -> float:
    async def holds() -> bool:
        return condition()

    await until(holds, RECOVERY_LIMIT)
    return monotonic()
