"""What each user may do on Kafka: the rights to grant, and no others.

Users differ: one for each service, one for who works with dead letters, one for who fetches
lessons and one for `triage doctor`, so that what one could do by mistake or in a stranger's hands
the others cannot. Since Kafka 3.0 no right on the cluster itself is needed but by the doctor, who
changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from services.app.settings import ServiceSettings
from services.operate.dead_letters.replay import PRODUCER
from services.operate.installation import Installation
from services.operate.topics import topics_of

Operation = Literal["Read", "Write", "Describe", "DescribeConfigs"]
CLUSTER = "kafka-cluster"  # as Kafka calls it
# What a service reads or writes it also holds against what is promised, when it starts.
READS: tuple[Operation, ...] = ("Read", "Describe", "DescribeConfigs")
WRITES: tuple[Operation, ...] = ("Write", "Describe", "DescribeConfigs")
READS_AND_WRITES: tuple[Operation, ...] = ("Read", "Write", "Describe", "DescribeConfigs")
# Where a cluster keeps what its groups have read, and what becomes of transactions.
INTERNAL = ("__consumer_offsets", "__transaction_state")


@dataclass(frozen=True)
class Right:
    """Some operations on one resource, or on every resource whose name begins so (`prefix`).

    Kafka's own authorizer takes Read or Write for Describe too; others want it said.
    """

    resource: Literal["topic", "group", "transactional-id", "cluster"]
    name: str
    operations: tuple[Operation, ...]
    prefix: bool = False


def rights_of(settings: ServiceSettings, writes: Iterable[str]) -> tuple[Right, ...]:
    """Return the least rights of a service that writes these topics, and dead letters."""
    topics = sorted({*writes, settings.rejected_topic})
    return (
        *(Right("topic", topic, READS) for topic in settings.input_topics),
        *(Right("topic", topic, WRITES) for topic in topics),
        Right("group", settings.group_id, ("Read", "Describe")),
        # A producer for each partition: GROUP.TOPIC.PARTITION.
        *(
            Right(
                "transactional-id",
                f"{settings.group_id}.{topic}.",
                ("Write", "Describe"),
                prefix=True,
            )
            for topic in settings.input_topics
        ),
    )


def rights_to_judge(installation: Installation) -> tuple[Right, ...]:
    """Return the least rights of the desk, which is in no group and has no transactions."""
    desk = installation.desk
    looked_up = (installation.table.review_topic, desk.audit_topic, desk.settled_topic)
    return (
        *(Right("topic", topic, READS) for topic in looked_up),
        Right("topic", desk.claims_topic, READS_AND_WRITES),
        Right("topic", desk.judged_topic, WRITES),
    )


def rights_to_replay(settings: Sequence[ServiceSettings], producer: str) -> tuple[Right, ...]:
    """Return the least rights of an operator of `triage rejected`.

    To list and show letters, those to read the rejected topics are enough.
    """
    rejected = sorted({each.rejected_topic for each in settings})
    came_from = sorted({topic for each in settings for topic in each.input_topics})
    return (
        *(Right("topic", topic, ("Read", "Write", "Describe")) for topic in rejected),
        *(Right("topic", topic, ("Write", "Describe")) for topic in came_from),
        Right("transactional-id", producer, ("Write", "Describe")),
    )


def rights_to_learn(topics: Iterable[str]) -> tuple[Right, ...]:
    """Return the least rights of who runs `triage lessons`, who reads what was written."""
    return tuple(Right("topic", topic, ("Read", "Describe")) for topic in topics)


def rights_to_examine(topics: Iterable[str]) -> tuple[Right, ...]:
    """Return the least rights of who runs `triage doctor`, who reads no record."""
    return (
        *(Right("topic", topic, ("Describe", "DescribeConfigs")) for topic in (*topics, *INTERNAL)),
        Right("cluster", CLUSTER, ("Describe", "DescribeConfigs")),
    )


def rights(installation: Installation) -> dict[str, tuple[Right, ...]]:
    """Return the rights of each user: the services by their names, and people's."""
    classifier, router, settler = installation.classifier, installation.router, installation.settler
    review = installation.table.review_topic
    producer = installation.kafka.topic_prefix + PRODUCER
    return {
        "classifier": rights_of(classifier, [classifier.output_topic]),
        "router": rights_of(router, installation.table.topics | {router.audit_topic}),
        "settler": (
            *rights_of(settler, [*installation.table.topics, settler.not_ours_topic]),
            # What it looks up; its own notes it reads and writes.
            Right("topic", review, READS),
            Right("topic", router.audit_topic, READS),
            Right("topic", settler.settled_topic, READS_AND_WRITES),
        ),
        "desk": rights_to_judge(installation),
        "operator": rights_to_replay([classifier, router, settler], producer),
        "learner": rights_to_learn([settler.settled_topic, review, router.audit_topic]),
        "doctor": rights_to_examine(topics_of(installation)),
    }
