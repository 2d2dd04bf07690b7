"""Classifier and router, fitted to each other, on a Kafka that is already there."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from services.classifier.settings import ClassifierSettings
from services.kafka.settings import KafkaSettings
from services.local.processes.service_process import ServiceProcess
from services.operate.installation import Installation, installation_of
from services.operate.topics import create_topics, topics_of
from services.router.app import create_decider
from services.router.settings import RouterSettings
from services.settings import read_settings


def plan_installation() -> Installation:
    """Read the settings, the router's fitted to the classifier's, before anything is started.

    Raises:
        ConfigurationError: A setting, the routing table or the model's manifest is wrong, or table
            and model do not fit.
    """
    classifier = read_settings(ClassifierSettings)
    fitted = {
        "input_topic": classifier.output_topic,
        "rejected_topic": classifier.rejected_topic,
        "models": (classifier.model,),
    }
    router = read_settings(RouterSettings).model_copy(update=fitted)
    create_decider(router)
    return installation_of(KafkaSettings.model_construct(), classifier, router)


def environment_of(installation: Installation) -> Mapping[str, str]:
    """Return what makes the router read what this classifier writes."""
    return {
        "ROUTER_INPUT_TOPIC": installation.classifier.output_topic,
        "ROUTER_REJECTED_TOPIC": installation.classifier.rejected_topic,
        "ROUTER_MODELS": str(installation.classifier.model),
    }


def create_all_topics(installation: Installation, servers: str, partitions: int) -> None:
    """Create the topics of an installation.

    Raises:
        TriageError: The broker refused.
    """
    kafka = KafkaSettings.model_construct(bootstrap_servers=servers)
    topics = topics_of(installation)
    asyncio.run(create_topics(kafka, topics, partitions=partitions, replication_factor=1))


def start_services(
    stack: ExitStack, installation: Installation, servers: str, folder: Path
) -> list[ServiceProcess]:
    """Start classifier and router, side by side, and wait until they are ready; `stack` stops them.

    Raises:
        TriageError: One ended, or is not ready after a minute.
    """
    environment = environment_of(installation)
    services = [
        stack.enter_context(ServiceProcess(name, servers, folder, environment=environment))
        for name in ("classifier", "router")
    ]
    for service in services:
        service.wait_until_ready()
    return services
