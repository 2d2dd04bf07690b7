from pathlib import Path

import pytest

from tests.broker.exactly_once import Faults
from tests.broker.faults.judged import Misjudged
from tests.broker.pipeline import Pipeline
from tests.broker.rollout import MODEL, REPLACED, Installed, roll, steps, stricter, wider


def test_who_reads_is_replaced_first_and_taken_back_last() -> None:
    """What a newer release or table writes is read by none that does not know it yet."""
    old, new = Installed(Path("a"), Path("a.toml"), "a"), Installed(Path("b"), Path("b.toml"), "b")
    out, back = [*steps(old, new)], [*steps(new, old, back=True)]
    assert [step.service for step in out if step.by.model == old.model] == [*REPLACED]
    assert [step.service for step in out if step.by == new][-2:] == ["settler", "router"]
    assert [step.service for step in back][:2] == ["router", "settler"]
    assert [step.service for step in back if step.by == old] == [*reversed(REPLACED)]


@pytest.mark.long
async def test_a_model_and_a_table_are_rolled_out_and_back_without_a_gap(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """While replicas are replaced one by one, each inquiry is judged once, by its model's limits.

    Some of them the other model's limits would have sent elsewhere. Of those that people judge,
    each is done once as they say.
    """
    old = Installed(MODEL)
    new = Installed(stricter(tmp_path / "model"), wider(tmp_path / "table"))
    outcome = await roll(pipeline, old, new, replicas=1, rate=100, quiet=1, say=print)
    assert (outcome.faults, outcome.misjudged) == (Faults(), Misjudged())
    assert outcome.decided
    assert (outcome.unknown, outcome.otherwise) == (0, [])
    assert len(outcome.versions) == len(outcome.tables) == 2
    assert outcome.apart
