"""The services, fitted to each other, on a Kafka that is already there."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from services.classifier.settings import ClassifierSettings
from services.desk.settings import DeskSettings
from services.kafka.settings import KafkaSettings
from services.local.processes.service_process import ServiceProcess
from services.operate.installation import Installation, installation_of
from services.operate.topics import create_topics, topics_of
from services.router.app import create_decider
from services.router.settings import RouterSettings
from services.settings import read_settings
from services.settler.settings import SettlerSettings


def plan_installation(audit_share: float = 0.0) -> Installation:
    """Read the settings, the others' fitted to the classifier's, before anything is started.

    Args:
        audit_share: What of the inquiries that go by themselves is copied, where nothing is set.

    Raises:
        ConfigurationError: A setting, the routing table or the model's manifest is wrong, or table
            and model do not fit.
    """
    classifier, router = read_settings(ClassifierSettings), read_settings(RouterSettings)
    fitted: dict[str, object] = {
        "input_topic": classifier.output_topic,
        "rejected_topic": classifier.rejected_topic,
        "models": (classifier.model,),
    }
    if "audit_share" not in router.model_fields_set:
        fitted["audit_share"] = audit_share
    router = router.model_copy(update=fitted)
    create_decider(router)
    settler, desk = read_settings(SettlerSettings), read_settings(DeskSettings)
    desk = desk.model_copy(
        update={
            "models": router.models,
            "explain_model": desk.explain_model or classifier.model,
        }
    )
    return installation_of(KafkaSettings.model_construct(), classifier, router, settler, desk)


def environment_of(installation: Installation) -> Mapping[str, str]:
    """Return what makes router and desk fit this classifier, and the desk let in who is here."""
    return {
        "ROUTER_INPUT_TOPIC": installation.classifier.output_topic,
        "ROUTER_REJECTED_TOPIC": installation.classifier.rejected_topic,
        "ROUTER_MODELS": str(installation.classifier.model),
        "ROUTER_AUDIT_SHARE": str(installation.router.audit_share),
        "DESK_LOGIN": "none",
        "DESK_EXPLAIN_MODEL": str(installation.desk.explain_model),
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
    stack: ExitStack,
    installation: Installation,
    servers: str,
    folder: Path,
    names: Iterable[str] = ("classifier", "router"),
) -> list[ServiceProcess]:
    """Start services, side by side, and wait until they are ready; `stack` stops them.

    Raises:
        TriageError: One ended, or is not ready after a minute.
    """
    environment = environment_of(installation)
    services = [
        stack.enter_context(ServiceProcess(name, servers, folder, environment=environment))
        for name in names
    ]
    for service in services:
        service.wait_until_ready()
    return services
