"""Each check of the doctor, on a cluster made up of three brokers that is right but for it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from services.classifier.settings import ClassifierSettings
from services.errors import ConfigurationError
from services.kafka.clients import KafkaClients, connect
from services.kafka.settings import KafkaSettings
from services.kafka.topic_checks import (
    CHECKS,
    SETTINGS,
    WEEK_MS,
    Finding,
    Partition,
    Topic,
    Use,
    findings_about,
)
from services.operate.doctor.cluster import Broker, Cluster, Grant
from services.operate.doctor.command import described, named
from services.operate.doctor.examination import Report, examine
from services.operate.doctor.quorum import Clock
from services.operate.doctor.quotas import Quota
from services.operate.doctor.right_checks import principals_of
from services.operate.doctor.uses import Asked, uses_of
from services.operate.installation import installation_of
from services.operate.rights import INTERNAL, rights
from services.operate.topics import topics_of
from services.router.settings import RouterSettings

INSTALLATION = installation_of(KafkaSettings(), ClassifierSettings(), RouterSettings())
ASKED = Asked(6, 3)
USUAL = {
    "cleanup.policy": "delete",
    "retention.ms": str(WEEK_MS),
    "retention.bytes": "-1",
    "message.timestamp.type": "CreateTime",
    "max.message.bytes": "1048588",
    "min.insync.replicas": "2",
    "segment.bytes": "1073741824",
    "unclean.leader.election.enable": "false",
    "message.timestamp.before.max.ms": "9223372036854775807",
    "message.timestamp.after.max.ms": "3600000",
    "message.timestamp.difference.max.ms": "9223372036854775807",
}
BROKER: Mapping[str, str] = {
    "transaction.max.timeout.ms": "900000",
    "group.min.session.timeout.ms": "6000",
    "group.max.session.timeout.ms": "1800000",
    "offsets.retention.minutes": "10080",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "min.insync.replicas": "2",
    "auto.create.topics.enable": "false",
}
VERSIONS = {10: 6, 32: 4}
PARTITION = Partition(1, (1, 2, 3), (1, 2, 3))
HOME_OFFICE, REVIEW, INPUT = "departments.home-office", "inquiries.review", "inquiries"


def a_topic(partitions: int = 6, partition: Partition = PARTITION, **settings: str) -> Topic:
    """Make a topic that is set as usual but for these; `_` stands for each dot."""
    other = {name.replace("_", "."): value for name, value in settings.items()}
    return Topic((partition,) * partitions, USUAL | other)


def right_cluster() -> Cluster:
    topics = {
        name: Topic((PARTITION,) * 6, USUAL | settings)
        for name, settings in topics_of(INSTALLATION).items()
    }
    grants = tuple(
        Grant(f"User:{user}", operation, right.resource, right.name, right.prefix)
        for user, granted in rights(INSTALLATION).items()
        for right in granted
        for operation in right.operations
    )
    brokers = {number: Broker(BROKER, VERSIONS) for number in (1, 2, 3)}
    own = dict.fromkeys(INTERNAL, a_topic())
    return Cluster("kafka-1:9092", brokers, topics | own, grants)


RIGHT = right_cluster()


def with_topic(name: str, topic: Topic) -> Cluster:
    return replace(RIGHT, topics={**RIGHT.topics, name: topic})


def without(*names: str) -> Cluster:
    kept = {name: topic for name, topic in RIGHT.topics.items() if name not in names}
    return replace(RIGHT, topics=kept)


def with_brokers(count: int = 3, **settings: str) -> Cluster:
    other = {name.replace("_", "."): value for name, value in settings.items()}
    brokers = {number: Broker({**BROKER, **other}, VERSIONS) for number in range(1, count + 1)}
    return replace(RIGHT, brokers=brokers)


def with_versions(last: Mapping[int, int]) -> Cluster:
    return replace(RIGHT, brokers={**RIGHT.brokers, 3: Broker(BROKER, last)})


def with_grants(*grants: Grant) -> Cluster:
    return replace(RIGHT, grants=(*(RIGHT.grants or ()), *grants))


def lacking(user: str, name: str, operation: str) -> Cluster:
    lost = [
        each
        for each in RIGHT.grants or ()
        if (each.user, each.name, each.operation) == (f"User:{user}", name, operation)
    ]
    assert lost
    return replace(RIGHT, grants=tuple(each for each in RIGHT.grants or () if each not in lost))


def with_quota(rate: float, **holds: str | None) -> Cluster:
    return replace(RIGHT, quotas=(Quota(holds, "producer_byte_rate", rate),))


def report_on(cluster: Cluster, asked: Asked = ASKED) -> Report:
    return examine(cluster, INSTALLATION, asked, principals_of(INSTALLATION))


def settings_beside(**kafka: int) -> Report:
    """Examine the right cluster with other settings of the services."""
    settings = KafkaSettings().model_copy(update=kafka)
    other = installation_of(settings, ClassifierSettings(), RouterSettings())
    return examine(RIGHT, other, ASKED, principals_of(other))


ALONE, BEHIND = Partition(1, (1,), (1,)), Partition(1, (1, 2, 3), (1, 2))
ON_ONE = a_topic(partition=ALONE, min_insync_replicas="1")
HOUR = "3600000"
WRONG: dict[str, tuple[str, Cluster]] = {
    "no topic": ("missing", without(HOME_OFFICE)),
    "few partitions": ("few-partitions", with_topic(HOME_OFFICE, a_topic(3))),
    "cut otherwise": ("unlike", with_topic("inquiries.judged", a_topic(7))),
    "claims cut otherwise": (
        "unlike",
        with_topic("inquiries.claims", a_topic(7, message_timestamp_type="LogAppendTime")),
    ),
    "compacted": ("compacted", with_topic(HOME_OFFICE, a_topic(cleanup_policy="compact"))),
    "compacted too": (
        "compacted",
        with_topic(INPUT, a_topic(cleanup_policy="compact,delete")),
    ),
    "forgets": (
        "forgets",
        with_topic("inquiries.settled", a_topic(cleanup_policy="compact,delete")),
    ),
    "never cleaned": ("uncleaned", with_topic(INPUT, a_topic(cleanup_policy=""))),
    "never compacted": (
        "uncleaned",
        with_topic("inquiries.settled", a_topic(cleanup_policy="")),
    ),
    "claims take little": (
        "message-bytes",
        with_topic(
            "inquiries.claims",
            a_topic(message_timestamp_type="LogAppendTime", max_message_bytes="500"),
        ),
    ),
    "times": ("times", with_topic("inquiries.claims", a_topic())),
    "short": ("kept-short", with_topic(INPUT, a_topic(retention_ms=HOUR))),
    "short for others": (
        "kept-short-for-others",
        with_topic(HOME_OFFICE, a_topic(retention_ms=HOUR)),
    ),
    "by size": ("kept-by-size", with_topic(REVIEW, a_topic(retention_bytes="1000"))),
    "for ever": ("kept-for-ever", with_topic(REVIEW, a_topic(retention_ms="-1"))),
    "takes little": ("message-bytes", with_topic(REVIEW, a_topic(max_message_bytes="1000"))),
    "small segments": ("segment-bytes", with_topic(REVIEW, a_topic(segment_bytes="9000"))),
    "small letters": (
        "message-bytes",
        with_topic("inquiries.rejected", a_topic(max_message_bytes="1048588")),
    ),
    "letters": ("letters", with_topic(INPUT, a_topic(max_message_bytes="4000000"))),
    "in sync never": ("in-sync-never", with_topic(INPUT, a_topic(min_insync_replicas="4"))),
    "in sync all": ("in-sync-all", with_topic(INPUT, a_topic(min_insync_replicas="3"))),
    "in sync one": ("in-sync-one", with_topic(INPUT, a_topic(min_insync_replicas="1"))),
    "unclean": (
        "unclean",
        with_topic(INPUT, a_topic(unclean_leader_election_enable="true")),
    ),
    "one copy": (
        "few-copies",
        with_topic(INPUT, a_topic(partition=ALONE, min_insync_replicas="1")),
    ),
    "two copies": (
        "few-copies",
        with_topic(INPUT, a_topic(partition=Partition(1, (1, 2), (1, 2)), min_insync_replicas="1")),
    ),
    "behind": ("out-of-sync", with_topic(INPUT, a_topic(partition=BEHIND))),
    "no leader": ("no-leader", with_topic(INPUT, a_topic(partition=PARTITION._replace(leader=-1)))),
    "old times": (
        "times-before",
        with_topic(INPUT, a_topic(message_timestamp_before_max_ms="1000")),
    ),
    "new times": (
        "times-after",
        with_topic(INPUT, a_topic(message_timestamp_after_max_ms="1000")),
    ),
    "old and new times": (
        "times-difference",
        with_topic(INPUT, a_topic(message_timestamp_difference_max_ms="1000")),
    ),
    "two brokers": ("few-brokers", with_brokers(2)),
    "offsets on one": (
        "few-copies-of-own",
        with_topic(INTERNAL[0], a_topic(partition=ALONE, min_insync_replicas="1")),
    ),
    "transactions on one": (
        "few-copies-of-own",
        with_topic(INTERNAL[1], a_topic(partition=ALONE, min_insync_replicas="1")),
    ),
    "offsets in sync one": (
        "own-in-sync-one",
        with_topic(INTERNAL[0], a_topic(min_insync_replicas="1")),
    ),
    "transactions never": (
        "own-in-sync-never",
        with_topic(INTERNAL[1], a_topic(min_insync_replicas="4")),
    ),
    "transactions short": (
        "transaction-timeout",
        with_brokers(transaction_max_timeout_ms="59999"),
    ),
    "sessions short": ("session-long", with_brokers(group_max_session_timeout_ms="9999")),
    "sessions long": ("session-short", with_brokers(group_min_session_timeout_ms="10001")),
    "offsets forgotten": (
        "offsets-forgotten",
        with_brokers(offsets_retention_minutes="1440"),
    ),
    "inquiries kept longer than offsets": (
        "offsets-forgotten",
        with_topic(INPUT, a_topic(retention_ms=str(2 * WEEK_MS))),
    ),
    "topics by mistake": ("auto-created", with_brokers(auto_create_topics_enable="true")),
    "a user held back": ("throttled", with_quota(1000, user="router")),
    "everybody held back": ("throttled", with_quota(1000, user=None)),
    "every client held back": ("throttled", with_quota(1000, **{"client-id": None})),
    "clock ahead": ("clocks", replace(RIGHT, clock=Clock(1, timedelta(seconds=61)))),
    "clock behind": ("clocks", replace(RIGHT, clock=Clock(1, timedelta(seconds=-61)))),
    "releases": ("unequal", with_versions({10: 6, 32: 5})),
    "no right": (
        "no-rights",
        replace(
            RIGHT, grants=tuple(each for each in RIGHT.grants or () if each.user != "User:settler")
        ),
    ),
    "no Read": ("lacking", lacking("router", "inquiries.classified", "Read")),
    "no Write": ("lacking", lacking("router", HOME_OFFICE, "Write")),
    "no transactions": (
        "lacking",
        lacking("router", "inquiry-triage.router.inquiries.classified.", "Write"),
    ),
    "not to be seen": ("lacking", lacking("desk", REVIEW, "DescribeConfigs")),
    "denied": (
        "denied",
        with_grants(Grant("User:router", "All", "topic", HOME_OFFICE, denies=True)),
    ),
    "denied everybody": (
        "denied",
        with_grants(Grant("User:*", "Write", "topic", "inquiries.not-ours", denies=True)),
    ),
    "every topic": ("beyond", with_grants(Grant("User:router", "All", "topic", "*"))),
    "every group": ("beyond", with_grants(Grant("User:router", "Read", "group", "*"))),
    "a prefix": (
        "beyond",
        with_grants(Grant("User:desk", "Read", "topic", "departments.", prefix=True)),
    ),
    "another's topic": (
        "beyond",
        with_grants(Grant("User:learner", "Read", "topic", "inquiries.rejected")),
    ),
    "the cluster": (
        "beyond",
        with_grants(Grant("User:settler", "Alter", "cluster", "kafka-cluster")),
    ),
    "everybody": ("beyond", with_grants(Grant("User:*", "Read", "topic", REVIEW))),
    "a stranger settles": (
        "writers",
        with_grants(Grant("User:stranger", "Write", "topic", "inquiries.settled")),
    ),
    "a stranger routes": (
        "writers",
        with_grants(Grant("User:stranger", "Write", "topic", HOME_OFFICE)),
    ),
    "denied two users": (
        "denied",
        with_grants(Grant("User:*", "Write", "topic", REVIEW, denies=True)),
    ),
    "a stranger writes all that is ours": (
        "writers",
        with_grants(Grant("User:stranger", "All", "topic", "inquiries.", prefix=True)),
    ),
}


def test_nothing_is_found_of_a_right_cluster() -> None:
    """Three brokers, topics and users as the manifests make them: no finding and no note."""
    assert report_on(RIGHT) == Report(())


@pytest.mark.parametrize(("check", "cluster"), WRONG.values(), ids=[*WRONG])
def test_each_thing_that_is_wrong_is_one_finding(check: str, cluster: Cluster) -> None:
    """One thing wrong with a cluster is one sentence, with the command that mends it."""
    found = report_on(cluster).findings
    assert [each.check for each in found] == [check]
    [(severity, _, about, sentence)] = found
    assert severity in {"wrong", "risky"}
    assert about
    assert ": " in sentence
    assert "; mend it with `" in sentence
    assert sentence.endswith(".")
    assert not {"\n", "{", "}"} & set(sentence)


def test_every_check_of_topics_is_tried() -> None:
    """No row of the table is without a cluster that it finds something of."""
    assert {check.name for check in CHECKS} <= {check for check, _ in WRONG.values()}
    assert {*SETTINGS} == {*USUAL}


@pytest.mark.parametrize(
    "cluster",
    [
        with_topic("somebody-elses", a_topic(cleanup_policy="compact", retention_ms="1")),
        with_topic(HOME_OFFICE, replace(a_topic(), settings=None)),
        with_topic(HOME_OFFICE, a_topic(retention_ms=str(52 * WEEK_MS))),
        with_topic("inquiries.audit", a_topic(retention_ms=HOUR)),
        replace(RIGHT, clock=Clock(1, timedelta(seconds=59))),
        with_quota(1_000_000, user="router"),
        with_quota(1000, user="stranger"),
        with_quota(1000, ip=None),
        with_quota(1000, **{"client-id": "stranger"}),
        with_grants(Grant("User:backup", "Read", "topic", "*")),
        with_grants(Grant("User:administrator", "All", "topic", "*")),
        with_grants(Grant("User:home-office", "Write", "topic", "inquiries.returned")),
        with_grants(Grant("User:stranger", "Write", "topic", "inquiries.j", prefix=True)),
        with_grants(Grant("User:router", "Read", "topic", "somebody-elses")),
        with_grants(Grant("User:router", "IdempotentWrite", "cluster", "kafka-cluster")),
        with_grants(Grant("User:stranger", "All", "topic", "*", denies=True)),
        replace(
            RIGHT, brokers={1: Broker(None, VERSIONS), **dict(list(RIGHT.brokers.items())[1:])}
        ),
    ],
)
def test_what_is_nothing_of_ours_or_unknown_is_no_finding(cluster: Cluster) -> None:
    """Others' topics and users are their own, and what could not be seen is not guessed."""
    assert report_on(cluster).findings == ()


