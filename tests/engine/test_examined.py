"""What a service says at its start of topics that are set wrong."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aiokafka.errors import KafkaError
from structlog.testing import capture_logs

from services.kafka.topic_checks import WEEK_MS, Use
from tests.engine.memory import Cluster
from tests.engine.test_engine import JOB, running, until

USES = {"in": Use(kept_ms=WEEK_MS), "out": Use(takes_bytes=1_000)}
JOB_OF_USES = replace(JOB, uses=USES)
RIGHT = {"cleanup.policy": "delete", "retention.ms": str(WEEK_MS), "max.message.bytes": "1000"}


async def said(cluster: Cluster) -> Sequence[Any]:
    """Run a member until it has answered a record, and return what it said of topics."""
    cluster.publish("in", 0, b"a")
    with capture_logs() as logs:
        async with running(cluster, JOB_OF_USES):
            await until(lambda: cluster.read("out") and "describe_configs" in cluster.calls)
            await until(lambda: cluster.calls[-1] != "describe_configs")
    assert cluster.calls.count("describe_configs") == 1
    return [each for each in logs if "topics" in each["event"]]


def a_cluster(**out: str) -> Cluster:
    other = {name.replace("_", "."): value for name, value in out.items()}
    return Cluster({"in": 2, "out": 3, "dead": 1}, settings={"in": RIGHT, "out": RIGHT | other})


async def test_nothing_is_said_of_topics_that_are_right() -> None:
    """One request more at the start, and no word where all is as promised."""
    assert await said(a_cluster()) == []


async def test_a_topic_that_is_compacted_is_a_warning_at_the_start() -> None:
    """The service says what is wrong, what that breaks and what mends it, and works on."""
    [warning] = await said(a_cluster(cleanup_policy="compact"))
    assert (warning["event"], warning["log_level"]) == ("engine.topics_wrong", "warning")
    assert warning["check"] == "compacted"
    assert warning["reason"].startswith("On out cleanup.policy is compact: ")
    assert warning["reason"].endswith(
        "`kafka-configs.sh --bootstrap-server memory:9092 --alter --entity-type topics "
        "--entity-name out --add-config cleanup.policy=delete`."
    )


async def test_what_is_only_risky_is_left_to_the_doctor() -> None:
    """A start warns of what is wrong as it is, and of nothing that may be meant."""
    assert await said(a_cluster(retention_ms="-1")) == []


async def test_a_service_that_may_not_ask_works_all_the_same() -> None:
    """Without the right to see what topics are set to, that is said, and nothing stops."""
    cluster = a_cluster()
    cluster.settings.pop("out")
    [told] = await said(cluster)
    assert (told["event"], told["log_level"]) == ("engine.topics_unseen", "info")
    assert told["topics"] == ["out"]


async def test_a_service_whose_question_fails_works_all_the_same() -> None:
    """Whatever the broker answers, a start does not depend on it."""
    for error in (KafkaError("no"), ValueError("Zebedee has no home")):
        cluster = a_cluster()
        cluster.fail("describe_configs", error)
        [told] = await said(cluster)
        assert told["event"] == "engine.topics_unseen"
        assert "Zebedee" not in str(told)


async def test_topics_are_asked_about_until_there_is_an_answer() -> None:
    """A broker too busy to say what topics are set to is asked again, and its warning comes."""
    cluster = a_cluster(cleanup_policy="compact")
    cluster.fail("describe_configs", TimeoutError())
    with capture_logs() as logs:
        async with running(cluster, JOB_OF_USES):
            await until(lambda: any(each["event"] == "engine.topics_wrong" for each in logs))
    assert cluster.calls.count("describe_configs") == 2
    assert "engine.topics_unseen" not in {each["event"] for each in logs}
