"""To how little the cluster holds our users: who is held to less waits, and others for them."""

from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any, NamedTuple

from aiokafka.protocol.admin import DescribeClientQuotasRequest

from services.kafka.protocols import Inspector

DESCRIBE_QUOTAS = 48  # the number of the request in Kafka's protocol; since 2.6
# What limits bytes, and so how long a batch takes; the others are shares.
RATES = ("producer_byte_rate", "consumer_byte_rate")
KINDS = {"user": "users", "client-id": "clients", "ip": "ips"}


class Quota(NamedTuple):
    """To what the cluster holds whoever is all of these; a name that is None is everybody's."""

    holds: Mapping[str, str | None]
    rate: str
    bytes_a_second: float

    def is_for(self, user: str, client: str) -> bool:
        """Tell whether a user's client may be held to it, unless another quota counts."""
        own = {"user": user, "client-id": client}
        return all(kind in own and name in {None, own[kind]} for kind, name in self.holds.items())

    def __str__(self) -> str:
        """Say who is held to what."""
        whom = " and ".join(f"{kind} {name or '(each)'}" for kind, name in self.holds.items())
        return f"{whom} is held to a {self.rate} of {self.bytes_a_second:.0f}"

    def command(self) -> str:
        """Return the command that takes it away."""
        entities = " ".join(
            f"--entity-type {KINDS[kind]} "
            + (f"--entity-name {quote(name)}" if name else "--entity-default")
            for kind, name in self.holds.items()
        )
        return (
            f"kafka-configs.sh --bootstrap-server {{servers}} --alter {entities} "
            f"--delete-config {self.rate}"
        )


async def ask_quotas(
    admin: Inspector, versions: Mapping[int, Mapping[int, int]]
) -> tuple[Quota, ...]:
    """Ask for all quotas; none are told to who may not know what brokers are set to.

    Args:
        admin: A connected client.
        versions: Of each broker, of each request the newest version that it speaks.

    Raises:
        KafkaError: The broker does not answer.
    """
    for number, able in versions.items():
        if DESCRIBE_QUOTAS in able:
            everything = DescribeClientQuotasRequest([], strict=False)
            return tuple(_quotas(await admin.ask(everything, number)))
    return ()


def _quotas(answer: Any) -> Iterator[Quota]:  # noqa: ANN401 - a raw response
    for entity, values in answer.entries or ():
        for rate, value in values:
            if rate in RATES:
                yield Quota(dict(entity), rate, value)
