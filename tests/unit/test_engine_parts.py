from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from services.classifier.settings import ClassifierSettings
from services.engine.batching import pack, too_large
from services.engine.health import STUCK_SECONDS, Health
from services.errors import ConfigurationError
from services.kafka.clients import connect
from services.kafka.errors import describe
from services.kafka.partitioner import partition_of
from services.kafka.settings import KafkaSettings
from services.messages.record import Output
from services.settings import read_settings
from tests.engine.memory import MemoryBatch


@pytest.mark.parametrize(
    ("key", "count", "partition"),
    # toPositive(murmur2(key)) % count of org.apache.kafka.common.utils.Utils (kafka-clients 4.1.2).
    [(b"a", 6, 4), (b"case-88213", 6, 3), (b"", 6, 3), ("ŵyr".encode(), 6, 2), (b"\x00\xff", 6, 1)],
)
def test_keys_go_where_java_sends_them(key: bytes, count: int, partition: int) -> None:
    """A key goes to the partition that a Java producer would choose for it."""
    assert partition_of(key, count) == partition


def test_records_without_a_key_keep_their_order() -> None:
    """Records without a key of one input partition go to one output partition, in order."""
    outputs = [Output("out", None, b"%d" % number, []) for number in range(5)]
    [packed] = pack(outputs, {"out": 4}, keyless=6, create=lambda: MemoryBatch(limit=1_000))
    assert packed[:2] == ("out", 2)
    assert [value for _, value, _ in packed.batch.records] == [each.value for each in outputs]


def test_an_output_may_name_its_partition() -> None:
    """A record that belongs beside another goes there, whatever its key."""
    outputs = [Output("out", b"a", b"", [], partition=number) for number in (3, 1)]
    packed = pack(outputs, {"out": 6}, keyless=0, create=lambda: MemoryBatch(limit=1_000))
    assert [each.partition for each in packed] == [3, 1]


@given(st.binary(max_size=100), st.integers(1, 2**31 - 1))
def test_a_partition_is_the_client_library_s(key: bytes, count: int) -> None:
    """The partition of a key is that of the client library, which is Java's, of however many."""
    assert partition_of(key, count) == (murmur2(key) & 0x7FFFFFFF) % count


@given(st.lists(st.integers(0, 1_500), max_size=12))
def test_batches_hold_everything_once_in_order_and_no_more_than_fits(sizes: list[int]) -> None:
    """Outputs fill batches in order, and only one that no batch takes is over the limit, alone."""
    outputs = [Output("out", b"k", b"x" * size, []) for size in sizes]
    packed = pack(outputs, {"out": 4}, 0, lambda: BatchBuilder(1_000, 0, is_transactional=1))
    counts = [each.batch.record_count() for each in packed]
    assert [each.first for each in packed] == [sum(counts[:n]) for n in range(len(counts))]
    assert sum(counts) == len(outputs)
    over = too_large(packed, 1_000)
    assert all(each.batch.record_count() == 1 for each in over)
    assert all(each in over or each.batch.size() <= 1_000 for each in packed)


def test_a_wrong_setting_is_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be read is named as it is written in the environment."""
    monkeypatch.setenv("CLASSIFIER_HTTP_PORT", "eighty")
    monkeypatch.setenv("CLASSIFIER_LOG_FORMAT", "xml")
    with pytest.raises(ConfigurationError, match="CLASSIFIER_HTTP_PORT") as caught:
        read_settings(ClassifierSettings)
    assert "CLASSIFIER_LOG_FORMAT" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_password_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the settings nor the clients made from them show a password when printed."""
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT")
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "router")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "hunter2")
    settings = read_settings(KafkaSettings)
    assert "hunter2" not in f"{settings!r} {settings} {connect(settings, 'x')!r}"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (KafkaSettings(security_protocol="SASL_SSL"), "KAFKA_SASL_USERNAME"),
        (
            KafkaSettings(security_protocol="SSL", ssl_cafile=Path("/none/ca.pem")),
            "KAFKA_SSL_CAFILE",
        ),
    ],
)
def test_a_connection_that_cannot_work_is_refused(settings: KafkaSettings, sentence: str) -> None:
    """Missing passwords and certificates are named at the start."""
    with pytest.raises(ConfigurationError, match=sentence):
        connect(settings, "x")


def test_health_follows_broker_assignment_and_progress() -> None:
    """Ready needs broker and assignment; alive needs progress, unless the broker is away."""
    now = [1000.0]
    health = Health(clock=lambda: now[0])
    assert health.why_not_ready() == "the Kafka broker cannot be reached"
    health.broker_reachable = True
    assert "not assigned" in (health.why_not_ready() or "")
    first, second = (TopicPartition("in", number) for number in range(2))
    health.assigned_to([first, second])
    assert health.why_not_ready() is None
    now[0] += STUCK_SECONDS + 1
    health.beat(first)
    assert "partition 1 of in has not been read" in (health.why_not_live() or "")
    health.broker_reachable = False
    assert health.why_not_live() is None
    health.broker_reachable = True
    health.beat(second)
    assert health.why_not_live() is None
    health.assigned_to([])
    health.beat(first)  # its loop is just ending
    now[0] += STUCK_SECONDS + 1
    assert health.why_not_live() is None


def test_an_unknown_error_is_described_by_type_and_location() -> None:
    """An error that is not Kafka's own could quote a citizen, so its text is not repeated."""
    try:
        dict[str, str]()["my neighbour Blodwen"]
    except KeyError as error:
        described = describe(error)
    assert "Blodwen" not in described
    assert "KeyError" in described
    assert "test_engine_parts.py" in described
    assert "RequestTimedOut" in describe(KafkaTimeoutError()) or describe(KafkaTimeoutError())
