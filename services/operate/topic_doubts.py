"""What of the topics' own configuration would lose inquiries, or stop a service."""

import asyncio
from collections.abc import Collection, Iterator, Mapping

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from services.kafka.clients import connect
from services.kafka.protocols import Admin
from services.operate.installation import Installation, read_installation
from services.operate.topics import CLEANUP, LOG_TIME, RETENTION, TIME, topics_of

WEEK_MS = 7 * 86_400_000
HOUR_MS = 3_600_000

Configuration = Mapping[str, str | None]


def doubts_about(
    configurations: Mapping[str, Configuration],
    kept: Collection[str],
    compacted: Collection[str] = (),
    by_log_time: Collection[str] = (),
) -> Iterator[str]:
    """Yield a sentence for each setting of a topic that would lose inquiries or stop a service.

    Args:
        configurations: What each topic is set to.
        kept: The topics on which records wait to be read.
        compacted: Those that keep of each key the last, and that for ever.
        by_log_time: Those whose times have to be the broker's.
    """
    for topic, configuration in sorted(configurations.items()):
        policies = (configuration.get(CLEANUP) or "").split(",")
        if topic in compacted:
            if policies != ["compact"]:
                yield (
                    f"{topic} is not kept for ever, and who forgets what is settled does it twice: "
                    f"set its {CLEANUP} to compact."
                )
        elif "compact" in policies:
            yield (
                f"{topic} is compacted: Kafka takes no record without a key there, and of each key "
                f"keeps the last alone; set its {CLEANUP} to delete."
            )
        if topic in by_log_time and configuration.get(TIME) != LOG_TIME:
            yield (
                f"{topic} has the times of those who write, by which a claim lapses early or late: "
                f"set its {TIME} to {LOG_TIME}."
            )
        milliseconds = int(configuration.get(RETENTION) or -1)
        if topic in kept and "delete" in policies and 0 <= milliseconds < WEEK_MS:
            yield (
                f"{topic} is kept for {milliseconds / HOUR_MS:,.4g} hours, and what has waited "
                f"longer is gone: set its {RETENTION} to {WEEK_MS} (a week) or more."
            )


async def configurations_of(admin: Admin, topics: Collection[str]) -> dict[str, Configuration]:
    """Ask what topics are set to, as far as this user may know.

    Raises:
        KafkaError: The broker does not say so of a topic.
    """
    asked = dict.fromkeys((CLEANUP, RETENTION, TIME))
    resources = [ConfigResource(ConfigResourceType.TOPIC, topic, asked) for topic in topics]
    found: dict[str, Configuration] = {}
    for answer in await admin.describe_configs(resources):
        for code, _, _, topic, entries in answer.resources:
            if code:
                raise for_code(code)
            found[topic] = {name: value for name, value, *_ in entries}
    return found


async def doubts_of(installation: Installation) -> list[str]:
    """Return what is doubtful in how an installation's topics are configured."""
    admin = connect(installation.kafka, "inquiry-triage-topics").admin()
    try:
        await admin.start()
        found = await configurations_of(admin, topics_of(installation).keys())
    except KafkaError as error:
        return [
            f"What the topics are set to could not be seen ({error}): see that none is compacted."
        ]
    finally:
        await admin.close()
    settler = installation.settler
    read = {installation.classifier.input_topic, installation.router.input_topic}
    read |= {*settler.input_topics, installation.table.review_topic}
    kept = read | installation.rejected_topics
    claims = {installation.desk.claims_topic}
    return list(doubts_about(found, kept, {settler.settled_topic}, claims))


def configured_doubts() -> list[str]:
    """Return what is doubtful in the topics that the environment's settings name."""
    return asyncio.run(doubts_of(read_installation()))
