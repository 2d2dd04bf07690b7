import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TopicAuthorizationFailedError
from aiokafka.helpers import create_ssl_context

from services.local.console.temporary_folder import temporary_folder
from services.local.processes.service_process import ServiceProcess
from services.messages.returned import TIMES_HEADER
from services.operate.rights import Operation, Right, rights
from tests.broker.at_rest import read_all, until
from tests.broker.authority import Authority
from tests.broker.command import triage
from tests.broker.desk import Desk, a_judgement
from tests.broker.exactly_once import Faults, Sent, number_of
from tests.broker.form_reviewer import FormReviewer, at
from tests.broker.inquiries import examples, good
from tests.broker.lessons import put_inquiries, put_notes
from tests.broker.pipeline import SERVICES, Pipeline, until_answered
from tests.broker.secure_kafka import SecureKafka, secure_kafka
from tests.warm import WarmService

Settings = dict[str, str]


@pytest.fixture(scope="module")
def secure(can_embed: None) -> Iterator[SecureKafka]:
    """A broker with users and rights, which the tests of this module share."""
    with temporary_folder("triage-tests-") as folder, secure_kafka(folder) as kafka:
        yield kafka


@pytest.fixture
async def pipeline(secure: SecureKafka, tmp_path: Path, prefix: str) -> AsyncIterator[Pipeline]:
    """A pipeline on that broker, with its topics; nobody has a right to them yet."""
    with ExitStack() as stack:
        pipeline = Pipeline(secure.servers, tmp_path, prefix, stack, WarmService)
        await pipeline.create_topics()
        yield pipeline


def rights_on(pipeline: Pipeline, user: str) -> tuple[Right, ...]:
    return rights(pipeline.installation)[user]


def by_password(secure: SecureKafka, user: str) -> Settings:
    return secure.by_password(user)


def by_certificate(secure: SecureKafka, user: str) -> Settings:
    return secure.by_certificate(secure.authority.issue(user))


def refusals(service: ServiceProcess) -> list[str]:
    """Return what a service's log says that Kafka refuses it; nothing else in it speaks of that."""
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    ours = [line for line in lines if line["event"] == "engine.refused"]
    others = [line for line in lines if line not in ours]
    assert [line for line in others if "uthori" in str(line) or "exception" in line] == []
    assert {line["event"] for line in others} & {"engine.worker_failed", "engine.gave_up"} == set()
    return [line["reason"] for line in ours]


async def until_refused(service: ServiceProcess) -> None:
    """Wait until a service says that it is refused something."""

    def says_so() -> bool:
        service.check()
        return service.log.exists() and "engine.refused" in service.log.read_text()

    await until(lambda: asyncio.to_thread(says_so))


@pytest.mark.parametrize("settings_of", [by_password, by_certificate])
async def test_the_listed_rights_are_enough(
    secure: SecureKafka, pipeline: Pipeline, settings_of: Callable[[SecureKafka, str], Settings]
) -> None:
    """With its own user and the rights that are listed each service does all its work."""
    services = [pipeline.service(user, **settings_of(secure, user)) for user in SERVICES]
    for user in SERVICES:
        await secure.grant(user, rights_on(pipeline, user))
    await pipeline.started(*services)
    await pipeline.publish(examples())  # dead letters are among what comes of them
    assert await pipeline.faults() == Faults()
    for user, service in zip(SERVICES, services, strict=True):
        assert refusals(service) == []
        served = [service.get(path)[1] for path in ("/metrics", "/asyncapi.json")]
        for text in (service.log.read_text(), *served):
            assert secure.password(user).read_text().strip() not in text


async def test_an_operator_replays_with_the_listed_rights_alone(
    secure: SecureKafka, pipeline: Pipeline, prefix: str
) -> None:
    """The rights of an operator are enough to send a letter back, and what lacks is said."""
    for user in SERVICES:
        await secure.grant(user, rights_on(pipeline, user))
    services = [pipeline.service(user, **by_password(secure, user)) for user in SERVICES]
    await pipeline.started(*services)
    await pipeline.publish([Sent(b"not json", b"k1"), *islice(good(keys=3), 20)])
    await pipeline.read()
    settings = pipeline.environment | by_password(secure, "operator")
    refused = await triage("rejected", "replay", "--go", settings=settings)
    assert f"no Write on the transactional ids {prefix}inquiry-triage" in refused.errors
    await secure.grant("operator", rights_on(pipeline, "operator"))
    replayed = await triage("rejected", "replay", "--go", settings=settings)
    assert "Sent 1 letters" in replayed.output


