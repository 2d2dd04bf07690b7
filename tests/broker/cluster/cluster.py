"""Brokers as one cluster: each is broker and controller, every topic has a replica on each."""

import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.ports import free_ports
from tests.broker.cluster.network import Network

LOOPBACK = "127.0.0.1"
# Three of them share a machine with all that they serve, and none runs for long enough to be worth
# what Java's second compiler takes: a sixth of a start.
SPARING = ("env", "_JAVA_OPTIONS=-Xmx512m -XX:TieredStopAtLevel=1")
THREE = 3
DURABLE = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    # Two replicas at their work are not taken for dead because the third is starting.
    "broker.session.timeout.ms": "6000",
    "unclean.leader.election.enable": "false",
    # A broker that came back leads again what it is the first to lead, within seconds: so every
    # return moves leaders too, in order, and the next fault finds all three of them at work.
    "leader.imbalance.check.interval.seconds": "2",
    "leader.imbalance.per.broker.percentage": "0",
}


@dataclass(frozen=True)
class Cluster:
    """Brokers that run.

    Args:
        brokers: Each of them; Kafka numbers them from 1 on.
        bootstrap_servers: All their addresses, for clients.
        network: What their links are cut with; None where they are on loopback.
    """

    brokers: Sequence[EmbeddedKafka]
    bootstrap_servers: str
    network: Network | None = None

    @property
    def replication(self) -> int:
        """How many replicas a topic has."""
        return len(self.brokers)

    def each(self, act: Callable[[EmbeddedKafka], object]) -> None:
        """Do something to all brokers at the same time."""
        with ThreadPoolExecutor(len(self.brokers)) as pool:
            list(pool.map(act, self.brokers))


def of_one(kafka: EmbeddedKafka) -> Cluster:
    """Take one broker that runs for a cluster."""
    return Cluster([kafka], kafka.bootstrap_servers)


@contextmanager
def one_broker(folder: Path, *, on_loopback: bool = True) -> Iterator[Cluster]:
    """Start one broker, which is all of its cluster.

    Raises:
        TriageError: It does not start.
    """
    with EmbeddedKafka(folder / "kafka") as kafka:
        yield of_one(kafka)


@contextmanager
def three_brokers(folder: Path, *, on_loopback: bool) -> Iterator[Cluster]:
    """Start three brokers, in namespaces of their own or all on loopback.

    Raises:
        TriageError: One does not start.
    """
    with ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        cluster = three(folder, None if on_loopback else Network(stack, folder, THREE))
        stack.callback(cluster.each, EmbeddedKafka.kill)  # Ctrl-C too: nobody needs its data
        cluster.each(EmbeddedKafka.start)
        yield cluster


def three(folder: Path, network: Network | None) -> Cluster:
    """Make three brokers, not started yet, where a network has them or else on loopback."""
    hosts = [network.host(number) if network else LOOPBACK for number in range(THREE)]
    ports = list(islice(free_ports(), 2 * THREE))
    clients = [f"{host}:{port}" for host, port in zip(hosts, ports[:THREE], strict=True)]
    controllers = [f"{host}:{port}" for host, port in zip(hosts, ports[THREE:], strict=True)]
    voters = ",".join(f"{number}@{each}" for number, each in enumerate(controllers, start=1))
    cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    brokers = [
        EmbeddedKafka(
            folder / f"broker-{number + 1}",
            properties={
                **DURABLE,
                "node.id": f"{number + 1}",
                "controller.quorum.voters": voters,
                "listeners": f"CLIENT://{clients[number]},CONTROLLER://{controllers[number]}",
            },
            format_arguments=[f"--cluster-id={cluster_id}"],
            inside=(*SPARING, *(network.enter(number) if network else ())),
        )
        for number in range(THREE)
    ]
    return Cluster(brokers, ",".join(clients), network)
