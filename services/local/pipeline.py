"""Classifier and router, fitted to each other, on a Kafka that is already there."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from services.classifier.settings import ClassifierSettings
from services.local.outcome import Topics
from services.local.service_process import ServiceProcess
from services.router.app import create_decider
from services.router.settings import RouterSettings
from services.router.table import load_table
from services.stream.settings import KafkaSettings, read_settings
from services.topics import create_topics, topics_of


@dataclass(frozen=True)
class Plan:
    """What to run: the settings of the environment, the router's fitted to the classifier's."""

    classifier: ClassifierSettings
    router: RouterSettings

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes the router read what this classifier writes."""
        return {
            "ROUTER_INPUT_TOPIC": self.classifier.output_topic,
            "ROUTER_REJECTED_TOPIC": self.classifier.rejected_topic,
            "ROUTER_MODEL": str(self.classifier.model),
        }

    @property
    def topics(self) -> Topics:
        """Where inquiries go in and come out."""
        table = load_table(self.router.routes)
        return Topics(
            received=self.classifier.input_topic,
            classified=self.classifier.output_topic,
            review=table.review_topic,
            rejected=self.classifier.rejected_topic,
            departments=table.topics - {table.review_topic},
        )


def plan_pipeline() -> Plan:
    """Read the settings, and see that routing table and model fit, before anything is started.

    Raises:
        ConfigurationError: a setting, the routing table or the model's manifest is wrong.
    """
    classifier = read_settings(ClassifierSettings)
    fitted = {
        "input_topic": classifier.output_topic,
        "rejected_topic": classifier.rejected_topic,
        "model": classifier.model,
    }
    router = read_settings(RouterSettings).model_copy(update=fitted)
    create_decider(router)
    return Plan(classifier, router)


def create_pipeline_topics(plan: Plan, servers: str, partitions: int) -> None:
    """Create the topics of a pipeline.

    Raises:
        TriageError: the broker refused.
    """
    kafka = KafkaSettings.model_construct(bootstrap_servers=servers)
    topics = topics_of(plan.classifier, plan.router)
    asyncio.run(create_topics(kafka, topics, partitions=partitions, replication_factor=1))


def start_services(
    stack: ExitStack, plan: Plan, servers: str, folder: Path
) -> list[ServiceProcess]:
    """Start classifier and router, side by side, and wait until they are ready; `stack` stops them.

    Raises:
        TriageError: one ended, or is not ready after a minute.
    """
    services = [
        stack.enter_context(ServiceProcess(name, servers, folder, environment=plan.environment))
        for name in ("classifier", "router")
    ]
    for service in services:
        service.wait_until_ready()
    return services
