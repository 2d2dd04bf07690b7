"""What a cluster said of itself when it was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from services.kafka.topic_checks import Topic
from services.operate.doctor.quorum import Clock
from services.operate.doctor.quotas import Quota

Resource = Literal["topic", "group", "cluster", "transactional-id"]


class Broker(NamedTuple):
    """One broker: what it is set to, if this user may know, and what it speaks.

    Args:
        settings: By their names in Kafka's documentation.
        versions: Of each request the newest version, by the request's number in the protocol.
    """

    settings: Mapping[str, str | None] | None
    versions: Mapping[int, int]


class Grant(NamedTuple):
    """An entry of the cluster's list of rights.

    Args:
        user: As Kafka calls it, such as `User:router`; `User:*` is everybody.
        operation: Such as `Read`, or `All`.
        resource: What kind of thing it is about.
        name: Its name; `*` is each.
        prefix: Whether that is how the name begins.
        host: From where; `*` is anywhere.
        denies: Whether it takes a right, where others grant one.
    """

    user: str
    operation: str
    resource: Resource
    name: str
    prefix: bool = False
    host: str = "*"
    denies: bool = False


@dataclass(frozen=True)
class Cluster:
    """All that was asked.

    Args:
        servers: What follows `--bootstrap-server` in the commands: the brokers' addresses first.
        brokers: Each by its number.
        topics: Those that are there, the cluster's own among them.
        grants: The rights that users have; None where there are none to have.
        unasked: Of each thing that this user may not ask a sentence.
        hidden: Topics that this user may not see.
        others: Where none of the installation's is there, all that this user may see.
        quotas: To how many bytes a second it holds users.
        clock: How far the controller's clock is from ours, where it told.
    """

    servers: str
    brokers: Mapping[int, Broker] = field(default_factory=dict)
    topics: Mapping[str, Topic] = field(default_factory=dict)
    grants: tuple[Grant, ...] | None = None
    unasked: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    quotas: tuple[Quota, ...] = ()
    clock: Clock | None = None
