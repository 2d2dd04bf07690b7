"""What is wrong with an installation's topics beside each other."""

from collections.abc import Iterator

from services.kafka.topic_checks import (
    MESSAGE_BYTES,
    Fault,
    Finding,
    config_command,
    findings_about,
    for_each,
    found,
    listed,
    partitions_command,
)
from services.operate.doctor.cluster import Cluster
from services.operate.doctor.uses import Asked, alike_in, inputs_of, uses_of
from services.operate.installation import Installation
from services.operate.topics import topics_of

# What Kafka's own limit has over a round number: it counts the head of a batch.
HEAD_BYTES = 12


def single(cluster: Cluster, installation: Installation, asked: Asked) -> Iterator[Finding]:
    """Yield what is wrong with topics each by itself."""
    yield from findings_about(cluster.topics, uses_of(installation, asked), cluster.servers)


def missing(cluster: Cluster, installation: Installation, asked: Asked) -> Iterator[Finding]:
    """Yield which topics are not there, unless they are only hidden."""
    seen = cluster.hidden.union(cluster.topics)
    names = [name for name in uses_of(installation, asked) if name not in seen]
    if names:
        command = f"triage topics --replication-factor {asked.copies}"
        # As many as those have that it belongs to, or the next thing found is that they differ.
        count = max([asked.partitions, *_counts(cluster, installation).values()])
        partitions = f" --partitions {count}" if count else ""
        where = _elsewhere(cluster, installation)
        fault = Fault(f"Not there: {listed(names)}", command + partitions, where)
        breaks = "who reads or writes there waits until there is"
        yield found("wrong", "missing", names, fault, breaks, cluster.servers)


def _elsewhere(cluster: Cluster, installation: Installation) -> str:
    """Say with which prefix all topics are there, where with ours none is."""
    prefix = installation.kafka.topic_prefix
    bare = {name.removeprefix(prefix) for name in topics_of(installation)}
    last = installation.received_topic.removeprefix(prefix)
    others = sorted(
        other
        for other in {each.removesuffix(last) for each in cluster.others if each.endswith(last)}
        if {other + name for name in bare} <= cluster.others
    )
    if not others:
        return ""
    told = " or ".join(f"`KAFKA_TOPIC_PREFIX={other}`" for other in others)
    return f", unless those are meant that are there with {told}"


def _counts(cluster: Cluster, installation: Installation) -> dict[str, int]:
    """Return how many partitions those topics have that need as many as each other."""
    return {
        topic: len(cluster.topics[topic].partitions)
        for topic in alike_in(installation)
        if topic in cluster.topics
    }


def alike(cluster: Cluster, installation: Installation, _asked: Asked) -> Iterator[Finding]:
    """Yield which of the topics that belong to each other by number are cut otherwise."""
    counts = _counts(cluster, installation)
    most = max(counts.values(), default=0)
    fewer = {topic: count for topic, count in counts.items() if count < most}
    if not fewer:
        return
    largest = [topic for topic, count in counts.items() if count == most]
    has = ", ".join(f"{topic} has {count} partitions" for topic, count in fewer.items())
    fault = Fault(
        f"{has} and {listed(largest)} {most}",
        for_each(partitions_command("{topic}", most), fewer),
        ", and start the settler anew",
    )
    breaks = "each needs as many as the others, or settler and desk refuse to start"
    yield found("wrong", "unlike", fewer, fault, breaks, cluster.servers)


def letters(cluster: Cluster, installation: Installation, asked: Asked) -> Iterator[Finding]:
    """Yield where a dead letter would not fit that holds the largest record which is read."""
    taken = {
        topic: cluster.topics[topic].number(MESSAGE_BYTES) or 0
        for topic in inputs_of(installation)
        if topic in cluster.topics
    }
    largest = max(taken, key=lambda topic: taken[topic], default="")
    needed = 2 * (taken.get(largest, 0) - HEAD_BYTES)
    uses = uses_of(installation, asked)
    for rejected in sorted(installation.rejected_topics & cluster.topics.keys()):
        takes = cluster.topics[rejected].number(MESSAGE_BYTES)
        if takes is None or takes < uses[rejected].takes_bytes >= needed:
            continue  # what mends the topic by itself mends this
        if takes < needed:
            fault = Fault(
                f"{rejected} takes {takes} bytes, and {largest} takes {taken[largest]}",
                config_command(rejected, MESSAGE_BYTES, needed),
            )
            breaks = "the dead letter of its largest record fits nowhere and stops its partition"
            yield found("wrong", "letters", [rejected], fault, breaks, cluster.servers)