def test_one_broker_is_right_where_one_copy_is_asked_for() -> None:
    """To try things out on a single broker is as good as was asked."""
    topics = {
        name: Topic((ALONE,) * 6, {**(topic.settings or {}), "min.insync.replicas": "1"})
        for name, topic in RIGHT.topics.items()
    }
    alone = replace(RIGHT, topics=topics, brokers={1: RIGHT.brokers[1]})
    assert report_on(alone, Asked(0, 1)).findings == ()
    found = report_on(alone)
    assert {each.check for each in found.findings} == {
        "few-brokers",
        "few-copies",
        "few-copies-of-own",
    }


def test_topics_alike_in_a_fault_are_one_finding_with_one_command() -> None:
    """What is wrong with many topics is a sentence, and a line of the shell that mends them all."""
    compacted = a_topic(cleanup_policy="compact")
    topics = dict.fromkeys(("a", "b", "c", "d", "e"), compacted)
    [found] = findings_about(topics, dict.fromkeys(topics, Use()), "k:1")
    assert found == Finding(
        "wrong",
        "compacted",
        ("a", "b", "c", "d", "e"),
        "On a, b, c and 2 others cleanup.policy is compact: Kafka takes no record without a key "
        "there, at which a partition stops, and of each key it keeps the last alone, so that "
        "inquiries are lost; mend it with `for topic in a b c d e; do kafka-configs.sh "
        "--bootstrap-server k:1 --alter --entity-type topics --entity-name $topic --add-config "
        "cleanup.policy=delete; done`.",
    )


