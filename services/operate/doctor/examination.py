"""All that the doctor looks at, in one list."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from services.kafka.topic_checks import Finding, listed
from services.operate.doctor import broker_checks, right_checks, topic_checks
from services.operate.doctor.cluster import Cluster
from services.operate.doctor.right_checks import NEEDED, throttled
from services.operate.doctor.uses import Asked
from services.operate.installation import Installation

OF_CLUSTER: tuple[Callable[[Cluster, Installation, Asked], Iterator[Finding]], ...] = (
    topic_checks.missing,
    topic_checks.alike,
    topic_checks.single,
    topic_checks.letters,
    broker_checks.few,
    broker_checks.internal,
    broker_checks.settings,
    broker_checks.versions,
    broker_checks.clocks,
)
OF_RIGHTS: tuple[Callable[[Cluster, Installation, Mapping[str, str]], Iterator[Finding]], ...] = (
    right_checks.lacking,
    right_checks.beyond,
    right_checks.writers,
)

EVERYONE = "allow.everyone.if.no.acl.found"


@dataclass(frozen=True)
class Report:
    """What came of it.

    Args:
        findings: What is not as promised, what is wrong before what is risky.
        notes: What is as it may be, and good to know.
        unasked: What this user may not ask.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()


def examine(
    cluster: Cluster, installation: Installation, asked: Asked, principals: Mapping[str, str]
) -> Report:
    """Hold a cluster against what is promised.

    Args:
        cluster: What it said of itself.
        installation: Whose topics and users these are.
        asked: How many partitions and copies there are to be.
        principals: What Kafka calls each user.
    """
    findings = [each for look in OF_CLUSTER for each in look(cluster, installation, asked)]
    findings += throttled(cluster, installation, principals)
    if cluster.grants is not None:
        for look in OF_RIGHTS:
            findings += look(cluster, installation, principals)
    findings.sort(key=lambda each: each.severity == "risky")
    return Report(tuple(findings), tuple(_notes(cluster, principals)), cluster.unasked)


def _notes(cluster: Cluster, principals: Mapping[str, str]) -> Iterator[str]:
    if cluster.grants is None:
        if not cluster.unasked:
            yield "There is no authorizer: whoever reaches a broker may read and write everything."
        return
    if open_brokers := [
        str(number)
        for number, broker in sorted(cluster.brokers.items())
        if EVERYONE in (broker.settings or {})
    ]:
        yield (
            f"{EVERYONE} is set on broker {listed(open_brokers)}, and Kafka does not tell to what: "
            "it has to be false, or whoever reaches a broker may use what nobody has a right on."
        )
    for user, principal in principals.items():
        if user not in NEEDED and not any(each.user == principal for each in cluster.grants):
            yield f"{principal} has no rights: grant them where somebody is to work as the {user}."
