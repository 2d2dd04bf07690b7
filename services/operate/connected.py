"""What a command needs that works with an installation's topics: who it is, and its clients."""

from services.app.logs import configure_logs
from services.kafka.clients import KafkaClients, connect
from services.operate.installation import Installation, read_installation


def connected(client: str) -> tuple[KafkaClients, Installation]:
    """Make the clients of a command, of what the environment sets up; nothing connects yet.

    Raises:
        ConfigurationError: A setting or the routing table is wrong.
    """
    configure_logs("CRITICAL", "console")  # what goes wrong is said once, in our own words
    installation = read_installation()
    return connect(installation.kafka, client), installation
