"""`triage doctor`: what it asks, what it prints and how it ends."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import typer
from aiokafka.errors import KafkaConnectionError, KafkaError

from services.clock import utc_now
from services.errors import ConfigurationError, TriageError
from services.kafka.clients import KafkaClients
from services.kafka.errors import remedy_for, with_cause
from services.operate.connected import connected
from services.operate.doctor.asking import ask_cluster
from services.operate.doctor.cluster import Cluster
from services.operate.doctor.examination import Report, examine
from services.operate.doctor.right_checks import principals_of
from services.operate.doctor.uses import Asked
from services.operate.installation import Installation
from services.operate.rights import INTERNAL
from services.operate.topics import topics_of
from services.visible import visible

CLIENT = "inquiry-triage-doctor"
RIGHT, FOUND, NOT_ASKED = 0, 1, 2


class CannotAskError(TriageError):
    """Raised when a cluster does not answer, of which nothing can be said then."""

    exit_code = NOT_ASKED


def diagnose(asked: Asked, users: Sequence[str], file: Path | None) -> int:
    """Ask the cluster, and print what is not as promised.

    Args:
        asked: How many partitions and copies there are to be.
        users: What Kafka calls users that are not called as ours are: NAME=PRINCIPAL each.
        file: Where to write it all as JSON, too.

    Returns:
        The exit code: 0 where all is right, 1 where something was found, 2 where something could
        not be asked.

    Raises:
        ConfigurationError: A setting, the routing table or an option is wrong.
        CannotAskError: The broker does not answer, or refuses.
    """
    clients, installation = connected(CLIENT)
    principals = named(principals_of(installation), users)
    cluster = asyncio.run(ask(clients, installation))
    report = examine(cluster, installation, asked, principals)
    for line in described(report, clients.servers):
        typer.echo(visible(line))
    if file:
        _write(report, file)
    return FOUND if report.findings else NOT_ASKED if report.unasked else RIGHT


async def ask(
    clients: KafkaClients, installation: Installation, now: Callable[[], datetime] = utc_now
) -> Cluster:
    """Ask the cluster of an installation about itself, with the time here to compare.

    Raises:
        CannotAskError: The broker does not answer, or refuses.
    """
    admin = clients.inspector()
    try:
        with with_cause():
            await admin.start()
        names = topics_of(installation).keys()
        return await ask_cluster(admin, clients.server_options, names, INTERNAL, now)
    except (KafkaError, OSError) as error:
        raise CannotAskError(
            remedy_for(error)
            or f"The cluster at {clients.servers} could not be asked ({_cause(error)}): see that "
            "its brokers run, that their advertised.listeners can be reached from here, and that "
            "the settings KAFKA_… are those that they ask for."
        ) from None
    finally:
        await admin.close()


def _cause(error: Exception) -> str:
    # What aiokafka says of a connection is how Python writes addresses.
    return "a broker does not answer" if isinstance(error, KafkaConnectionError) else str(error)


def named(principals: Mapping[str, str], users: Sequence[str]) -> dict[str, str]:
    """Return what Kafka calls each user, as an operator says.

    Raises:
        ConfigurationError: There is no such user, or the name is none of Kafka's.
    """
    found = dict(principals)
    for each in users:
        user, _, principal = each.partition("=")
        if user not in found or ":" not in principal:
            raise ConfigurationError(
                f"--user {each} names no user: say NAME=TYPE:NAME, such as router=User:CN=router, "
                f"of {', '.join(found)}."
            )
        found[user] = principal
    return found


def described(report: Report, servers: str) -> list[str]:
    """Return the lines that say what came of it."""
    lines = [f"{each.severity}  {each.sentence}" for each in report.findings]
    lines += [f"note   {each}" for each in report.notes]
    lines += [f"unseen {each}" for each in report.unasked]
    count = len(report.findings)
    right = "Nothing found in what could be asked" if report.unasked else "As promised"
    found = f"{count} thing{'s' * (count != 1)} found" if count else right
    return [*lines, f"{found} on {servers}."]


def _write(report: Report, file: Path) -> None:
    told = {
        "findings": [each._asdict() for each in report.findings],
        "notes": report.notes,
        "unasked": report.unasked,
    }
    try:
        file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be written ({error.strerror}): give --json another file."
        ) from None