def test_an_old_broker_is_named() -> None:
    """A release before Kafka 3.0 is told, beside that it is another than the others'."""
    found = report_on(with_versions({10: 3, 32: 4})).findings
    assert [each.check for each in found] == ["old", "unequal"]
    assert found[0].about == ("3",)


def test_topics_of_a_cluster_s_own_that_are_to_come_are_looked_at() -> None:
    """Before its first group a cluster says by its settings how many copies there will be."""
    new = without(*INTERNAL)
    assert report_on(new).findings == ()
    one = {**BROKER, "offsets.topic.replication.factor": "1", "min.insync.replicas": "1"}
    many = {**BROKER, "transaction.state.log.replication.factor": "4"}
    alone = {**BROKER, "min.insync.replicas": "1"}
    never = {**BROKER, "transaction.state.log.min.isr": "4"}
    for settings, expected in (
        (never, ("wrong", "own-in-sync-never")),
        (one, ("risky", "few-copies-of-own")),
        (many, ("wrong", "few-copies-of-own")),
        (alone, ("risky", "own-in-sync-one")),
    ):
        brokers = {**RIGHT.brokers, 1: Broker(settings, VERSIONS)}
        [found] = report_on(replace(new, brokers=brokers)).findings
        assert (found.severity, found.check) == expected
        everywhere = dict.fromkeys(RIGHT.brokers, Broker(settings, VERSIONS))
        [found] = report_on(replace(new, brokers=everywhere)).findings
        assert found.about == ("1", "2", "3")


