"""What `triage topics` tells of the topics that were there: what is wrong as it is."""

import asyncio

from aiokafka.errors import KafkaError

from services.kafka.clients import connect
from services.kafka.topic_checks import findings_about
from services.kafka.topic_states import ask_topics
from services.operate.doctor.uses import Asked, uses_of
from services.operate.installation import Installation, read_installation


async def doubts_of(installation: Installation) -> list[str]:
    """Return a sentence for each thing that is wrong with an installation's topics."""
    clients, uses = (
        connect(installation.kafka, "inquiry-triage-topics"),
        uses_of(installation, Asked(0, 0)),
    )
    admin = clients.admin()
    try:
        await admin.start()
        topics = await ask_topics(admin, uses.keys())
    except KafkaError as error:
        return [
            f"What the topics are set to could not be seen ({error}): see that none is compacted."
        ]
    finally:
        await admin.close()
    found = findings_about(topics, uses, clients.server_options)
    return [each.sentence for each in found if each.severity == "wrong"]


def configured_doubts() -> list[str]:
    """Return the same of the topics that the environment's settings name."""
    return asyncio.run(doubts_of(read_installation()))
