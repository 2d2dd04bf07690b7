from contextlib import ExitStack
from pathlib import Path

from services.local.embedded_kafka.broker import EmbeddedKafka
from tests.broker.exactly_once import Faults, Sent
from tests.broker.pipeline import Pipeline
from tests.organisations import HOSPITAL
from tests.organisations.adopted import adopt
from tests.records import an_inquiry
from tests.warm import WarmService


async def test_another_organisations_inquiry_reaches_its_own_topic(
    kafka: EmbeddedKafka, tmp_path: Path, prefix: str
) -> None:
    """A hospital's model and table, and a text in its language: its own department has it once."""
    adopted = adopt(HOSPITAL, tmp_path).trusting()
    with ExitStack() as stack:
        ours = Pipeline(
            kafka.bootstrap_servers, tmp_path, prefix, stack, WarmService, adopted=adopted
        )
        await ours.create_topics()
        await ours.started(ours.service("classifier"), ours.service("router"))
        await ours.publish([Sent(an_inquiry(text=HOSPITAL.text))])
        assert await ours.faults() == Faults()
        assert [each.topic for each in await ours.read()] == [prefix + HOSPITAL.topic]
