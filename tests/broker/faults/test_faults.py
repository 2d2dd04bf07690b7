import os
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom

import pytest

from services.local.console.temporary_folder import temporary_folder
from services.local.embedded_kafka.broker import EmbeddedKafka
from tests.broker.cluster.cluster import of_one
from tests.broker.faults.figures import Figures
from tests.broker.faults.form import SHORT
from tests.broker.faults.kinds import ALONE, OF_BROKER, OF_SERVICES
from tests.broker.faults.play import play

pytestmark = pytest.mark.long

SEED = "FAULTS_SEED"


@pytest.fixture(scope="module")
def struck_kafka(can_embed: None) -> Iterator[EmbeddedKafka]:
    """A broker that is struck as well, and so is not the one that others use."""
    with temporary_folder("triage-tests-") as folder, EmbeddedKafka(folder) as kafka:
        yield kafka


async def test_nothing_is_lost_doubled_altered_or_out_of_order(
    struck_kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """Whatever strikes, each of 20,000 inquiries comes out once, as it was sent and in order.

    So does each that people have judged, some twice: one judgement of it counts.
    """
    seed = int(os.environ.get(SEED) or SystemRandom().randrange(1_000_000))
    print(f"{SEED}={seed} plays it again")  # noqa: T201 - pytest shows it where the test fails
    figures = Figures()
    await play(of_one(struck_kafka), tmp_path, SHORT, seed, figures=figures, say=print)
    assert figures.complaints == []
    assert figures.published >= SHORT.inquiries
    assert figures.counted >= SHORT.inquiries // 10
    assert figures.judgements > figures.counted
    assert figures.takeovers  # how long they took is for `make faults` to say, on a quiet machine
    kinds = {fault.name for fault in (*OF_SERVICES, *ALONE, *OF_BROKER)}
    assert kinds <= set(figures.injected)
