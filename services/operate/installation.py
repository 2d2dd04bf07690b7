"""One installation: the services as the environment sets them up, and the topics between them."""

from dataclasses import dataclass

from services.app.settings import check_topics_apart
from services.classifier.settings import ClassifierSettings
from services.desk.settings import DeskSettings
from services.errors import ConfigurationError
from services.kafka.settings import KafkaSettings
from services.router.settings import RouterSettings
from services.router.table import Table, check_audit_topic, load_table
from services.settings import read_settings
from services.settler.settings import SettlerSettings, check_own_topics


@dataclass(frozen=True)
class Installation:
    """The services on one Kafka; each name on Kafka has the installation's prefix."""

    kafka: KafkaSettings
    classifier: ClassifierSettings
    router: RouterSettings
    settler: SettlerSettings
    desk: DeskSettings
    table: Table

    @property
    def received_topic(self) -> str:
        """Where inquiries go in."""
        return self.classifier.input_topic

    @property
    def rejected_topics(self) -> frozenset[str]:
        """Where dead letters go."""
        return frozenset(
            each.rejected_topic for each in (self.classifier, self.router, self.settler)
        )

    @property
    def department_topics(self) -> frozenset[str]:
        """Where departments find their inquiries."""
        return self.table.topics - {self.table.review_topic}

    @property
    def final_topics(self) -> frozenset[str]:
        """Every topic on which inquiries end."""
        return self.table.topics | self.rejected_topics


def read_installation() -> Installation:
    """Read the services' settings and the routing table.

    Raises:
        ConfigurationError: A setting or the routing table is wrong.
    """
    return installation_of(
        read_settings(KafkaSettings),
        read_settings(ClassifierSettings),
        read_settings(RouterSettings),
        read_settings(SettlerSettings),
        read_settings(DeskSettings),
    )


def installation_of(
    kafka: KafkaSettings,
    classifier: ClassifierSettings,
    router: RouterSettings,
    settler: SettlerSettings | None = None,
    desk: DeskSettings | None = None,
) -> Installation:
    """Make an installation of settings without prefix, of the last two by default their defaults.

    Raises:
        ConfigurationError: The routing table is wrong, or two uses share a topic.
    """
    prefix = kafka.topic_prefix
    installation = Installation(
        kafka=kafka,
        classifier=classifier.prefixed(prefix),
        router=router.prefixed(prefix),
        settler=(settler or SettlerSettings.model_construct()).prefixed(prefix),
        desk=(desk or DeskSettings.model_construct()).prefixed(prefix),
        table=load_table(router.routes).prefixed(prefix),
    )
    _check_topics(installation)
    return installation


def _check_topics(installation: Installation) -> None:
    """See that what either service writes is not read by the classifier again, and so on."""
    classifier, router, settler = installation.classifier, installation.router, installation.settler
    routed = installation.table.topics
    settled = {settler.settled_topic, settler.not_ours_topic}
    others = installation.rejected_topics - {classifier.rejected_topic}
    written = routed | {router.audit_topic}
    said = {*settler.input_topics}  # which is nothing to classify or to route
    check_topics_apart(classifier, {classifier.output_topic} | written | settled | said | others)
    check_topics_apart(router, written | said)
    check_topics_apart(settler, written | settled)
    check_audit_topic(installation.table, router.audit_topic)
    check_own_topics(settler, installation.table)
    everything = written | settled | others | {classifier.input_topic, classifier.output_topic}
    everything |= {classifier.rejected_topic} | said
    if (claims := installation.desk.claims_topic) in everything:
        raise ConfigurationError(
            f"The topic {claims} has another use: set DESK_CLAIMS_TOPIC to one of its own."
        )
