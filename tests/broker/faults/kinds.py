"""The faults, as a table: what each does, until when it lasts, and how it is undone."""

import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.broker.cluster.cluster import Cluster
from tests.broker.faults import of_broker, of_cluster, of_services
from tests.broker.faults.figures import KILLED
from tests.broker.faults.scene import Scene, Target

Act = Callable[[Scene, Target], Awaitable[None]]


async def at_once(_scene: Scene, _target: Target) -> None:
    """Do nothing, and wait for nothing."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    `inject` makes it so, `until` waits for as long as it lasts, and `undo` ends it. `strikes` is
    how many processes are killed, frozen, told to stop or cut off by it; `repeats` says that it
    strikes more than once in a round; `cuts` that it needs a network of ours.
    """

    name: str
    inject: Act
    until: Act
    undo: Act
    strikes: int = 1
    repeats: bool = False
    cuts: bool = False


# Each service is struck by one of these at the same time, not always by the same one.
OF_SERVICES = (
    Fault(
        "all replicas killed (-9)",
        of_services.kill_all,
        at_once,
        of_services.start_all,
        strikes=2,
    ),
    Fault(
        "replica frozen past its session, then thawed",
        of_services.freeze,
        of_services.until_taken_over,
        of_services.thaw,
    ),
    Fault(
        "replica told to stop in mid-batch",
        of_services.terminate,
        of_services.until_handed_over,
        of_services.start,
    ),
    Fault(
        "replica joined",
        of_services.join_again_and_again,
        at_once,
        at_once,
        strikes=0,
    ),
    Fault(
        "record too large",
        of_services.send_too_large,
        at_once,
        at_once,
        strikes=0,
    ),
)
# What is measured has nothing else beside it.
ALONE = (
    Fault(
        "one of two replicas killed (-9)",
        of_services.kill,
        of_services.until_worked_again,
        of_services.start,
    ),
)
BROKER_KILLED = Fault(
    "broker killed (-9)",
    of_cluster.striking(of_cluster.only, of_cluster.kill),
    at_once,
    of_cluster.mending(of_cluster.start),
    repeats=True,
)
DISK_FULL = Fault(
    "broker's disk full",
    of_cluster.striking(of_cluster.only, of_cluster.fill_disk),
    of_broker.until_fallen,
    of_cluster.mending(of_cluster.start),
)
OF_TOPICS = (
    Fault("partitions added", of_broker.add_partitions, at_once, at_once, strikes=0),
    Fault(
        "topic deleted, then back with one partition",
        of_broker.delete_topic,
        at_once,
        at_once,
        strikes=0,
    ),
)
OF_BROKER = (
    BROKER_KILLED,
    Fault(
        "broker frozen",
        of_cluster.striking(of_cluster.only, of_cluster.freeze),
        of_broker.while_frozen,
        of_cluster.mending(of_cluster.thaw),
    ),
    Fault(
        "broker gone",
        of_cluster.striking(of_cluster.only, of_cluster.kill),
        of_broker.while_gone,
        of_cluster.mending(of_cluster.start),
    ),
    *OF_TOPICS,
    *([DISK_FULL] if hasattr(resource, "prlimit") else []),
)

# Of three brokers: which one is struck, how, and how that is mended.
WHICH = {
    "leader of an input partition": of_cluster.leader,
    "group coordinator": of_cluster.group_coordinator,
    "transaction coordinator": of_cluster.transaction_coordinator,
}
CUT_OFF, CUT_FROM_PEERS = CUTS = "cut off from everybody", "cut off from its peers alone"
HOW = {
    KILLED: (of_cluster.kill, of_cluster.start),
    "stopped in order": (of_cluster.stop, of_cluster.start),
    "frozen": (of_cluster.freeze, of_cluster.thaw),
    CUT_OFF: (of_cluster.cut, of_cluster.join),
    CUT_FROM_PEERS: (of_cluster.cut_from_peers, of_cluster.join),
    **(
        {"disk full": (of_cluster.fill_disk, of_cluster.restart_by_force)}
        if hasattr(resource, "prlimit")
        else {}
    ),
}
OF_ONE_OF_THREE = tuple(
    Fault(
        f"{which}: {how}",
        of_cluster.striking(find, strike),
        of_cluster.until_flowing(how),
        of_cluster.mending(mend),
        # An offset of before the cut arrived long after it, once in some ten of these.
        repeats=how in CUTS and find is of_cluster.group_coordinator,
        cuts=how in CUTS,
    )
    for which, find in WHICH.items()
    for how, (strike, mend) in HOW.items()
)
OF_THREE = (
    *OF_ONE_OF_THREE,
    Fault("rolling restart of all brokers", of_cluster.restart_all, at_once, at_once, strikes=3),
    Fault(
        "two of three brokers killed (-9)",
        of_cluster.kill_two,
        of_cluster.while_two_are_gone,
        of_cluster.mending(of_cluster.start),
        strikes=2,
    ),
    *OF_TOPICS,
)


def of_brokers(cluster: Cluster) -> list[Fault]:
    """Return what can happen to a cluster's brokers and topics here."""
    table = OF_BROKER if cluster.replication == 1 else OF_THREE
    return [fault for fault in table if cluster.network or not fault.cuts]
