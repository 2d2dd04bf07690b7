from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka.errors import InvalidTopicError

from services.classifier.settings import ClassifierSettings
from services.errors import ConfigurationError
from services.kafka.settings import KafkaSettings
from services.kafka.topics import check_topics_exist
from services.model.manifest import read_manifest
from services.operate.dead_letters.commands import check_location
from services.operate.dead_letters.reading import Filter, parse_location
from services.resources import shipped
from services.router.limits import limits_by_version
from services.router.settings import ROUTES, RouterSettings
from services.router.table import load_table
from services.settings import RENAMED, read_settings


@dataclass
class AdminThatSays:
    code: int

    async def describe_topics(self, topics: list[str]) -> list[Any]:
        return [{"topic": topic, "error_code": self.code} for topic in topics]


async def test_a_name_that_kafka_does_not_take_is_refused_at_the_start() -> None:
    """A topic whose name is too long or has a blank ends the start with a sentence."""
    admin: Any = AdminThatSays(InvalidTopicError.errno)
    with pytest.raises(
        ConfigurationError, match=r"Kafka takes no topics of these names: bad topic"
    ):
        await check_topics_exist(admin, ["bad topic"], "kafka:9092")


def test_a_letter_without_its_topic_is_refused_where_there_are_two() -> None:
    """Where both services have a rejected topic of their own, a letter is named with it."""
    wanted = Filter(location=parse_location("0/7"))
    check_location(wanted, {"a.rejected"})
    check_location(Filter(location=parse_location("a.rejected/0/7")), {"a.rejected", "b.rejected"})
    with pytest.raises(ConfigurationError, match=r"such as a\.rejected/0/7"):
        check_location(wanted, {"a.rejected", "b.rejected"})


def test_one_version_with_two_promises_is_refused() -> None:
    """Two manifests of the same model and version that promise otherwise are not both right."""
    table, manifest = load_table(ROUTES), read_manifest(shipped("models", "uk-departments"))
    thresholds = type(manifest.thresholds)(
        precision=0.5, overall=None, departments={}, in_remit=0.1, flags={}
    )
    other = type(manifest)(
        **{
            name: getattr(manifest, name)
            for name in manifest.__struct_fields__
            if name != "thresholds"
        },
        thresholds=thresholds,
    )
    assert len(limits_by_version(table, [manifest, manifest])) == 1
    with pytest.raises(ConfigurationError, match="twice with different thresholds"):
        limits_by_version(table, [manifest, other])


@pytest.mark.parametrize("old", RENAMED)
def test_a_setting_s_old_name_is_refused_with_its_new_one(
    old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is set by an earlier version's name ends the start, and never counts for nothing."""
    monkeypatch.setenv(old, "1")
    kind, other = RouterSettings, ClassifierSettings
    if old.startswith("CLASSIFIER"):
        kind, other = other, kind  # type: ignore[assignment]
    with pytest.raises(ConfigurationError, match=rf"{old} is {RENAMED[old]} now\.$"):
        read_settings(kind)
    read_settings(other)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_SESSION_TIMEOUT_MS", "2147483648"),
        ("KAFKA_TRANSACTION_TIMEOUT_MS", "99999999999"),
        ("KAFKA_MAX_MESSAGE_BYTES", "99999999999"),
        ("CLASSIFIER_FETCH_BYTES", "2147483648"),
        ("ROUTER_FETCH_BYTES", "2147483648"),
        ("ROUTER_LINGER_MS", "99999999999999999999"),
        ("CLASSIFIER_THREADS", "99999999999999999999"),
    ],
)
def test_a_setting_out_of_range_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that Kafka's protocol or the machine does not take ends the start by its name."""
    monkeypatch.setenv(name, value)
    kinds: dict[str, Any] = {
        "KAFKA": KafkaSettings,
        "CLASSIFIER": ClassifierSettings,
        "ROUTER": RouterSettings,
    }
    with pytest.raises(ConfigurationError, match=f"{name} .*less than or equal to"):
        read_settings(kinds[name.partition("_")[0]])


def test_a_new_name_is_that_of_a_setting() -> None:
    """Whoever follows the sentence sets something that there is, and no old name is in use."""
    names = {
        f"{kind.model_config['env_prefix']}{name}".upper()
        for kind in (RouterSettings, ClassifierSettings)
        for name in kind.model_fields
    }
    assert {*RENAMED.values()} <= names
    assert names.isdisjoint(RENAMED)


@pytest.mark.parametrize("folders", ["", ",", "a,", " , b"])
def test_router_models_without_a_folder_is_refused(
    folders: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty part between the commas is a slip, and is said by the setting's name."""
    monkeypatch.setenv("ROUTER_MODELS", folders)
    with pytest.raises(ConfigurationError, match="ROUTER_MODELS"):
        read_settings(RouterSettings)


def test_blanks_around_a_model_s_folder_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """`a, b` names two folders."""
    monkeypatch.setenv("ROUTER_MODELS", "a, b")
    assert [str(folder) for folder in read_settings(RouterSettings).models] == ["a", "b"]
