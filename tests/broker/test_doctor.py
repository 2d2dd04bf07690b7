"""A right cluster of which nothing is found, and one for each thing that may be wrong with it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka.admin import NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.classifier.settings import ClassifierSettings
from services.clock import utc_now
from services.kafka.clients import connect
from services.kafka.connected import an_admin
from services.kafka.settings import KafkaSettings
from services.kafka.topic_checks import WEEK_MS, Finding
from services.local.console.temporary_folder import temporary_folder
from services.operate.doctor.command import ask
from services.operate.doctor.examination import Report, examine
from services.operate.doctor.right_checks import principals_of
from services.operate.doctor.uses import Asked
from services.operate.installation import Installation, installation_of
from services.operate.rights import Operation, Right, rights
from services.operate.topics import create_topics, topics_of
from services.router.settings import RouterSettings
from tests.broker.at_rest import until
from tests.broker.command import triage
from tests.broker.quotas import AlterQuotas
from tests.broker.secure_kafka import ALLOW, DENY, SecureKafka, secure_kafka

PARTITIONS = 2
PREFIX = "examined."


@dataclass
class Examined:
    """An installation on a broker that is right; what `wrong` contexts change they set right."""

    kafka: SecureKafka
    installation: Installation
    asked: Asked

    async def create_topics(self) -> None:
        await create_topics(
            self.installation.kafka,
            topics_of(self.installation),
            partitions=PARTITIONS,
            replication_factor=1,
        )

    def name(self, topic: str) -> str:
        return PREFIX + topic

    async def report(self) -> Report:
        clients = connect(self.installation.kafka, "examined")
        cluster = await ask(clients, self.installation)
        return examine(cluster, self.installation, self.asked, principals_of(self.installation))

    async def until_found(self, *checks: str) -> tuple[Finding, ...]:
        """Wait until so much is found: the broker takes a moment to hear from its controller."""
        found: list[Finding] = []

        async def is_found() -> bool:
            found[:] = (await self.report()).findings
            return sorted(each.check for each in found) == sorted(checks)

        try:
            await until(is_found)
        except TimeoutError:
            pytest.fail(f"found {found}")
        return tuple(found)


@pytest.fixture(scope="module")
def right(can_embed: None) -> Iterator[Examined]:
    """A cluster as it should be: topics, rights, and nothing kept for ever."""
    with (
        temporary_folder("triage-tests-") as folder,
        secure_kafka(folder, log_retention_ms=str(WEEK_MS)) as kafka,
    ):
        settings = KafkaSettings(bootstrap_servers=kafka.servers, topic_prefix=PREFIX)
        installation = installation_of(settings, ClassifierSettings(), RouterSettings())
        examined = Examined(kafka, installation, Asked(PARTITIONS, 1))
        asyncio.run(prepare(examined))
        yield examined


async def prepare(examined: Examined) -> None:
    await examined.create_topics()
    for user, granted in rights(examined.installation).items():
        await examined.kafka.grant(PREFIX + user, granted)
    await examined.until_found()


Wrong = Callable[[Examined], AbstractAsyncContextManager[Examined]]


def configured(topic: str, **settings: str) -> Wrong:
    """Set a topic otherwise; `_` stands for each dot of a setting's name."""

    @asynccontextmanager
    async def wrong(examined: Examined) -> AsyncIterator[Examined]:
        name = examined.name(topic)
        usual = topics_of(examined.installation)[name]
        other = {setting.replace("_", "."): value for setting, value in settings.items()}
        await alter(examined, name, usual | other)
        try:
            yield examined
        finally:
            await alter(examined, name, usual)

    return wrong


async def alter(examined: Examined, topic: str, settings: Mapping[str, str]) -> None:
    async with an_admin(examined.kafka.servers) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])


@asynccontextmanager
async def without_a_topic(examined: Examined) -> AsyncIterator[Examined]:
    await delete(examined, "departments.home-office")
    try:
        yield examined
    finally:
        await examined.create_topics()


async def delete(examined: Examined, topic: str) -> None:
    async with an_admin(examined.kafka.servers) as admin:
        await admin.delete_topics([examined.name(topic)])

        async def is_gone() -> bool:
            return examined.name(topic) not in await admin.list_topics()

        await until(is_gone)


def cut(topic: str) -> Wrong:
    """Give a topic a partition more than the others."""

    @asynccontextmanager
    async def wrong(examined: Examined) -> AsyncIterator[Examined]:
        async with an_admin(examined.kafka.servers) as admin:
            await admin.create_partitions({examined.name(topic): NewPartitions(PARTITIONS + 1)})
        try:
            yield examined
        finally:
            await delete(examined, topic)
            await examined.create_topics()

    return wrong


@asynccontextmanager
async def with_one_partition(examined: Examined) -> AsyncIterator[Examined]:
    topic = examined.name("inquiries")
    await delete(examined, "inquiries")
    await create_topics(
        examined.installation.kafka, {topic: {}}, partitions=1, replication_factor=1
    )
    try:
        yield examined
    finally:
        await delete(examined, "inquiries")
        await examined.create_topics()