def test_our_own_settings_are_what_is_to_be_changed() -> None:
    """Where the services' settings are outside the brokers' the command sets ours."""
    [found] = settings_beside(transaction_timeout_ms=900_001).findings
    assert "KAFKA_TRANSACTION_TIMEOUT_MS is 900001" in found.sentence
    assert "`export KAFKA_TRANSACTION_TIMEOUT_MS=900000`" in found.sentence
    assert found.about == ("1", "2", "3")
    [message] = settings_beside(max_message_bytes=1_048_589).findings
    assert message.check == "message-bytes"


def test_without_an_authorizer_there_is_a_note() -> None:
    """A cluster on which everybody may do everything is told to be so, and is no finding."""
    report = report_on(replace(RIGHT, grants=None))
    assert report.findings == ()
    [note] = report.notes
    assert "no authorizer" in note


def test_that_brokers_may_be_open_is_a_note() -> None:
    """Kafka hides the value of a setting that is its authorizer's, and not that it is there."""
    report = report_on(with_brokers(allow_everyone_if_no_acl_found=""))
    assert report.findings == ()
    [note] = report.notes
    assert note.startswith("allow.everyone.if.no.acl.found is set on broker 1, 2 and 3")


def test_a_user_that_nobody_made_is_a_note_where_it_may_lack() -> None:
    """Without desk, operator, learner or doctor the services work."""
    grants = tuple(each for each in RIGHT.grants or () if each.user != "User:desk")
    report = report_on(replace(RIGHT, grants=grants))
    assert report.findings == ()
    [note] = report.notes
    assert note.startswith("User:desk has no rights")


