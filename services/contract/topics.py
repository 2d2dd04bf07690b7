"""What stands on each of the topics, in a word to those who publish to it or consume it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from services.contract import received_messages, written_messages
from services.messages.dead_letter import REJECTED
from services.messages.events import (
    CLAIM,
    CLASSIFIED,
    DECIDED,
    JUDGED,
    RECEIVED,
    ROUTED,
    SAMPLED,
    SETTLED,
)
from services.messages.returned import RETURNED


class Topic(NamedTuple):
    """What stands on a topic: a word to people, and the messages by their names."""

    summary: str
    description: str
    messages: Mapping[str, dict[str, Any]]


TOPICS: dict[str, Topic] = {
    RECEIVED: Topic(
        "What contact-centre systems publish.",
        "Publish with `acks=all` and `enable.idempotence=true`, so that what the client sends "
        "again is stored once, and with a key that keeps together what has to stay in order, such "
        "as the case's reference. Waiting times are measured from `received_at`, or else from the "
        "record's timestamp.\n\nAn inquiry that is published twice is answered twice; consumers "
        "can tell by its id. What cannot be read goes to the dead letters.",
        received_messages.MESSAGES,
    ),
    CLASSIFIED: Topic(
        "What the classifier thinks of each inquiry.",
        "The router reads it.",
        written_messages.CLASSIFIED_MESSAGES,
    ),
    ROUTED: Topic(
        "Inquiries for whoever reads this topic, each with the decision and its reason.",
        "Consume with `isolation.level=read_committed`, and commit an offset after the work: what "
        "a consumer gets again has the same `ce_id`. A person decides where `route.reason` is not "
        "`confident`.",
        written_messages.ROUTED_MESSAGES,
    ),
    SAMPLED: Topic(
        "Copies of inquiries that went to a department by themselves, drawn at random.",
        "Nobody has to answer them: each is on its department's topic too. Judge whether the "
        "department is right, and weigh each by the inverse of `sample.chance`. The topic is "
        "written where `ROUTER_AUDIT_SHARE` is more than 0.",
        written_messages.SAMPLED_MESSAGES,
    ),
    JUDGED: Topic(
        "What people decide, each by the place of the inquiry that it is about.",
        "Publish to the partition number that `record.partition` has, whatever the key, with "
        "`acks=all` and `enable.idempotence=true`. Make `id` when the page is shown, so that a "
        "second click bears the same.\n\nThe first judgement of an inquiry counts; what became of "
        "each stands on the topic of notes. What refers to no inquiry goes to the dead letters.",
        received_messages.JUDGED_MESSAGES,
    ),
    DECIDED: Topic(
        "Inquiries for whoever reads this topic, each with what a person decided.",
        "As those that the router writes: consume with `isolation.level=read_committed`, and leave "
        "out what has a `ce_id` that is there already.",
        written_messages.DECIDED_MESSAGES,
    ),
    RETURNED: Topic(
        "What departments return, since it is not theirs.",
        "Publish the record as it came: value, key and all headers, and with them the headers "
        "`returned-why`, `returned-by` and, if you know, `returned-suggests`. With a key it has to "
        "go where Java's partitioner puts it, without one to the partition number on which it "
        "came.\n\nAn event goes to review once, however often it is returned; what is no event "
        "that departments get goes to the dead letters.",
        received_messages.RETURNED_MESSAGES,
    ),
    SETTLED: Topic(
        "What became of each judgement, without a word of the inquiry.",
        "The topic is compacted: of each inquiry the judgement that counted stays. A note stands "
        "on the partition number that its `record` has.",
        written_messages.SETTLED_MESSAGES,
    ),
    CLAIM: Topic(
        "What people do at the desk before it is settled: who has what, and what they chose.",
        "The replicas of the desk have no other store; nobody else has to read it. It is by the "
        "broker's time (`message.timestamp.type=LogAppendTime`) and kept for some days. A record "
        "stands on the partition number that its `record` has, and the first claim in the log "
        "counts.",
        written_messages.CLAIM_MESSAGES,
    ),
    REJECTED: Topic(
        "What could not be read or decided.",
        "Operators list, show and replay it with `triage rejected`.",
        written_messages.REJECTED_MESSAGES,
    ),
}
