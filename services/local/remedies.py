"""What every command that works beside running services says of a Kafka that does not help it."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError

from services.errors import TriageError
from services.kafka.clients import KafkaClients
from services.kafka.errors import remedy_for, with_cause
from services.kafka.topics import check_as_many_partitions, check_topics_exist


@contextmanager
def with_remedy(clients: KafkaClients, what: str, writes: Collection[str]) -> Iterator[None]:
    """Say in a sentence what an error of Kafka's in the block means, and what helps.

    Args:
        clients: Whose.
        what: What was done, as the beginning of a sentence: "The load could not be sent".
        writes: The topics that were written.

    Raises:
        TriageError: There was one.
    """
    try:
        with with_cause():
            yield
    except KafkaError as error:
        raise TriageError(
            remedy_for(error, writes)
            or f"{what} through {clients.servers} ({type(error).__name__}): see that a broker runs "
            "there, and that the settings KAFKA_… are those it asks for."
        ) from None


async def check_topics(
    clients: KafkaClients, topics: Iterable[str], alike: Collection[str] = ()
) -> None:
    """See that topics exist, and that some of them have as many partitions as each other.

    Raises:
        ConfigurationError: They do not.
        KafkaError: The broker does not answer, or refuses.
    """
    admin = clients.admin()
    try:
        await admin.start()
        await check_topics_exist(admin, topics, clients.servers)
        if alike:
            await check_as_many_partitions(admin, alike, clients.servers)
    finally:
        await admin.close()
