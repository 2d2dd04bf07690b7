"""What is wrong with a cluster's brokers for what the services ask of them."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from services.kafka.topic_checks import (
    COPIES,
    IN_SYNC,
    RETENTION,
    WEEK_MS,
    Fault,
    Finding,
    Severity,
    Topic,
    config_command,
    found,
    listed,
    more_copies,
)
from services.operate.doctor.cluster import Cluster
from services.operate.doctor.uses import Asked, inputs_of
from services.operate.installation import Installation

MINUTE_MS = 60_000
CLOCKS_DIFFER = timedelta(minutes=1)  # less is no more than what a busy machine takes to answer
FIND_COORDINATOR = 10  # the number of the request in Kafka's protocol
SINCE_3_0 = 4  # the version of it that Kafka 3.0 brought


class Own(NamedTuple):
    """The settings by which a cluster makes a topic of its own: copies, and those in sync."""

    copies: str
    in_sync: str


OWN = {
    "__consumer_offsets": Own("offsets.topic.replication.factor", IN_SYNC),
    "__transaction_state": Own(
        "transaction.state.log.replication.factor", "transaction.state.log.min.isr"
    ),
}
ALONE = (
    "what one broker alone has counts as written, and with that broker goes where services had got "
    "to, so that inquiries are answered a second time"
)


class Check(NamedTuple):
    """A row of the table: a setting of a broker, and what it should be, or None where it is."""

    name: str
    severity: Severity
    setting: str
    breaks: str
    needed: Callable[[str, Cluster, Installation], object | None]
    ours: str | None = None


def _transaction(most: str, _cluster: Cluster, installation: Installation) -> str | None:
    return most if int(most) < installation.kafka.transaction_timeout_ms else None


def _shortest(least: str, _cluster: Cluster, installation: Installation) -> str | None:
    return least if int(least) > installation.kafka.session_timeout_ms else None


def _longest(most: str, _cluster: Cluster, installation: Installation) -> str | None:
    return most if int(most) < installation.kafka.session_timeout_ms else None


def _auto(created: str, _cluster: Cluster, _installation: Installation) -> str | None:
    return "false" if created == "true" else None


def _offsets(minutes: str, cluster: Cluster, installation: Installation) -> int | None:
    kept = [
        cluster.topics[topic].number(RETENTION) or 0
        for topic in inputs_of(installation)
        if topic in cluster.topics
    ]
    needed = max([WEEK_MS, *kept]) // MINUTE_MS
    return needed if int(minutes) < needed else None


CHECKS: tuple[Check, ...] = (
    Check(
        "transaction-timeout",
        "wrong",
        "transaction.max.timeout.ms",
        "no service can begin a transaction",
        _transaction,
        "KAFKA_TRANSACTION_TIMEOUT_MS",
    ),
    Check(
        "session-short",
        "wrong",
        "group.min.session.timeout.ms",
        "no service is let into its group",
        _shortest,
        "KAFKA_SESSION_TIMEOUT_MS",
    ),
    Check(
        "session-long",
        "wrong",
        "group.max.session.timeout.ms",
        "no service is let into its group",
        _longest,
        "KAFKA_SESSION_TIMEOUT_MS",
    ),
    Check(
        "offsets-forgotten",
        "risky",
        "offsets.retention.minutes",
        "where a service that was away for so long had got to is forgotten while the inquiries are "
        "kept, and all of them are answered a second time",
        _offsets,
    ),
    Check(
        "auto-created",
        "risky",
        "auto.create.topics.enable",
        "a misspelt topic takes inquiries that nobody reads, and one of ours that was deleted "
        "comes back with other partitions, copies and settings",
        _auto,
    ),
)


def settings(cluster: Cluster, installation: Installation, _asked: Asked) -> Iterator[Finding]:
    """Yield the settings of brokers that do not go with the services'."""
    for check in CHECKS:
        faults = defaultdict[Fault, list[str]](list)
        for number, broker in sorted(cluster.brokers.items()):
            now = (broker.settings or {}).get(check.setting)
            if now is None or (needed := check.needed(now, cluster, installation)) is None:
                continue
            faults[_fault(check, now, needed, installation)].append(str(number))
        for fault, brokers in faults.items():
            yield _of_brokers(check.severity, check.name, brokers, fault, check.breaks, cluster)