async def test_who_fetches_lessons_needs_the_listed_rights_alone(
    secure: SecureKafka, pipeline: Pipeline, tmp_path: Path
) -> None:
    """The rights of a learner are enough to write a file of lessons, and what lacks is said."""
    for source in ("review", "audit"):
        waiting = await put_inquiries(pipeline, source, ["My pension is late"])
        await put_notes(pipeline, waiting)
    settings = pipeline.environment | by_password(secure, "learner")
    asked = ("lessons", "--since", "2026-11-01", "--out", str(tmp_path / "lessons.jsonl"))
    granted = rights_on(pipeline, "learner")
    for lacking in granted:
        refused = await triage(*asked, settings=settings)
        assert f"no Read on the topic {lacking.name}:" in refused.errors
        await secure.grant("learner", [lacking])
    fetched = await triage(*asked, settings=settings)
    assert "2  lessons" in fetched.output, fetched.errors


@pytest.mark.parametrize(
    "command",
    [
        "topics",
        "rejected list",
        "rejected replay --go",
        "lessons --since 2026-11-01 --out new.jsonl",
    ],
)
async def test_a_wrong_password_is_no_broker_that_is_away(
    secure: SecureKafka, tmp_path: Path, command: str
) -> None:
    """Each command says that the user is not let in, and which settings to look at."""
    wrong = tmp_path / "password"
    wrong.write_text("guessed")
    settings = by_password(secure, "operator") | {"KAFKA_SASL_PASSWORD_FILE": str(wrong)}
    refused = await triage(*command.split(), settings=settings)
    assert "Kafka does not let this user in" in refused.errors
    assert "KAFKA_SASL_PASSWORD_FILE" in refused.errors


def of_people(desk: Desk) -> dict[str, tuple[Right, ...]]:
    """Return what the pages for case systems and for departments ask for."""
    may_write: tuple[Operation, ...] = ("Write", "Describe")
    return {
        "case-system": (Right("topic", desk.topics["judged"], may_write),),
        "home-office": (
            Right("topic", desk.topics["home-office"], ("Read", "Describe")),
            Right("topic", desk.topics["returned"], may_write),
        ),
    }


