"""Which rights users lack, and which they have beyond what they need.

Who is a super user of the cluster, Kafka does not tell: such a user seems to have no rights.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote

from services.kafka.topic_checks import Fault, Finding, Severity, found, listed
from services.operate.doctor.cluster import Cluster, Grant
from services.operate.installation import Installation
from services.operate.rights import Right, rights
from services.operate.topics import topics_of

EVERYBODY = "User:*"
EACH = "*"
# Who may do one of these may do the other too, by Kafka's own authorizer.
IMPLIES = {
    "Describe": {"Read", "Write", "Delete", "Alter"},
    "DescribeConfigs": {"AlterConfigs"},
}
# Without these nothing goes; the others may be nobody's.
NEEDED = ("classifier", "router", "settler")
# Before Kafka 3.0 whoever writes needs it, and it harms nobody.
HARMLESS = "IdempotentWrite"

FORCE = {"remove": " --force"}  # without asking once more
OPTIONS = {
    "topic": "--topic {name}",
    "group": "--group {name}",
    "transactional-id": "--transactional-id {name}",
    "cluster": "--cluster",
}

Principals = Mapping[str, str]


def principals_of(installation: Installation) -> dict[str, str]:
    """Return what Kafka calls each user, where they are made as `triage manifests` says."""
    prefix = installation.kafka.topic_prefix
    return {user: f"User:{prefix}{user}" for user in rights(installation)}


def needs_of(installation: Installation, principals: Principals) -> dict[str, tuple[Right, ...]]:
    """Return what each principal needs, which may be several users at once."""
    needs: dict[str, tuple[Right, ...]] = {}
    for user, granted in rights(installation).items():
        principal = principals[user]
        needs[principal] = (*needs.get(principal, ()), *granted)
    return needs


def lacking(
    cluster: Cluster, installation: Installation, principals: Principals
) -> Iterator[Finding]:
    """Yield each right that a user lacks, or is denied."""
    denied = defaultdict[Grant, dict[str, str]](dict)
    for user, granted in rights(installation).items():
        principal = principals[user]
        if not _has_any(cluster, principal):
            if user in NEEDED:
                yield _nothing(cluster, user, principal)
            continue
        mine = [each for each in cluster.grants or () if each.user in {principal, EVERYBODY}]
        for right in granted:
            if denials := [each for each in mine if _denies(each, right)]:
                denied[denials[0]][user] = principal
            else:
                yield from _lacks(cluster, user, principal, right, mine)
    for denial, users in denied.items():
        fault = Fault(f"{denial.user} is denied {_told(denial)}", _command("remove", denial))
        breaks = f"the work of {listed(users)} there is refused, whatever else is granted"
        yield found("wrong", "denied", users.values(), fault, breaks, cluster.servers)


def _nothing(cluster: Cluster, user: str, principal: str) -> Finding:
    fault = Fault(
        f"{principal} has no right at all",
        "triage manifests",
        f" and what it lists for {user}, or name the user with --user {user}=User:…",
    )
    breaks = f"the {user} can do nothing"
    return found("wrong", "no-rights", [principal], fault, breaks, cluster.servers)


def _lacks(
    cluster: Cluster, user: str, principal: str, right: Right, mine: Sequence[Grant]
) -> Iterator[Finding]:
    lacks = [
        operation
        for operation in right.operations
        if not any(_covers(each, right, operation) for each in mine)
    ]
    if lacks:
        wanted = Grant(principal, lacks[0], right.resource, right.name, right.prefix)
        fault = Fault(
            f"{principal} has no right to {_told(wanted, lacks)}", _command("add", wanted, lacks)
        )
        severity, breaks = _missed(lacks)
        yield found(
            severity, "lacking", [principal], fault, f"the {user} {breaks}", cluster.servers
        )


def _missed(lacks: Sequence[str]) -> tuple[Severity, str]:
    if [*lacks] == ["DescribeConfigs"]:
        return "risky", "cannot see what is set wrong there"
    return "wrong", "is refused, and waits until it is granted"


def _denies(grant: Grant, right: Right) -> bool:
    named = grant.operation in {"All", *right.operations}
    return grant.denies and grant.host == EACH and named and _meets(grant, right)


def beyond(
    cluster: Cluster, installation: Installation, principals: Principals
) -> Iterator[Finding]:
    """Yield each right on what is the installation's that somebody has without needing it."""
    needs = {EVERYBODY: (), **needs_of(installation, principals)}
    ours = {right for needed in needs.values() for right in needed}
    for grant in cluster.grants or ():
        needed = needs.get(grant.user)
        if needed is None or grant.denies or grant.operation == HARMLESS:
            continue
        is_ours = any(_meets(grant, right) for right in ours)
        if is_ours and not any(_is_needed(grant, right) for right in needed):
            fault = Fault(f"{grant.user} may {_told(grant)}", _command("remove", grant))
            breaks = "that is needed by no work of its own, and does harm in a stranger's hands"
            yield found("risky", "beyond", [grant.user], fault, breaks, cluster.servers)