def test_users_may_be_called_otherwise() -> None:
    """A certificate's name is a user's as well as a password's, and one may do all the work."""
    one = "User:CN=triage"
    principals = named(
        principals_of(INSTALLATION), [f"{user}={one}" for user in rights(INSTALLATION)]
    )
    grants = tuple({each._replace(user=one) for each in RIGHT.grants or ()})
    report = examine(replace(RIGHT, grants=grants), INSTALLATION, ASKED, principals)
    assert report.findings == ()
    for wrong in ("nobody=User:x", "router", "router=x"):
        with pytest.raises(ConfigurationError, match="names no user"):
            named(principals_of(INSTALLATION), [wrong])


def test_what_is_hidden_is_not_said_to_be_missing() -> None:
    """A topic that this user may not see is told as that, and as nothing else."""
    told = (f"The topics {REVIEW} could not be asked: …",)
    hidden = replace(without(REVIEW), unasked=told, hidden=frozenset([REVIEW]))
    report = report_on(hidden)
    assert report.findings == ()
    assert report.unasked == told


def test_what_is_missing_beside_a_hidden_topic_is_said() -> None:
    """A topic whose name is a part of a hidden one's is missing all the same."""
    hidden = frozenset(["inquiries.classified"])
    [found] = report_on(replace(without(INPUT), hidden=hidden)).findings
    assert (found.check, found.about) == ("missing", (INPUT,))