def _fault(check: Check, now: str, needed: object, installation: Installation) -> Fault:
    if check.ours is None:
        return Fault(f"{check.setting} is {now}", *_property(f"{check.setting}={needed}"))
    ours = getattr(installation.kafka, check.ours.removeprefix("KAFKA_").lower())
    return Fault(
        f"{check.setting} is {now} and {check.ours} is {ours}", f"export {check.ours}={needed}"
    )


def _property(line: str) -> tuple[str, str]:
    command = f"echo {line} >> server.properties"
    return command, " on each broker and a restart, one after the other"


def _of_brokers(  # noqa: PLR0913, PLR0917 - all that it is made of
    severity: Severity,
    check: str,
    brokers: list[str],
    fault: Fault,
    breaks: str,
    cluster: Cluster,
) -> Finding:
    named = fault._replace(
        what=f"On broker{'s' * (len(brokers) > 1)} {listed(brokers)} {fault.what}"
    )
    return found(severity, check, brokers, named, breaks, cluster.servers)


def few(cluster: Cluster, _installation: Installation, asked: Asked) -> Iterator[Finding]:
    """Yield that there are fewer brokers than copies were asked for."""
    count = len(cluster.brokers)
    if 0 < count < asked.copies:
        fault = Fault(
            f"The cluster has {count} broker{'s' * (count > 1)} and not {asked.copies}",
            "kafka-server-start.sh server.properties",
            " on those that are away, or say the --replication-factor that you want",
        )
        breaks = f"there cannot be {asked.copies} copies of anything, and no topic can be created"
        brokers = sorted(map(str, cluster.brokers))
        yield found("wrong", "few-brokers", brokers, fault, breaks, cluster.servers)


def internal(cluster: Cluster, _installation: Installation, asked: Asked) -> Iterator[Finding]:
    """Yield where the cluster's own topics have too few copies, or can have none."""
    for topic, own in OWN.items():
        if topic in cluster.topics:
            yield from _own(cluster, asked, topic, cluster.topics[topic])
        else:
            yield from _to_come(cluster, asked, topic, own)


NEVER_WRITTEN = "no transaction or offset can be written"
STAND_STILL = (
    "with the one broker that has a partition of it, groups or transactions stand still, and what "
    "only it had is forgotten"
)


def _own(cluster: Cluster, asked: Asked, topic: str, there: Topic) -> Iterator[Finding]:
    """Look at a topic that the cluster has made for itself."""
    copies, least = there.replicas, there.number(IN_SYNC)
    if copies < asked.copies:
        what = f"{topic} has the replication factor {copies} and not {asked.copies}"
        fault = more_copies(what, asked.copies)
        yield found("risky", "few-copies-of-own", [topic], fault, STAND_STILL, cluster.servers)
    if wrong := _of_in_sync(copies, least or 0):
        severity, check, breaks, right = wrong
        what = f"{topic} has {IN_SYNC} {least} and {copies} copies"
        fault = Fault(what, config_command(topic, IN_SYNC, right))
        yield found(severity, check, [topic], fault, breaks, cluster.servers)


def _of_in_sync(copies: int, least: int) -> tuple[Severity, str, str, int] | None:
    """Judge how many copies have to be in sync; return what is found, what breaks, what is right.

    It is None where that is right, or not known: 0 is what nobody says.
    """
    if copies < least:
        return "wrong", "own-in-sync-never", NEVER_WRITTEN, copies
    if least == 1 and copies >= COPIES:
        return "risky", "own-in-sync-one", ALONE, 2
    return None


