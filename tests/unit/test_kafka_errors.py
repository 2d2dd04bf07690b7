import logging
from ssl import SSLCertVerificationError, SSLEOFError, SSLError

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    BrokerResponseError,
    ClusterAuthorizationFailedError,
    CorruptRecordException,
    GroupAuthorizationFailedError,
    InconsistentGroupProtocolError,
    InvalidRequiredAcksError,
    InvalidSessionTimeoutError,
    InvalidTimestampError,
    InvalidTransactionTimeout,
    KafkaConnectionError,
    MessageSizeTooLargeError,
    NoError,
    OffsetOutOfRangeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedSaslMechanismError,
    for_code,
)
from structlog.testing import capture_logs

from services.app.logs import LeaveOutRepetitions
from services.engine.health import REFUSED_SECONDS, Health
from services.engine.reporting import report
from services.kafka.errors import remedy_for, with_cause
from services.kafka.protocols import MembershipError
from services.kafka.refusals import PASSING


def tls(reason: str) -> SSLError:
    error = SSLError(1, reason)
    error.reason = reason
    return error


def not_trusted() -> SSLError:
    error = SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "certificate has expired"
    return error


@pytest.mark.parametrize(
    ("error", "missing"),
    [
        (TopicAuthorizationFailedError("in"), "no Read on the topic in:"),
        (TopicAuthorizationFailedError({"b", "a"}), "no Write on the topics a, b:"),
        (TopicAuthorizationFailedError({"in", "a"}), "no Read on the topic in and no Write on"),
        (GroupAuthorizationFailedError("g"), "no Read on the consumer group g:"),
        (TransactionalIdAuthorizationFailed("g.in.3"), "no Write on the transactional ids g.in.…:"),
        (ClusterAuthorizationFailedError(), "IdempotentWrite"),
        (OffsetOutOfRangeError({TopicPartition("in", 3): 4}), "Partition 3 of in has no record 4"),
        (MessageSizeTooLargeError(), "KAFKA_MAX_MESSAGE_BYTES"),
        (CorruptRecordException(), "set the group's offset past it"),
        (InvalidSessionTimeoutError(), "KAFKA_SESSION_TIMEOUT_MS"),
        (InvalidTransactionTimeout(), "KAFKA_TRANSACTION_TIMEOUT_MS"),
        (for_code(87)(), "a record without a key for a compacted topic"),
        (InconsistentGroupProtocolError(), "CLASSIFIER_GROUP_ID"),
        (InvalidTimestampError(), "see its clock"),
        (InvalidRequiredAcksError(), "Kafka refuses for good"),
        (SaslAuthenticationFailed("invalid credentials"), "KAFKA_SASL_PASSWORD_FILE"),
        (UnsupportedSaslMechanismError("PLAIN"), "KAFKA_SASL_MECHANISM"),
        (not_trusted(), "(certificate has expired): see KAFKA_SSL_CAFILE"),
        (tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "KAFKA_SSL_CERTFILE"),
        (tls("WRONG_VERSION_NUMBER"), "KAFKA_SECURITY_PROTOCOL"),
    ],
)
def test_a_refusal_says_what_is_missing(error: Exception, missing: str) -> None:
    """What Kafka refuses is one sentence that names the right or the setting to look at."""
    reason = remedy_for(error, writes={"a", "b"}) or ""
    assert missing in reason
    assert "\n" not in reason
    assert reason.endswith(".")


def subclasses(kind: type[Exception]) -> list[type[Exception]]:
    return [each for child in kind.__subclasses__() for each in (child, *subclasses(child))]


@pytest.mark.parametrize("kind", subclasses(BrokerResponseError))
def test_whatever_is_refused_for_good_has_its_sentence(kind: type[BrokerResponseError]) -> None:
    """An answer that trying again does not mend is a sentence, and any other is none."""
    by_name = {GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed}
    by_name |= {TopicAuthorizationFailedError, OffsetOutOfRangeError, NoError}
    if kind not in by_name:
        passes = kind.retriable or kind in PASSING
        assert (remedy_for(kind()) is None) is passes


def test_the_cause_says_more_than_what_it_led_to() -> None:
    """A member that left its group because of a refusal gives the refusal's sentence."""
    left = MembershipError("the member left its group")
    left.__cause__ = InconsistentGroupProtocolError()
    assert "a group of its own" in (remedy_for(left) or "")


@pytest.mark.parametrize(
    "error", [KafkaConnectionError("away"), ConnectionRefusedError(), SSLEOFError(8, "gone")]
)
def test_a_broker_that_is_away_refuses_nothing(error: Exception) -> None:
    """A broker that goes away, in the middle of a handshake too, has not refused anything."""
    assert remedy_for(error) is None


async def connect() -> None:
    refused = SaslAuthenticationFailed("invalid credentials")
    logging.getLogger("aiokafka").error('Unable connect to "%s:%s": %s', "b", 9093, refused)
    raise KafkaConnectionError("Unable to bootstrap from b:9093")


async def test_the_cause_is_taken_from_the_log() -> None:
    """An error gets the cause that aiokafka tells its log alone."""
    with pytest.raises(KafkaConnectionError) as caught, with_cause():
        await connect()
    assert "KAFKA_SASL_PASSWORD" in (remedy_for(caught.value) or "")


def test_a_refusal_is_said_once_while_it_lasts() -> None:
    """A refusal is one line and makes the service not ready, until it has not come for a while."""
    now = [0.0]
    health = Health(clock=lambda: now[0], broker_reachable=True, assigned=True)
    with capture_logs() as logs:
        for _ in range(5):
            report("engine.worker_failed", GroupAuthorizationFailedError("g"), health)
            now[0] += REFUSED_SECONDS / 2
        report("engine.worker_failed", KafkaConnectionError("away"), health)
    assert [line["event"] for line in logs] == ["engine.refused", "engine.worker_failed"]
    assert health.why_not_ready() == logs[0]["reason"]
    assert health.why_not_live() is None
    now[0] += REFUSED_SECONDS
    assert health.why_not_ready() is None


def test_the_library_does_not_say_it_too() -> None:
    """A line of the library about a refusal is left out, as ours says it; others are not."""
    gate = LeaveOutRepetitions(clock=lambda: 0)

    def passes(error: Exception) -> bool:
        values = ("b", error)
        return gate.filter(logging.LogRecord("aiokafka", 40, "", 0, "%s: %s", values, None))

    assert not passes(SaslAuthenticationFailed("invalid credentials"))
    assert passes(KafkaConnectionError("away"))
