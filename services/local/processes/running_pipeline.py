"""A pipeline that runs, with the Kafka under it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from aiokafka.errors import KafkaError

from services.errors import TriageError
from services.kafka.clients import KafkaClients, connect
from services.kafka.settings import KafkaSettings
from services.local.embedded_kafka.broker import EmbeddedKafka
from services.local.processes.service_process import ServiceProcess
from services.operate.installation import Installation

CLIENT = "inquiry-triage-demo"


@dataclass(frozen=True)
class RunningPipeline:
    """The services on a Kafka, and the topics that they work on.

    Where its `with` block fails the services are killed: without their Kafka, or each other, they
    would try for half a minute to finish what they have in hand.
    """

    kafka: EmbeddedKafka
    services: Sequence[ServiceProcess]
    installation: Installation

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, TriageError):
            for service in self.services:
                service.kill()

    @property
    def servers(self) -> str:
        """The brokers' addresses."""
        return self.kafka.bootstrap_servers

    @property
    def clients(self) -> KafkaClients:
        """What makes clients of that Kafka."""
        return connect(KafkaSettings.model_construct(bootstrap_servers=self.servers), CLIENT)

    @property
    def urls(self) -> Mapping[str, str]:
        """Each service's HTTP server."""
        return {service.name: service.url for service in self.services}

    def check(self) -> None:
        """See that everything runs.

        Raises:
            TriageError: Something does not; the sentence names its log.
        """
        self.kafka.check()
        for service in self.services:
            service.check()

    def check_reading(self) -> None:
        """See that no circuit breaker holds back what was sent.

        Raises:
            TriageError: One does; the sentence says why, and what helps.
        """
        for service in self.services:
            if held := service.why_held():
                raise TriageError(
                    f"The {service.name} has stopped reading, as it should: {held}; nothing is "
                    f"lost, it waits on its topic: mend the lines, or set "
                    f"{service.name.upper()}_CIRCUIT_BREAKER_SHARE=1 to see them rejected."
                )

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Say in a sentence what a Kafka error in the block means.

        Raises:
            TriageError: There was one.
        """
        try:
            yield
        except KafkaError as error:
            self.kafka.check()  # where it has ended, that says more than what failed because of it
            raise TriageError(
                f"Kafka answers no more ({type(error).__name__}): see its log {self.kafka.log}."
            ) from None
