"""Creates the topics that the services read and write."""

import asyncio
from collections.abc import Mapping

from aiokafka.admin import NewTopic
from aiokafka.errors import (
    InvalidTopicError,
    KafkaConnectionError,
    KafkaError,
    NoError,
    TopicAlreadyExistsError,
    for_code,
)

from services.errors import TriageError
from services.kafka.clients import connect
from services.kafka.errors import remedy_for, with_cause
from services.kafka.settings import KafkaSettings
from services.kafka.topic_checks import (
    CLEANUP,
    COPIES,
    IN_SYNC,
    LOG_TIME,
    MESSAGE_BYTES,
    RETENTION,
    TIME,
)
from services.operate.installation import Installation, read_installation

# A dead letter holds the whole record that was rejected and the reason beside it, so its topic
# has to take more than the others: twice Kafka's own default of 1 MiB.
REJECTED_BYTES = 2 * 1024 * 1024
# What is decided at the desk and not published yet outlasts a weekend on which all of it is down.
CLAIMS_MS = 4 * 86_400_000


def topics_of(installation: Installation) -> dict[str, dict[str, str]]:
    """Return every topic of an installation, with the configuration that is not Kafka's default."""
    classifier, router, settler = installation.classifier, installation.router, installation.settler
    plain = {classifier.input_topic, classifier.output_topic, router.input_topic}
    plain |= {router.audit_topic, *settler.input_topics, settler.not_ours_topic}
    plain |= installation.table.topics
    return {
        **{topic: {} for topic in sorted(plain)},
        settler.settled_topic: {CLEANUP: "compact"},
        installation.desk.claims_topic: {TIME: LOG_TIME, RETENTION: str(CLAIMS_MS)},
        **{
            topic: {MESSAGE_BYTES: str(REJECTED_BYTES)}
            for topic in sorted(installation.rejected_topics)
        },
    }


def copied(settings: Mapping[str, str], copies: int) -> dict[str, str]:
    """Return a topic's configuration for so many copies: of three, two have what is written."""
    return {**settings, IN_SYNC: "2"} if copies >= COPIES else dict(settings)


async def create_topics(
    kafka: KafkaSettings,
    topics: Mapping[str, Mapping[str, str]],
    *,
    partitions: int,
    replication_factor: int,
) -> list[str]:
    """Create those of the topics that do not exist yet.

    Returns:
        The names of the topics that were created.

    Raises:
        TriageError: The broker cannot be reached, or refused to create a topic.
    """
    admin = connect(kafka, "inquiry-triage-topics").admin()
    try:
        with with_cause():
            await admin.start()
        existing = set(await admin.list_topics())
        missing = [name for name in topics if name not in existing]
        new = [
            NewTopic(
                name,
                partitions,
                replication_factor,
                topic_configs=copied(topics[name], replication_factor),
            )
            for name in missing
        ]
        response = await admin.create_topics(new) if new else None
    except KafkaConnectionError as error:
        raise TriageError(
            remedy_for(error)
            or f"No Kafka answers on {kafka.bootstrap_servers}: see that a broker runs there, and "
            "that the settings KAFKA_… are those that it asks for."
        ) from None
    except KafkaError as error:
        raise TriageError(
            f"The topics could not be created on {kafka.bootstrap_servers} ({error}): see that "
            "this user may create topics."
        ) from None
    finally:
        await admin.close()
    for name, code, message in response.topic_errors if response else ():
        _check_created(name, code, message)
    return missing


def _check_created(name: str, code: int, message: str | None) -> None:
    if code in {NoError.errno, TopicAlreadyExistsError.errno}:  # somebody else was quicker
        return
    reason = (message or for_code(code).description).rstrip(".")
    raise TriageError(
        f"The broker refused to create the topic {name} ({reason}): "
        + (
            "choose another name or KAFKA_TOPIC_PREFIX; names that differ in `.` and `_` alone "
            "collide."
            if code == InvalidTopicError.errno
            else "choose other --partitions or --replication-factor, or see that this user may "
            "create topics."
        )
    )


def create_configured_topics(partitions: int, replication_factor: int) -> list[str]:
    """Create what is missing of the topics that the environment's settings name."""
    installation = read_installation()
    return asyncio.run(
        create_topics(
            installation.kafka,
            topics_of(installation),
            partitions=partitions,
            replication_factor=replication_factor,
        )
    )
