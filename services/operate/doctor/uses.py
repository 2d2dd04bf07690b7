"""What each topic of an installation is for, from which follows what it has to be."""

from dataclasses import replace
from typing import NamedTuple

from services.kafka.topic_checks import WEEK_MS, Use
from services.operate.installation import Installation
from services.operate.topics import CLAIMS_MS, REJECTED_BYTES, topics_of

# A claim has no inquiry, and of what people write a signpost of 500 characters at most.
CLAIM_BYTES = 16 * 1024


class Asked(NamedTuple):
    """What `triage topics` was, or would be, asked for; 0 where nobody says."""

    partitions: int
    copies: int


def uses_of(installation: Installation, asked: Asked) -> dict[str, Use]:
    """Return what each topic of an installation is for."""
    taken = installation.kafka.max_message_bytes
    written = Use(takes_bytes=taken, replicas=asked.copies, partitions=asked.partitions)
    uses = dict.fromkeys(topics_of(installation), written)
    ours = {*inputs_of(installation), installation.table.review_topic}
    theirs = {*installation.department_topics, installation.settler.not_ours_topic}
    for topic in theirs | ours:
        waits_for_us = topic in ours
        uses[topic] = replace(written, kept_ms=WEEK_MS, waits_for_us=waits_for_us)
    for topic in installation.rejected_topics:
        uses[topic] = replace(written, kept_ms=WEEK_MS, takes_bytes=max(taken, REJECTED_BYTES))
    own = replace(written, takes_bytes=CLAIM_BYTES)
    uses[installation.settler.settled_topic] = replace(written, compacted=True, is_text=False)
    uses[installation.desk.claims_topic] = replace(own, by_log_time=True, kept_ms=CLAIMS_MS)
    return uses


def inputs_of(installation: Installation) -> tuple[str, ...]:
    """Return the topics that the services read in their groups."""
    each_one = (installation.classifier, installation.router, installation.settler)
    return tuple(topic for service in each_one for topic in service.input_topics)


def alike_in(installation: Installation) -> tuple[str, ...]:
    """Return the topics that need as many partitions as each other: settler and desk go by that.

    The last is the one to which partitions are to be added last: that of what people decide.
    """
    settler, review = installation.settler, installation.table.review_topic
    beside = (review, settler.audit_topic, settler.settled_topic, installation.desk.claims_topic)
    return (*beside, *reversed(settler.input_topics))