def _to_come(cluster: Cluster, asked: Asked, topic: str, own: Own) -> Iterator[Finding]:
    """Look at what a topic that is made with its first use will be."""
    faults = defaultdict[tuple[Severity, str, str, Fault], list[str]](list)
    for number, broker in sorted(cluster.brokers.items()):
        copies, least = (int((broker.settings or {}).get(each) or 0) for each in own)
        for kind in _of_future(copies, least, len(cluster.brokers), asked, topic, own):
            faults[kind].append(str(number))
    for (severity, check, breaks, fault), brokers in faults.items():
        yield _of_brokers(severity, check, brokers, fault, breaks, cluster)


def _of_future(  # noqa: PLR0913, PLR0917 - all that it follows from
    copies: int, least: int, brokers: int, asked: Asked, topic: str, own: Own
) -> Iterator[tuple[Severity, str, str, Fault]]:
    to_come = f"{topic} is still to be made"
    are = f"{own.copies} is {copies}, of {brokers} brokers, and {to_come}"
    if copies > brokers:
        fault = Fault(are, *_property(f"{own.copies}={brokers}"))
        yield "wrong", "few-copies-of-own", "it never can be, and no service starts", fault
    elif 0 < copies < asked.copies:
        fault = Fault(are, *_property(f"{own.copies}={asked.copies}"))
        yield "risky", "few-copies-of-own", STAND_STILL, fault
    if copies and (wrong := _of_in_sync(copies, least)):
        severity, check, breaks, right = wrong
        of = f", {own.copies} is {copies}" if least > copies else ""
        what = f"{own.in_sync} is {least}{of}, and {to_come}"
        yield severity, check, breaks, Fault(what, *_property(f"{own.in_sync}={right}"))


def versions(cluster: Cluster, _installation: Installation, _asked: Asked) -> Iterator[Finding]:
    """Yield where brokers are of different releases, or older than the rights that are listed."""
    kinds = defaultdict[tuple[tuple[int, int], ...], list[str]](list)
    for number, broker in sorted(cluster.brokers.items()):
        kinds[tuple(sorted(broker.versions.items()))].append(str(number))
        if broker.versions and broker.versions.get(FIND_COORDINATOR, 0) < SINCE_3_0:
            fault = Fault("its release is older than Kafka 3.0", SEEN, ", and install a newer one")
            breaks = "there the rights that are listed are not enough to write anything"
            yield _of_brokers("wrong", "old", [str(number)], fault, breaks, cluster)
    if len(kinds) > 1:
        parts = " and ".join(listed(brokers) for brokers in kinds.values())
        fault = Fault(f"The brokers {parts} are of different releases", SEEN, UPGRADE)
        breaks = "what works while one leads fails while another does"
        every = [each for brokers in kinds.values() for each in brokers]
        yield found("risky", "unequal", every, fault, breaks, cluster.servers)


def clocks(cluster: Cluster, _installation: Installation, _asked: Asked) -> Iterator[Finding]:
    """Yield that the controller's clock and this machine's differ."""
    if cluster.clock and abs(cluster.clock.ahead) > CLOCKS_DIFFER:
        controller, ahead = cluster.clock
        side = "ahead of" if ahead > timedelta() else "behind"
        fault = Fault(
            f"The clock of the controller, node {controller}, is {abs(ahead).total_seconds():.0f} "
            f"s {side} this machine's",
            "timedatectl set-ntp true",
            " on the machine whose clock is wrong",
        )
        breaks = (
            "who has an inquiry at the desk loses it early or late, ages are wrong, and by an hour "
            "more Kafka takes no record"
        )
        yield found("risky", "clocks", [str(controller)], fault, breaks, cluster.servers)


SEEN = "kafka-broker-api-versions.sh --bootstrap-server {servers}"
UPGRADE = ", and bring the upgrade to its end"
