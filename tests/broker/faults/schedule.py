"""In which order the faults strike: drawn from a seed, so that a run can be played again."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.broker.faults.form import Form
from tests.broker.faults.kinds import ALONE, OF_SERVICES, Fault
from tests.broker.faults.scene import STRUCK

LONGEST_WAIT = 1.0  # seconds


@dataclass(frozen=True)
class Strike:
    """One fault: after how many seconds, and at which replica of which service."""

    fault: Fault
    service: str
    replica: int
    after: float

    def __str__(self) -> str:
        of_service = self.fault in (*OF_SERVICES, *ALONE)
        return f"{self.service}: {self.fault.name}" if of_service else self.fault.name


def draw(random: Random, form: Form, of_brokers: Sequence[Fault]) -> list[list[Strike]]:
    """Draw the steps of a round; the strikes of a step come at the same time.

    Every fault strikes as often as its form says, those of the services each of them.
    """
    for_each = {service: list(OF_SERVICES) * form.repeats for service in STRUCK}
    for faults in for_each.values():
        random.shuffle(faults)
    pairs = zip(*for_each.values(), strict=True)
    steps = [list(zip(pair, STRUCK, strict=True)) for pair in pairs]
    steps += [[(fault, service)] for fault in ALONE * form.alone for service in STRUCK]
    for fault in of_brokers:
        times = form.broker_kills if fault.repeats else 1
        steps += [[(fault, random.choice(STRUCK))] for _ in range(times)]
    random.shuffle(steps)
    return [[_strike(random, *each) for each in step] for step in steps]


def _strike(random: Random, fault: Fault, service: str) -> Strike:
    return Strike(fault, service, random.randrange(2), random.uniform(0, LONGEST_WAIT))