async def publish_as(secure: SecureKafka, user: str, topic: str, **record: Any) -> None:
    """Publish a record as a user.

    Raises:
        TopicAuthorizationFailedError: The user may not.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=secure.sasl,
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username=user,
        sasl_plain_password=secure.password(user).read_text().strip(),
        ssl_context=create_ssl_context(cafile=str(secure.authority.certificate)),
        enable_idempotence=True,
    )
    try:
        await producer.start()
        await producer.send_and_wait(topic, **record)
    finally:
        await producer.stop()


async def test_judgements_and_returns_need_the_listed_rights_alone(
    secure: SecureKafka, pipeline: Pipeline
) -> None:
    """The settler does all its work with its own; a department may return, and write no more."""
    desk = Desk(pipeline)
    granted = {"settler": rights_on(pipeline, "settler"), **of_people(desk)}
    for user, its_own in granted.items():
        await secure.grant(user, its_own)
    settler = pipeline.service("settler", **by_password(secure, "settler"))
    await pipeline.started(settler)
    [waiting] = await desk.waiting(1)
    judgement = {
        "value": json.dumps(a_judgement(waiting)).encode(),
        "partition": waiting.partition,
    }
    await publish_as(secure, "case-system", desk.topics["judged"], **judgement)
    [decided] = await desk.read("home-office")
    said = [("returned-why", b"not-ours"), ("returned-by", b"desk-4")]
    back = {
        "value": decided.value,
        "key": decided.key,
        "headers": [*decided.headers, *said],
    }
    await publish_as(secure, "home-office", desk.topics["returned"], **back)
    reviewed = await desk.read("review")
    assert [each.key for each in reviewed if TIMES_HEADER in dict(each.headers)] == [decided.key]
    assert refusals(settler) == []
    for name in ("judged", "review", "home-office", "settled"):
        with pytest.raises(TopicAuthorizationFailedError):
            await publish_as(secure, "home-office", desk.topics[name], **back)
    with pytest.raises(TopicAuthorizationFailedError):
        await publish_as(secure, "case-system", desk.topics["returned"], **back)


async def test_the_desk_needs_the_listed_rights_alone(
    secure: SecureKafka, pipeline: Pipeline
) -> None:
    """Without them it says which it lacks; with them people decide, and it is refused nothing."""
    topics = Desk(pipeline)
    settler = pipeline.service("settler", **secure.by_password("settler"))
    local = {"DESK_LOGIN": "none", "DESK_HTTP_HOST": "127.0.0.1"}
    desk = pipeline.service("desk", **secure.by_password("desk"), **local)
    await secure.grant("settler", rights_on(pipeline, "settler"))
    await pipeline.started(settler)
    await topics.waiting(1)
    desk.start()
    await until_refused(desk)
    said = len(refusals(desk))
    assert topics.topics["review"] in desk.get("/readyz")[1]
    *others, last = rights_on(pipeline, "desk")
    await secure.grant("desk", others)
    assert desk.get("/readyz")[0] == HTTPStatus.SERVICE_UNAVAILABLE
    await secure.grant("desk", [last])
    await asyncio.to_thread(desk.wait_until_ready)
    async with at(desk.url) as client:
        reviewer = FormReviewer(client)
        await reviewer.sit_down()
        await reviewer.decide("to:home-office")
        await reviewer.sign_out()
    assert [note.by for note in await topics.settled()] == ["local"]
    assert len(await topics.read("home-office")) == 1
    assert len(refusals(desk)) <= said + len(others)  # as rights came one by one, and no more since
    for text in (desk.log.read_text(), desk.get("/metrics")[1], desk.get("/asyncapi.json")[1]):
        assert secure.password("desk").read_text().strip() not in text
    for topic in (topics.topics["home-office"], topics.topics["settled"]):
        with pytest.raises(TopicAuthorizationFailedError):
            await publish_as(secure, "desk", topic, value=b"{}")


def named(resource: str, *operations: Operation, name: str = "") -> Callable[[Right], Right | None]:
    """Take operations from the right to a resource; all of them where none is named."""

    def take(right: Right) -> Right | None:
        if right.resource != resource or not right.name.endswith(name):
            return None
        return replace(right, operations=operations) if operations else right

    return take


@pytest.mark.parametrize(
    ("lack", "missing"),
    [
        pytest.param(
            named("topic", name=".inquiries"), "Read on the topic {}inquiries:", id="input unseen"
        ),
        pytest.param(
            named("topic", "Read", name=".inquiries"),
            "Read on the topic {}inquiries:",
            id="input",
        ),
        pytest.param(
            named("topic", name="ed"),
            "Write on the topics {0}inquiries.classified, {0}inquiries.rejected:",
            id="outputs unseen",
        ),
        pytest.param(
            named("topic", "Write", name=".classified"),
            "Write on the topic {}inquiries.classified:",
            id="output",
        ),
        pytest.param(
            named("group"), "Read on the consumer group {}inquiry-triage.classifier:", id="group"
        ),
        pytest.param(
            named("transactional-id"),
            "Write on the transactional ids {0}inquiry-triage.classifier.{0}inquiries.…:",
            id="producer unseen",
        ),
        pytest.param(
            named("transactional-id", "Write"),
            "Write on the transactional ids {0}inquiry-triage.classifier.{0}inquiries.…:",
            id="producer",
        ),
    ],
)
async def test_a_missing_right_is_named_and_waited_for(
    secure: SecureKafka,
    pipeline: Pipeline,
    prefix: str,
    lack: Callable[[Right], Right | None],
    missing: str,
) -> None:
    """A service that lacks a right says which, once, and goes on when it is granted."""
    all_rights = rights_on(pipeline, "classifier")
    lacking = [right for right in map(lack, all_rights) if right]
    taken = {(right.name, operation) for right in lacking for operation in right.operations}
    await secure.grant(
        "classifier",
        [
            replace(
                right, operations=tuple(o for o in right.operations if (right.name, o) not in taken)
            )
            for right in all_rights
        ],
    )
    await pipeline.publish(islice(good(keys=20), 200))
    classifier = pipeline.service("classifier", **secure.by_password("classifier"))
    classifier.start()
    await until_refused(classifier)
    [reason] = refusals(classifier)
    assert missing.format(prefix) in reason
    assert classifier.get("/readyz") == (503, reason)
    assert classifier.get("/livez") == (200, "ok")
    await secure.grant("classifier", lacking)
    await until_answered(classifier, 200)
    first, *others = refusals(classifier)
    assert first == reason
    # Rights are granted one by one: between two of them what still lacks is said, once as well.
    assert len({first, *others}) == 1 + len(others) <= len(lacking)
    answered = await read_all(pipeline.servers, [pipeline.classified_topic])
    assert sorted(map(number_of, answered)) == [*range(200)]


@pytest.mark.parametrize(
    "lack",
    [
        pytest.param(named("topic", name=".inquiries"), id="input"),
        pytest.param(named("topic", name=".classified"), id="output"),
        pytest.param(named("group"), id="group"),
        pytest.param(named("transactional-id"), id="producer"),
    ],
)
async def test_a_right_that_is_taken_away_loses_nothing(
    secure: SecureKafka, pipeline: Pipeline, lack: Callable[[Right], Right | None]
) -> None:
    """A right taken from a service at work stops it; with the right again all goes through."""
    services = [pipeline.service(user, **secure.by_password(user)) for user in SERVICES]
    for user in SERVICES:
        await secure.grant(user, rights_on(pipeline, user))
    await pipeline.started(*services)
    lacking = [right for right in map(lack, rights_on(pipeline, "classifier")) if right]
    async with pipeline.traffic(good(keys=20)):
        await until_answered(services[0], 100)
        await secure.revoke("classifier", lacking)
        await until_refused(services[0])
        assert services[0].get("/readyz")[0] == 503
        assert services[0].get("/livez") == (200, "ok")
        await secure.grant("classifier", lacking)
    assert await pipeline.faults() == Faults()


def wrong_password(secure: SecureKafka, folder: Path) -> Settings:
    file = folder / "password"
    file.write_text("hunter2\n")
    return secure.by_password("router") | {"KAFKA_SASL_PASSWORD_FILE": str(file)}


def expired(secure: SecureKafka, folder: Path) -> Settings:
    return secure.by_certificate(secure.authority.issue("router", expired=True))


def strange(secure: SecureKafka, folder: Path) -> Settings:
    return secure.by_certificate(Authority(folder / "stranger").issue("router"))


def no_certificate(secure: SecureKafka, folder: Path) -> Settings:
    return secure.by_password("router") | {
        "KAFKA_BOOTSTRAP_SERVERS": secure.tls,
        "KAFKA_SECURITY_PROTOCOL": "SSL",
    }


def strange_broker(secure: SecureKafka, folder: Path) -> Settings:
    stranger = Authority(folder / "stranger").certificate
    return secure.by_password("router") | {"KAFKA_SSL_CAFILE": str(stranger)}


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        (wrong_password, "KAFKA_SASL_PASSWORD_FILE"),
        (expired, "KAFKA_SSL_CERTFILE"),
        (strange, "KAFKA_SSL_CERTFILE"),
        (no_certificate, "KAFKA_SSL_CERTFILE"),
        (strange_broker, "KAFKA_SSL_CAFILE"),
    ],
)
async def test_who_is_not_let_in_is_told_why(
    secure: SecureKafka,
    pipeline: Pipeline,
    tmp_path: Path,
    wrong: Callable[[SecureKafka, Path], Settings],
    setting: str,
) -> None:
    """A wrong password or certificate is one line that says what to look at, and no crash."""
    router = pipeline.service("router", **wrong(secure, tmp_path))
    router.start()
    await until_refused(router)
    [reason] = refusals(router)
    assert setting in reason
    assert router.get("/readyz") == (503, reason)
    assert router.get("/livez") == (200, "ok")
    assert "hunter2" not in router.log.read_text() + router.get("/metrics")[1]
