"""An embedded Kafka that asks who one is and what one may do."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.ports import free_ports
from services.operate.rights import Right
from tests.broker.authority import Authority, Issued

USERS = (
    *("classifier", "router", "settler", "desk", "operator", "learner", "doctor"),
    *("case-system", "home-office"),
)

# Their numbers in Kafka's protocol: ResourceType, PatternType, AclOperation, AclPermissionType.
RESOURCES = {"topic": 2, "group": 3, "cluster": 4, "transactional-id": 5}
LITERAL, PREFIXED = 3, 4
OPERATIONS = {"All": 2, "Read": 3, "Write": 4, "Describe": 8, "DescribeConfigs": 10}
DENY, ALLOW = 2, 3


@dataclass(frozen=True)
class SecureKafka:
    """Where it listens: for the tests, which may do everything, and for users, in two ways."""

    servers: str
    sasl: str
    tls: str
    folder: Path
    authority: Authority

    def password(self, user: str) -> Path:
        """Return the file that has a user's password."""
        return self.folder / f"{user}.password"

    def by_password(self, user: str) -> dict[str, str]:
        """Return the settings of a user that shows a password, over TLS."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.sasl,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_USERNAME": user,
            "KAFKA_SASL_PASSWORD_FILE": str(self.password(user)),
            "KAFKA_SSL_CAFILE": str(self.authority.certificate),
        }

    def by_certificate(self, issued: Issued) -> dict[str, str]:
        """Return the settings of a user that shows a certificate."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.tls,
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_SSL_CAFILE": str(self.authority.certificate),
            "KAFKA_SSL_CERTFILE": str(issued.certificate),
            "KAFKA_SSL_KEYFILE": str(issued.key),
        }

    async def grant(self, user: str, rights: Iterable[Right], permission: int = ALLOW) -> None:
        """Grant a user rights, or deny them."""
        for response in await self._ask(CreateAclsRequest, user, rights, permission):
            assert [code for code, _ in response.creation_responses] == [0]

    async def revoke(self, user: str, rights: Iterable[Right], permission: int = ALLOW) -> None:
        """Take back what was granted before, or denied."""
        for response in await self._ask(DeleteAclsRequest, user, rights, permission):
            [(code, _, revoked)] = response.filter_responses
            assert (code, len(revoked)) == (0, 1)

    async def _ask(
        self, request: type[Any], user: str, rights: Iterable[Right], permission: int
    ) -> list[Any]:
        client = AIOKafkaClient(bootstrap_servers=self.servers)
        await client.bootstrap()
        try:
            return [
                await client.send(client.get_random_node(), request(*entry))
                for right in rights
                for entry in _entries(user, right, permission)
            ]
        finally:
            await client.close()


def _entries(
    user: str, right: Right, permission: int
) -> Iterator[tuple[int, str, int, str, str, int, int]]:
    """Yield what Kafka keeps of a right: an entry for each operation."""
    resource, pattern = RESOURCES[right.resource], PREFIXED if right.prefix else LITERAL
    for operation in right.operations:
        yield (
            resource,
            right.name,
            pattern,
            f"User:{user}",
            "*",  # from any host
            OPERATIONS[operation],
            permission,
        )


@contextmanager
def secure_kafka(folder: Path, **more: str) -> Iterator[SecureKafka]:
    """Start it, with an authority of its own and users that have a password and no rights.

    Args:
        folder: For all that it keeps.
        more: Settings of the broker, with `_` for each dot.
    """
    authority = Authority(folder / "authority")
    client, sasl, tls, controller = (f"127.0.0.1:{port}" for port in islice(free_ports(), 4))
    kafka = SecureKafka(client, sasl, tls, folder, authority)
    for user in USERS:
        kafka.password(user).write_text(f"secret-of-{user}\n")
    properties = {
        "listeners": f"CLIENT://{client},SASL://{sasl},TLS://{tls},CONTROLLER://{controller}",
        "listener.security.protocol.map": (
            "CLIENT:PLAINTEXT,SASL:SASL_SSL,TLS:SSL,CONTROLLER:PLAINTEXT"
        ),
        "controller.quorum.voters": f"1@{controller}",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Who connects in plain text: the tests, and the broker with itself.
        "super.users": "User:ANONYMOUS",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.issue("broker").both),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
        "listener.name.tls.ssl.client.auth": "required",
        "listener.name.tls.ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
        **{name.replace("_", "."): value for name, value in more.items()},
    }
    users = [
        f"--add-scram=SCRAM-SHA-512=[name={user},password={kafka.password(user).read_text().strip()}]"
        for user in USERS
    ]
    with EmbeddedKafka(folder / "kafka", properties=properties, format_arguments=users):
        yield kafka