def writers(
    cluster: Cluster, installation: Installation, principals: Principals
) -> Iterator[Finding]:
    """Yield who else may write where our users alone should."""
    # Others send inquiries, judge them and return them.
    open_to_others = {installation.received_topic, *installation.settler.input_topics}
    alone = topics_of(installation).keys() - open_to_others
    known = {EVERYBODY, *principals.values()}
    for grant in cluster.grants or ():
        if grant.denies or grant.user in known or grant.name == EACH:
            continue  # who may write everything looks after the cluster
        if any(_covers(grant, Right("topic", topic, ()), "Write") for topic in alone):
            fault = Fault(f"{grant.user} may {_told(grant)}", _command("remove", grant))
            breaks = "what our services alone should write there is believed, whoever wrote it"
            yield found("risky", "writers", [grant.user], fault, breaks, cluster.servers)


def throttled(
    cluster: Cluster, installation: Installation, principals: Principals
) -> Iterator[Finding]:
    """Yield which quotas let a batch of ours take longer than a second."""
    largest = installation.kafka.max_message_bytes
    for quota in cluster.quotas:
        held = [
            user for user in NEEDED if quota.is_for(principals[user].removeprefix("User:"), user)
        ]
        if held and quota.bytes_a_second < largest:
            fault = Fault(str(quota), quota.command())
            breaks = (
                f"that is less a second than the {largest} of KAFKA_MAX_MESSAGE_BYTES, and what "
                f"comes faster waits at {listed(held)}"
            )
            about = [principals[user] for user in held]
            yield found("risky", "throttled", about, fault, breaks, cluster.servers)


def _has_any(cluster: Cluster, principal: str) -> bool:
    return any(each.user == principal and not each.denies for each in cluster.grants or ())


def _meets(grant: Grant, right: Right) -> bool:
    """Tell whether an entry is about something that a right is about."""
    if grant.resource != right.resource:
        return False
    if grant.name == EACH and not grant.prefix:
        return True
    if grant.prefix and right.prefix:
        return right.name.startswith(grant.name) or grant.name.startswith(right.name)
    if grant.prefix:
        return right.name.startswith(grant.name)
    return grant.name.startswith(right.name) if right.prefix else grant.name == right.name


def _covers(grant: Grant, right: Right, operation: str) -> bool:
    """Tell whether an entry grants all of what an operation of a right is."""
    if grant.denies or grant.resource != right.resource:
        return False
    if grant.prefix:
        wide = right.name.startswith(grant.name)
    else:
        wide = grant.name == EACH or (grant.name == right.name and not right.prefix)
    return wide and grant.operation in {"All", operation, *IMPLIES.get(operation, ())}


def _is_needed(grant: Grant, right: Right) -> bool:
    """Tell whether a right is this very entry, or more."""
    same = grant.resource == right.resource and grant.name.startswith(right.name)
    within = same and (right.prefix or (grant.name == right.name and not grant.prefix))
    implied = any(each in IMPLIES.get(grant.operation, ()) for each in right.operations)
    return within and (grant.operation in right.operations or implied)


def _told(grant: Grant, operations: Sequence[str] | None = None) -> str:
    what = " and ".join(operations or [grant.operation])
    if grant.resource == "cluster":
        return f"{what} the cluster"
    kind = {"topic": "topic", "group": "consumer group"}.get(grant.resource, "transactional id")
    if grant.name == EACH and not grant.prefix:
        return f"{what} every {kind}"
    return f"{what} the {kind} {grant.name}{'…' * grant.prefix}"


def _command(change: str, grant: Grant, operations: Sequence[str] | None = None) -> str:
    kind = "deny" if grant.denies else "allow"
    parts = [
        f"kafka-acls.sh --bootstrap-server {{servers}} --{change}{FORCE.get(change, '')}",
        f"--{kind}-principal {quote(grant.user)}",
        *(f"--operation {each}" for each in operations or [grant.operation]),
        OPTIONS[grant.resource].format(name=quote(grant.name)),
    ]
    if grant.prefix:
        parts.append("--resource-pattern-type prefixed")
    if grant.host != EACH:
        parts.append(f"--{kind}-host {grant.host}")
    return " ".join(parts)