def test_a_cluster_without_topics_lacks_them_and_nothing_else() -> None:
    """On a new cluster one finding names all topics, with the command that makes them."""
    [found] = report_on(replace(RIGHT, topics={}, grants=None)).findings
    assert found.check == "missing"
    assert set(found.about) == set(topics_of(INSTALLATION))


def test_a_topic_that_is_missing_is_made_like_those_it_belongs_to() -> None:
    """The command asks for as many partitions as the others have, or it would make them differ."""
    [found] = report_on(without("inquiries.settled"), Asked(0, 3)).findings
    assert "`triage topics --replication-factor 3 --partitions 6`" in found.sentence


def test_a_prefix_that_is_mistyped_is_told_with_the_one_that_is_there() -> None:
    """Where no topic is there and with another prefix all are, the sentence has that prefix."""
    others = frozenset(f"test.{name}" for name in RIGHT.topics)
    nothing = replace(RIGHT, topics={}, grants=None)
    [found] = report_on(replace(nothing, others=others)).findings
    assert found.sentence.endswith(" that are there with `KAFKA_TOPIC_PREFIX=test.`.")
    [found] = report_on(replace(nothing, others=others - {f"test.{REVIEW}"})).findings
    assert "KAFKA_TOPIC_PREFIX" not in found.sentence


def test_partitions_are_added_to_judgements_last() -> None:
    """What is judged on a partition that the others lack would wait."""
    larger = a_topic(7, message_timestamp_type="LogAppendTime")
    [found] = report_on(with_topic("inquiries.claims", larger)).findings
    assert found.about[-1] == "inquiries.judged"


def test_what_is_wrong_is_printed_before_what_is_risky() -> None:
    """Each finding is a line that begins with how bad it is; the last line counts them."""
    cluster = with_topic(REVIEW, a_topic(retention_ms="-1", max_message_bytes="1000"))
    lines = described(report_on(cluster), cluster.servers)
    assert [line.split()[0] for line in lines] == ["wrong", "risky", "2"]
    assert lines[-1] == "2 things found on kafka-1:9092."
    assert described(Report(()), "k:1") == ["As promised on k:1."]
    *_, last = described(Report((), (), ("What … could not be asked.",)), "k:1")
    assert last == "Nothing found in what could be asked on k:1."


def test_commands_for_a_cluster_that_asks_who_one_is_have_a_file_that_says_so() -> None:
    """Kafka's own commands take user and certificates from a file."""
    secured = KafkaSettings().model_copy(update={"security_protocol": "SASL_SSL"})
    assert connect(KafkaSettings(), "t").server_options == "localhost:9092"
    options = KafkaClients(secured, "t").server_options
    assert options == "localhost:9092 --command-config client.properties"


def test_each_topic_has_a_use() -> None:
    """Whatever topic an installation has is held against what it is for."""
    assert uses_of(INSTALLATION, ASKED).keys() == topics_of(INSTALLATION).keys()
