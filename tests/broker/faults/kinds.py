"""The faults, as a table: what each does, until when it lasts, and how it is undone."""

import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.broker.faults import of_broker, of_services
from tests.broker.faults.scene import Scene, Target

Act = Callable[[Scene, Target], Awaitable[None]]


async def at_once(_scene: Scene, _target: Target) -> None:
    """Do nothing, and wait for nothing."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    `inject` makes it so, `until` waits for as long as it lasts, and `undo` ends it. `strikes` is
    how many processes are killed, frozen or told to stop by it.
    """

    name: str
    inject: Act
    until: Act
    undo: Act
    strikes: int = 1


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
BROKER_KILLED = Fault("broker killed (-9)", of_broker.kill, at_once, of_broker.start)
DISK_FULL = Fault(
    "broker's disk full", of_broker.fill_disk, of_broker.until_fallen, of_broker.start
)
OF_BROKER = (
    Fault("broker frozen", of_broker.freeze, of_broker.while_frozen, of_broker.thaw),
    Fault("broker gone", of_broker.kill, of_broker.while_gone, of_broker.start),
    Fault("partitions added", of_broker.add_partitions, at_once, at_once, strikes=0),
    Fault(
        "topic deleted, then back with one partition",
        of_broker.delete_topic,
        at_once,
        at_once,
        strikes=0,
    ),
    *([DISK_FULL] if hasattr(resource, "prlimit") else []),
)
