"""What is set for Kafka is read as people write it, or refused in one sentence."""

import pytest

from services.app.http_server import run_service
from services.classifier.app import create_app as create_classifier
from services.classifier.settings import ClassifierSettings
from services.clock import utc_now
from services.desk.settings import DeskSettings
from services.errors import ConfigurationError
from services.kafka.settings import KafkaSettings
from services.operate.installation import installation_of
from services.router.app import create_app as create_router
from services.router.settings import RouterSettings
from services.settings import read_settings
from services.settler.app import create_app as create_settler
from services.settler.settings import SettlerSettings

REVIEW = "inquiries.review"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"kafka-1:9092,kafka-2:9092"', "kafka-1:9092,kafka-2:9092"),
        ("'kafka-1:9092'", "kafka-1:9092"),
        (" kafka-1:9092 ,\tkafka-2:9092\r\n", "kafka-1:9092,kafka-2:9092"),
        ("kafka-1:9092,", "kafka-1:9092"),
        ('"kafka-1:9092", "kafka-2:9092"', "kafka-1:9092,kafka-2:9092"),
        ("kafka-1", "kafka-1"),
        ("10.0.0.1:9092,[::1]:9092", "10.0.0.1:9092,[::1]:9092"),
        ("kafka_1.example.org.:9093", "kafka_1.example.org.:9093"),
    ],
)
def test_servers_are_read_as_people_write_them(
    monkeypatch: pytest.MonkeyPatch, written: str, read: str
) -> None:
    """Quotes, blanks and a comma at the end are nobody's address."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", written)
    assert read_settings(KafkaSettings).bootstrap_servers == read


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("SSL://kafka-1:9093", "leave out SSL://, and say how to connect in KAFKA_SECURITY"),
        ("kafka-1:9092,PLAINTEXT://kafka-2:9092", "leave out PLAINTEXT://"),
        ("http://kafka-1:9092/", "leave out http://"),
        ("kafka-1:9092 kafka-2:9092", "with commas between"),
        ("kafka-1:9092;kafka-2:9092", "with commas between"),
        ("kafka-1:port", "host:port"),
        ("kafka-1:99999", "host:port"),
        ("kafka-1:0", "host:port"),
        ("kafka..example.org:9092", "host:port"),
        ("kafka-1:9092/topic", "host:port"),
        ("", "host:port"),
        ('""', "host:port"),
        (" , ", "host:port"),
    ],
)
def test_servers_that_are_none_are_refused(
    monkeypatch: pytest.MonkeyPatch, written: str, named: str
) -> None:
    """An address that no client can use is one sentence that says how it is written."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", written)
    with pytest.raises(ConfigurationError, match="KAFKA_BOOTSTRAP_SERVERS") as caught:
        read_settings(KafkaSettings)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["SESSION_TIMEOUT_MS", "TRANSACTION_TIMEOUT_MS", "MAX_MESSAGE_BYTES"]
)
def test_a_number_that_the_protocol_has_no_room_for_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A time or a size of more than 31 bits is named at the start."""
    monkeypatch.setenv(f"KAFKA_{name}", str(2**31))
    with pytest.raises(ConfigurationError, match=f"KAFKA_{name}"):
        read_settings(KafkaSettings)


def create(settings: ClassifierSettings | RouterSettings) -> None:
    if isinstance(settings, ClassifierSettings):
        create_classifier(settings, KafkaSettings(), utc_now)
    else:
        create_router(settings, KafkaSettings(), utc_now)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        (ClassifierSettings(rejected_topic="inquiries"), "inquiries is set for input and dead"),
        (ClassifierSettings(output_topic="inquiries"), "inquiries is set for input and output"),
        (ClassifierSettings(rejected_topic="inquiries.classified"), "dead letters and output"),
        (RouterSettings(rejected_topic="inquiries.classified"), "input and dead letters"),
        (RouterSettings(rejected_topic=REVIEW), "inquiries.review is set for dead letters and"),
        (RouterSettings(input_topic=REVIEW), "inquiries.review is set for input and output"),
    ],
)
def test_a_service_does_not_read_what_it_writes(
    settings: ClassifierSettings | RouterSettings, named: str
) -> None:
    """Topics that would feed themselves end the start in one sentence."""
    with pytest.raises(ConfigurationError, match=named) as caught:
        create(settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("classifier", "router"),
    [
        (ClassifierSettings(rejected_topic="inquiries"), RouterSettings()),
        (ClassifierSettings(input_topic=REVIEW), RouterSettings()),
        (ClassifierSettings(rejected_topic=REVIEW), RouterSettings()),
        (ClassifierSettings(), RouterSettings(rejected_topic="inquiries")),
        (ClassifierSettings(), RouterSettings(rejected_topic="inquiries.classified")),
    ],
)
def test_an_installation_does_not_feed_itself(
    classifier: ClassifierSettings, router: RouterSettings
) -> None:
    """Nor may what one service writes come back to the other: no topic is created for that."""
    with pytest.raises(ConfigurationError, match="a topic of its own"):
        installation_of(KafkaSettings(), classifier, router)


@pytest.mark.parametrize(
    "topic", ["inquiries", "inquiries.classified", "inquiries.judged", "inquiries.rejected", REVIEW]
)
def test_what_departments_return_has_a_topic_of_its_own(topic: str) -> None:
    """It is classified, routed or judged by nobody, and nothing else goes where it is read."""
    settler = SettlerSettings(returned_topic=topic)
    with pytest.raises(ConfigurationError, match=f"The topic {topic} is set for .+ a topic of its"):
        installation_of(KafkaSettings(), ClassifierSettings(), RouterSettings(), settler)


@pytest.mark.parametrize(
    ("setting", "topics"),
    [
        ("settled_topic", ["inquiries.classified", "departments.home-office"]),
        ("not_ours_topic", ["inquiries.classified", "inquiries.settled"]),
    ],
)
def test_notes_and_what_is_not_ours_have_topics_of_their_own(
    setting: str, topics: list[str]
) -> None:
    """Neither goes where somebody waits for something else; the settler does not start so."""
    for topic in (REVIEW, "inquiries.audit", "inquiries_audit", *topics):
        settler = SettlerSettings().model_copy(update={setting: topic})
        named = f"The topic {topic} has another use: set SETTLER_"
        with pytest.raises(ConfigurationError, match=named):
            create_settler(settler, KafkaSettings(), utc_now)
        with pytest.raises(ConfigurationError, match=named):
            installation_of(KafkaSettings(), ClassifierSettings(), RouterSettings(), settler)


def test_what_is_not_ours_may_go_to_a_department() -> None:
    """One whose people answer that has both on its topic."""
    settler = SettlerSettings(not_ours_topic="departments.home-office")
    installation_of(KafkaSettings(), ClassifierSettings(), RouterSettings(), settler)


@pytest.mark.parametrize("topic", ["inquiries.returned", "inquiries.judged", "inquiries.settled"])
def test_claims_have_a_topic_of_their_own(topic: str) -> None:
    """Who has which inquiry stands where nothing else is written."""
    desk = DeskSettings(claims_topic=topic)
    with pytest.raises(ConfigurationError, match=f"The topic {topic} has another use"):
        installation_of(KafkaSettings(), ClassifierSettings(), RouterSettings(), desk=desk)


def test_a_host_that_can_be_none_is_one_sentence() -> None:
    """Where metrics are served is a setting like any other: no traceback for a wrong one."""
    settings = ClassifierSettings(http_host="a..b", http_port=0)
    app = create_classifier(settings, KafkaSettings(), utc_now)
    with pytest.raises(ConfigurationError, match=r"a\.\.b cannot be used"):
        run_service(app, settings)
