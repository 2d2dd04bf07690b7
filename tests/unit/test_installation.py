import httpx
import pytest
from faststream.asgi import AsgiFastStream

from services.classifier.app import create_app as create_classifier
from services.classifier.settings import ClassifierSettings
from services.clock import utc_now
from services.desk import wiring
from services.errors import ConfigurationError
from services.kafka.settings import KafkaSettings
from services.operate.installation import Installation, installation_of, read_installation
from services.operate.rights import Right, rights
from services.operate.topics import topics_of
from services.router.app import create_app as create_router
from services.router.settings import RouterSettings
from services.settings import read_settings
from services.settler.app import create_app as create_settler
from tests.asyncapi import Json

PREFIX = "staging."
LOOKS = {"Describe", "DescribeConfigs"}
PLAIN = installation_of(KafkaSettings(), ClassifierSettings(), RouterSettings())


@pytest.fixture
def staging(monkeypatch: pytest.MonkeyPatch) -> Installation:
    """What the environment of an installation with a prefix and audits is read as."""
    monkeypatch.setenv("KAFKA_TOPIC_PREFIX", PREFIX)
    monkeypatch.setenv("ROUTER_AUDIT_SHARE", "0.01")
    return read_installation()


async def contracts_of(installation: Installation) -> list[Json]:
    """Return the contracts that the services of an installation serve."""
    kafka = installation.kafka
    apps = [
        create_classifier(installation.classifier, kafka, utc_now),
        create_router(installation.router, kafka, utc_now),
        create_settler(installation.settler, kafka, utc_now),
    ]
    return [await contract_of(app) for app in apps]


async def contract_of(app: AsgiFastStream) -> Json:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        document: Json = (await client.get("/asyncapi.json")).json()
    return document


def test_without_a_prefix_names_are_as_they_are_set() -> None:
    """An installation that sets no prefix has the topics that its settings and table name."""
    assert PLAIN.received_topic == "inquiries"
    assert "departments.home-office" in PLAIN.department_topics
    assert {"inquiries.review", "inquiries.rejected"} < PLAIN.final_topics


def test_a_prefix_is_before_every_topic(staging: Installation) -> None:
    """Each topic that is created for an installation is that of another after its prefix."""
    assert topics_of(staging) == {
        PREFIX + topic: configuration for topic, configuration in topics_of(PLAIN).items()
    }


def test_a_prefix_is_in_every_right(staging: Installation) -> None:
    """Whoever is granted an installation's rights may do nothing to another on the cluster.

    The doctor looks at the cluster itself, and no more than looks.
    """
    granted, plain = rights(staging), rights(PLAIN)
    assert granted.keys() == plain.keys()
    for user, its_own in granted.items():
        others = [right for right in its_own if not right.name.startswith(PREFIX)]
        assert {operation for right in others for operation in right.operations} <= LOOKS
        assert [right.name.replace(PREFIX, "") for right in its_own] == [
            right.name for right in plain[user]
        ]


async def test_a_prefix_is_on_all_that_a_contract_names(staging: Installation) -> None:
    """Each service reads, writes and takes part in a group under the prefix, and nowhere else."""
    contracts = await contracts_of(staging)
    topics = set[str]()
    for contract, group in zip(contracts, ("classifier", "router", "settler"), strict=True):
        topics |= {channel["address"] for channel in contract["channels"].values()}
        groups = {
            operation["bindings"]["kafka"]["groupId"]["const"]
            for operation in contract["operations"].values()
            if operation["action"] == "receive"
        }
        assert groups == {f"{PREFIX}inquiry-triage.{group}"}
    desk = wiring.contract_of(staging.desk, staging.kafka)
    topics |= {channel["address"] for channel in desk["channels"].values()}
    assert topics == topics_of(staging).keys()


def test_the_settler_looks_copies_up_where_the_router_puts_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One setting says where copies for an audit are."""
    monkeypatch.setenv("ROUTER_AUDIT_TOPIC", "copies")
    installation = read_installation()
    assert installation.settler.audit_topic == installation.router.audit_topic == "copies"
    may_read = Right("topic", "copies", ("Read", "Describe", "DescribeConfigs"))
    assert may_read in rights(installation)["settler"]


def test_each_service_may_have_a_rejected_topic_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the rejected topics differ, both are created and both are an installation's."""
    monkeypatch.setenv("ROUTER_REJECTED_TOPIC", "router.rejected")
    installation = read_installation()
    assert installation.rejected_topics == {"inquiries.rejected", "router.rejected"}
    configured = topics_of(installation).items()
    larger = [topic for topic, changed in configured if "max.message.bytes" in changed]
    assert sorted(larger) == ["inquiries.rejected", "router.rejected"]


@pytest.mark.parametrize("prefix", ["two words", "a/b", "x" * 101])
def test_a_prefix_that_kafka_would_not_take_is_refused(
    prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prefix of which no topic's name can be made is named before anything is created."""
    monkeypatch.setenv("KAFKA_TOPIC_PREFIX", prefix)
    with pytest.raises(ConfigurationError, match="KAFKA_TOPIC_PREFIX"):
        read_settings(KafkaSettings)
