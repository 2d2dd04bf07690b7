from pathlib import Path

import pytest

from tests.broker.exactly_once import Faults
from tests.broker.pipeline import Pipeline
from tests.broker.rollout import MODEL, roll, stricter

pytestmark = pytest.mark.long


async def test_a_model_is_rolled_out_and_back_without_a_gap(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """While replicas are replaced one by one, each inquiry is judged once, by its model's limits.

    Some of them the other model's limits would have sent elsewhere.
    """
    models = (MODEL, stricter(tmp_path / "new"))
    outcome = await roll(pipeline, models, replicas=1, rate=100, quiet=1, say=print)
    assert outcome.faults == Faults()
    assert (outcome.unknown, outcome.wrong) == (0, [])
    assert len(outcome.versions) == len(models)
    assert outcome.apart