def granted(user: str, right: Right, permission: int = ALLOW) -> Wrong:
    """Grant what is not needed, or deny what is."""

    @asynccontextmanager
    async def wrong(examined: Examined) -> AsyncIterator[Examined]:
        await examined.kafka.grant(user, [right], permission)
        try:
            yield examined
        finally:
            await examined.kafka.revoke(user, [right], permission)

    return wrong


def lacking(user: str, resource: str, name: str, *operations: Operation) -> Wrong:
    """Take from a user operations on what has this name, all of them where none is named."""

    @asynccontextmanager
    async def wrong(examined: Examined) -> AsyncIterator[Examined]:
        taken = [
            Right(each.resource, each.name, operations or each.operations, each.prefix)
            for each in rights(examined.installation)[user]
            if (each.resource, each.name) == (resource, PREFIX + name)
        ]
        assert taken
        await examined.kafka.revoke(PREFIX + user, taken)
        try:
            yield examined
        finally:
            await examined.kafka.grant(PREFIX + user, taken)

    return wrong


@asynccontextmanager
async def without_rights(examined: Examined) -> AsyncIterator[Examined]:
    its_own = rights(examined.installation)["classifier"]
    await examined.kafka.revoke(PREFIX + "classifier", its_own)
    try:
        yield examined
    finally:
        await examined.kafka.grant(PREFIX + "classifier", its_own)


def with_settings(**settings: int) -> Wrong:
    """Set the services otherwise, beside which the broker's settings are wrong."""

    @asynccontextmanager
    async def wrong(examined: Examined) -> AsyncIterator[Examined]:
        kafka = KafkaSettings(
            bootstrap_servers=examined.kafka.servers, topic_prefix=PREFIX
        ).model_copy(update=settings)
        other = installation_of(kafka, ClassifierSettings(), RouterSettings())
        yield Examined(examined.kafka, other, examined.asked)

    return wrong


@asynccontextmanager
async def held_back(examined: Examined) -> AsyncIterator[Examined]:
    await held_to(examined, 1000)
    try:
        yield examined
    finally:
        await held_to(examined, None)


async def held_to(examined: Examined, rate: float | None) -> None:
    admin = connect(examined.installation.kafka, "examined").inspector()
    await admin.start()
    try:
        await admin.ask(AlterQuotas(PREFIX + "router", "producer_byte_rate", rate))
    finally:
        await admin.close()


HOUR = "3600000"
REVIEW, HOME_OFFICE = "inquiries.review", "departments.home-office"
WRONG: dict[str, tuple[str, Wrong]] = {
    "a department has no topic": ("missing", without_a_topic),
    "fewer partitions than asked": ("few-partitions", with_one_partition),
    "judgements cut otherwise": ("unlike", cut("inquiries.judged")),
    "claims cut otherwise": ("unlike", cut("inquiries.claims")),
    "a department is compacted": (
        "compacted",
        configured(HOME_OFFICE, cleanup_policy="compact"),
    ),
    "the input is compacted as well": (
        "compacted",
        configured("inquiries", cleanup_policy="compact,delete"),
    ),
    "what is settled is deleted": (
        "forgets",
        configured("inquiries.settled", cleanup_policy="delete"),
    ),
    "claims by the desk's time": (
        "times",
        configured("inquiries.claims", message_timestamp_type="CreateTime"),
    ),
    "claims for an hour": ("kept-short", configured("inquiries.claims", retention_ms=HOUR)),
    "review for an hour": ("kept-short", configured(REVIEW, retention_ms=HOUR)),
    "a department for an hour": (
        "kept-short-for-others",
        configured(HOME_OFFICE, retention_ms=HOUR),
    ),
    "classified by size": (
        "kept-by-size",
        configured("inquiries.classified", retention_bytes="1000000"),
    ),
    "review for ever": ("kept-for-ever", configured(REVIEW, retention_ms="-1")),
    "a department takes little": (
        "message-bytes",
        configured(HOME_OFFICE, max_message_bytes="100000"),
    ),
    "letters do not fit": ("letters", configured("inquiries", max_message_bytes="4000000")),
    "more copies in sync than there are": (
        "in-sync-never",
        configured(HOME_OFFICE, min_insync_replicas="2"),
    ),
    "unclean leaders": (
        "unclean",
        configured("inquiries", unclean_leader_election_enable="true"),
    ),
    "a topic that nothing ever leaves": (
        "uncleaned",
        configured("inquiries.audit", cleanup_policy=""),
    ),
    "claims take little": (
        "message-bytes",
        configured("inquiries.claims", max_message_bytes="500"),
    ),
    "letters take little": (
        "message-bytes",
        configured("inquiries.rejected", max_message_bytes="1048588"),
    ),
    "times have to be recent": (
        "times-before",
        configured(REVIEW, message_timestamp_before_max_ms="60000"),
    ),
    "a transaction too long for the broker": (
        "transaction-timeout",
        with_settings(transaction_timeout_ms=900_001),
    ),
    "a session too short for the broker": (
        "session-short",
        with_settings(session_timeout_ms=500),
    ),
    "a session too long for the broker": (
        "session-long",
        with_settings(session_timeout_ms=1_800_001),
    ),
    "a user held back": ("throttled", held_back),
    "a user without rights": ("no-rights", without_rights),
    "a group that may not be joined": (
        "lacking",
        lacking("classifier", "group", "inquiry-triage.classifier", "Read"),
    ),
    "a department that may not be written": (
        "lacking",
        lacking("router", "topic", HOME_OFFICE, "Write"),
    ),
    "transactions that may not begin": (
        "lacking",
        lacking("settler", "transactional-id", f"inquiry-triage.settler.{PREFIX}inquiries.judged."),
    ),
    "a topic that may not be examined": (
        "lacking",
        lacking("desk", "topic", "inquiries.claims", "DescribeConfigs"),
    ),
    "a denial": (
        "denied",
        granted(PREFIX + "router", Right("topic", PREFIX + REVIEW, ("Write",)), DENY),
    ),
    "every topic for the router": (
        "beyond",
        granted(PREFIX + "router", Right("topic", "*", ("Write",))),
    ),
    "a prefix for the classifier": (
        "beyond",
        granted(PREFIX + "classifier", Right("topic", PREFIX, ("Read",), prefix=True)),
    ),
    "review for everybody": (
        "beyond",
        granted("*", Right("topic", PREFIX + REVIEW, ("Read",))),
    ),
    "somebody else settles": (
        "writers",
        granted("home-office", Right("topic", PREFIX + "inquiries.settled", ("Write",))),
    ),
    "somebody else may write all that is ours": (
        "writers",
        granted("home-office", Right("topic", PREFIX, ("Write",), prefix=True)),
    ),
}


