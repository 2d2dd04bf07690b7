"""In which order the faults strike: drawn from a seed, so that a run can be played again."""

from dataclasses import dataclass
from random import Random

from tests.broker.faults.form import Form
from tests.broker.faults.kinds import ALONE, BROKER_KILLED, OF_BROKER, OF_SERVICES, Fault
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
        of_broker = self.fault in OF_BROKER or self.fault is BROKER_KILLED
        return self.fault.name if of_broker else f"{self.service}: {self.fault.name}"


def draw(random: Random, form: Form) -> list[list[Strike]]:
    """Draw the steps of a round; the strikes of a step come at the same time.

    Every fault strikes at least once, those of the services each of them.
    """
    for_each = {service: list(OF_SERVICES) * form.repeats for service in STRUCK}
    for faults in for_each.values():
        random.shuffle(faults)
    pairs = zip(*for_each.values(), strict=True)
    steps = [list(zip(pair, STRUCK, strict=True)) for pair in pairs]
    steps += [[(fault, service)] for fault in ALONE * form.alone for service in STRUCK]
    of_broker = [*OF_BROKER, *[BROKER_KILLED] * form.broker_kills]
    steps += [[(fault, random.choice(STRUCK))] for fault in of_broker]
    random.shuffle(steps)
    return [[_strike(random, *each) for each in step] for step in steps]


def _strike(random: Random, fault: Fault, service: str) -> Strike:
    return Strike(fault, service, random.randrange(2), random.uniform(0, LONGEST_WAIT))
