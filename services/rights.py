"""What each user may do on Kafka: the rights to grant, and no others.

Users differ: one for each service and one for who works with dead letters, so that what one could
do by mistake or in a stranger's hands the others cannot. Since Kafka 3.0 no right on the cluster
itself is needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from services.classifier.settings import ClassifierSettings
from services.rejected.replay import PRODUCER
from services.router.settings import RouterSettings
from services.router.table import load_table
from services.stream.settings import ServiceSettings

Operation = Literal["Read", "Write", "Describe"]


@dataclass(frozen=True)
class Right:
    """Some operations on one resource, or on every resource whose name begins so (`prefix`).

    Kafka's own authorizer takes Read or Write for Describe too; others want it said.
    """

    resource: Literal["topic", "group", "transactional-id"]
    name: str
    operations: tuple[Operation, ...]
    prefix: bool = False


def rights_of(settings: ServiceSettings, writes: Iterable[str]) -> tuple[Right, ...]:
    """Give the least rights of a service that writes these topics, and dead letters."""
    topics = sorted({*writes, settings.rejected_topic})
    # A producer for each partition: GROUP.TOPIC.PARTITION.
    producers = f"{settings.group_id}.{settings.input_topic}."
    return (
        Right("topic", settings.input_topic, ("Read", "Describe")),
        *(Right("topic", topic, ("Write", "Describe")) for topic in topics),
        Right("group", settings.group_id, ("Read", "Describe")),
        Right("transactional-id", producers, ("Write", "Describe"), prefix=True),
    )


def rights_to_replay(settings: Iterable[ServiceSettings]) -> tuple[Right, ...]:
    """Give the least rights of an operator of `triage rejected`.

    To list and show letters, those to read the rejected topics are enough.
    """
    rejected = sorted({each.rejected_topic for each in settings})
    came_from = sorted({each.input_topic for each in settings})
    return (
        *(Right("topic", topic, ("Read", "Write", "Describe")) for topic in rejected),
        *(Right("topic", topic, ("Write", "Describe")) for topic in came_from),
        Right("transactional-id", PRODUCER, ("Write", "Describe")),
    )


def rights(classifier: ClassifierSettings, router: RouterSettings) -> dict[str, tuple[Right, ...]]:
    """Give the rights of each user: the services by their names, and the operator.

    Raises:
        ConfigurationError: The routing table is wrong.
    """
    return {
        "classifier": rights_of(classifier, [classifier.output_topic]),
        "router": rights_of(router, load_table(router.routes).topics),
        "operator": rights_to_replay([classifier, router]),
    }
