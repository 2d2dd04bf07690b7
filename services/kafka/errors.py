"""What an error of Kafka's means, and what helps, in one sentence."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from ssl import SSLCertVerificationError, SSLEOFError, SSLError, SSLZeroReturnError
from typing import cast

from aiokafka import TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IllegalSaslStateError,
    KafkaError,
    OffsetOutOfRangeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnsupportedSaslMechanismError,
)

from services.errors import ConfigurationError, location_of
from services.kafka.refusals import PASSING, REFUSALS

Offsets = dict[TopicPartition, int]


def remedy_for(error: BaseException | None, writes: Collection[str] = ()) -> str | None:
    """Say what is missing and what to do, or None where an error is no refusal.

    Args:
        error: What a client raised, whose causes are looked at too; or the sentence itself.
        writes: The topics that the service writes: on the others it lacks Read.
    """
    if isinstance(error, ConfigurationError):
        return str(error)
    while error is not None:
        if reason := _of_kafka(error, writes) or _certificate_of(error):
            return reason
        error = error.__cause__
    return None


def describe(error: BaseException) -> str:
    """Say what happened; an error that is not Kafka's own could quote a citizen."""
    return str(error) if isinstance(error, KafkaError) else location_of(error)


@contextmanager
def with_cause() -> Iterator[None]:
    """Return an error its cause, where aiokafka tells only its own log why it could not connect.

    A wrong password, for instance, is raised as "Unable to bootstrap".
    """
    heard = _Errors()
    logger = logging.getLogger("aiokafka")
    logger.addHandler(heard)
    try:
        yield
    except KafkaError as error:
        raise error from error.__cause__ or heard.last
    finally:
        logger.removeHandler(heard)


class _Errors(logging.Handler):
    """Keeps the last error that a line of the log speaks of."""

    last: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        for error in _errors_in(record):
            self.last = error


def tells_of_refusal(record: logging.LogRecord) -> bool:
    """Tell whether a line of a library's log is about a refusal, which we say ourselves."""
    # Some lines of aiokafka have the error's type alone, or none of what it raises as well.
    if TopicAuthorizationFailedError in _about(record) or "Not authorized to read" in record.msg:
        return True
    return any(map(remedy_for, _errors_in(record)))


def _errors_in(record: logging.LogRecord) -> list[BaseException]:
    return [each for each in _about(record) if isinstance(each, BaseException)]


def _about(record: logging.LogRecord) -> list[object]:
    return [*(record.args or ()), *(record.exc_info or ())]


def _of_kafka(error: BaseException, writes: Collection[str]) -> str | None:
    return _right_of(error, writes) or _login_of(error) or _offset_of(error) or _refusal_of(error)


def _offset_of(error: BaseException) -> str | None:
    match error:
        case OffsetOutOfRangeError(args=(offsets,)):
            [((topic, number), offset)] = cast("Offsets", offsets).items()
            return (
                f"Partition {number} of {topic} has no record {offset} any more, where the "
                "group has to go on: see what was deleted, and set the group's offset with "
                "Kafka's own kafka-consumer-groups.sh --reset-offsets."
            )
    return None


def _refusal_of(error: BaseException) -> str | None:
    """Say what is refused for good: what is tried again would be refused again."""
    if reason := REFUSALS.get(type(error)):
        return reason
    if not isinstance(error, KafkaError) or error.retriable or type(error) in PASSING:
        return None
    about = getattr(error, "description", "").rstrip(".")
    name = type(error).__name__
    return (
        f"Kafka refuses for good what the service asks ({f'{name}: {about}' if about else name}): "
        "see the broker's log, and the settings KAFKA_…."
    )


def _right_of(error: BaseException, writes: Collection[str]) -> str | None:
    match error:
        case KafkaError(args=()):
            return None  # it does not say what; the next attempt will
        case TopicAuthorizationFailedError():
            return (
                f"Kafka grants this user no {_rights(_names(error), writes)}: grant it, or "
                "create what does not exist with `triage topics`."
            )
        case GroupAuthorizationFailedError():
            return (
                f"Kafka grants this user no Read on the consumer group {_named(error)}: grant "
                "that right."
            )
        case TransactionalIdAuthorizationFailed():
            prefix = _named(error).rpartition(".")[0]
            return (
                f"Kafka grants this user no Write on the transactional ids {prefix}.…: grant that "
                "right, for ids that begin so."
            )
    return None


def _login_of(error: BaseException) -> str | None:
    match error:
        case SaslAuthenticationFailed():
            return (
                f"Kafka does not let this user in ({_named(error)}): see KAFKA_SASL_USERNAME and "
                "KAFKA_SASL_PASSWORD or KAFKA_SASL_PASSWORD_FILE."
            )
        case UnsupportedSaslMechanismError() | IllegalSaslStateError():
            return (
                "Kafka does not let a user in that way: see KAFKA_SASL_MECHANISM and "
                "KAFKA_SECURITY_PROTOCOL, and that the port is the one for them."
            )
    return None


def _certificate_of(error: BaseException) -> str | None:
    why = getattr(error, "reason", None) or type(error).__name__
    match error:
        case SSLCertVerificationError():
            return (
                f"The broker's certificate is not trusted ({error.verify_message}): see "
                "KAFKA_SSL_CAFILE, and the broker's certificate and name."
            )
        case SSLEOFError() | SSLZeroReturnError():
            return None  # the broker just went away
        case SSLError() if "ALERT" in why:
            return (
                f"Kafka does not accept this client's certificate ({why}): see that "
                "KAFKA_SSL_CERTFILE has not expired, and that the broker trusts who issued it."
            )
        case SSLError():
            return (
                f"There is no TLS connection to Kafka ({why}): see KAFKA_SECURITY_PROTOCOL, and "
                "that the port is the one for it."
            )
    return None


def _rights(topics: Collection[str], writes: Collection[str]) -> str:
    needed = {
        "Read": sorted(set(topics) - set(writes)),
        "Write": sorted(set(topics) & set(writes)),
    }
    return " and no ".join(
        f"{right} on the topic{'s' * (len(names) > 1)} {', '.join(names)}"
        for right, names in needed.items()
        if names
    )


def _names(error: BaseException) -> Collection[str]:
    """Return the topics of an error: aiokafka puts one into it, or a set of them."""
    [names] = error.args
    return [names] if isinstance(names, str) else names


def _named(error: BaseException) -> str:
    return str(error.args[0]).strip(".") if error.args else type(error).__name__