@pytest.mark.parametrize(("check", "wrong"), WRONG.values(), ids=[*WRONG])
async def test_what_is_wrong_is_found_and_nothing_else(
    right: Examined, check: str, wrong: Wrong
) -> None:
    """A cluster that is wrong in one way gives one finding; set right again it gives none."""
    async with wrong(right) as examined:
        [finding] = await examined.until_found(check)
    assert finding.sentence.endswith(".")
    assert "; mend it with `" in finding.sentence
    assert "\n" not in finding.sentence
    await right.until_found()


async def test_a_broker_alone_is_not_what_was_asked_for(right: Examined) -> None:
    """Three copies of each record are not to be had of one broker, and that is told."""
    examined = Examined(right.kafka, right.installation, Asked(PARTITIONS, 3))
    own = ["few-copies-of-own"] * 2
    found = await examined.until_found("few-brokers", "few-copies", *own)
    assert found[0].check == "few-brokers"


async def test_the_command_says_by_its_exit_code_what_came_of_it(
    right: Examined, tmp_path: Path
) -> None:
    """With the rights of a doctor 0 is right, 1 is a finding, and without them it is 2."""
    asked = ("doctor", "--replication-factor", "1", "--partitions", str(PARTITIONS))
    settings = right.kafka.by_password("doctor") | {"KAFKA_TOPIC_PREFIX": PREFIX}
    refused = await triage(*asked, settings=settings)
    assert refused.code == 2, refused
    assert "could not be asked: grant this user Describe" in refused.output
    await right.kafka.grant("doctor", rights(right.installation)["doctor"])
    as_promised = await triage(*asked, settings=settings)
    assert (as_promised.code, as_promised.errors) == (0, ""), as_promised
    assert as_promised.output.strip().splitlines()[-1].startswith("As promised on ")
    file = tmp_path / "doctor.json"
    async with configured(HOME_OFFICE, cleanup_policy="compact")(right):
        await right.until_found("compacted")
        found = await triage(*asked, "--json", str(file), settings=settings)
    assert found.code == 1, found
    assert f"wrong  On {PREFIX}{HOME_OFFICE} cleanup.policy is compact" in found.output
    [told] = json.loads(file.read_text())["findings"]
    assert (told["check"], told["about"]) == ("compacted", [PREFIX + HOME_OFFICE])
    await right.kafka.revoke("doctor", rights(right.installation)["doctor"])
    await right.until_found()


@pytest.mark.parametrize(("off", "checks"), [(0, []), (90, ["clocks"]), (-90, ["clocks"])])
async def test_the_controller_s_clock_is_compared(
    right: Examined, off: int, checks: list[str]
) -> None:
    """Its time is in an answer of Kafka's, for which nothing is written."""
    clients = connect(right.installation.kafka, "examined")
    later = timedelta(seconds=off)
    cluster = await ask(clients, right.installation, lambda: utc_now() + later)
    assert cluster.clock is not None
    found = examine(cluster, right.installation, right.asked, principals_of(right.installation))
    assert [each.check for each in found.findings] == checks


async def test_a_broker_that_is_away_cannot_be_asked() -> None:
    """Where nobody answers, the exit code is that of what could not be asked."""
    ended = await triage("doctor", settings={"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert ended.code == 2
    assert ended.errors.startswith("triage: The cluster at 127.0.0.1:1 could not be asked")
