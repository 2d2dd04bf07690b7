import json
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from services.messages.decision import Model
from services.model.manifest import Limits
from services.model.scorer import Scores
from services.offline.decisions import Decisions, Reasoning
from services.offline.lines import read_lines
from services.router.decide import Decider
from services.router.limits import limits_of
from services.router.table import load_table

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TABLE = """
version = "7"
review_topic = "review"
min_margin = 0.1
min_in_remit = 0.5
[departments.tax]
name = "Tax"
topic = "d.tax"
threshold = 0.6
[departments.roads]
name = "Roads"
topic = "d.roads"
threshold = 0.6
"""


class ByWord:
    """A model that is sure of tax where the text says so, and doubts everything else."""

    name, version, labels = "by-word", "1", ("tax", "roads")
    flags = ("danger",)

    def __init__(self) -> None:
        self.batches: list[int] = []

    def score(self, texts: Sequence[str]) -> Scores:
        self.batches.append(len(texts))
        rows = [(0.9, 0.1) if "tax" in text else (0.5, 0.5) for text in texts]
        probabilities = np.array(rows, np.float32).reshape(len(texts), 2)
        in_remit = np.ones(len(texts), np.float32)
        flags = np.array([["knife" in text] for text in texts], np.float32).reshape(len(texts), 1)
        return SimpleNamespace(probabilities=probabilities, in_remit=in_remit, flags=flags)


@pytest.fixture
def decider(tmp_path: Path) -> Decider:
    routes = tmp_path / "routes.toml"
    routes.write_text(TABLE)
    table = load_table(routes)
    limits = limits_of(table, Limits({}, in_remit=0.5, flags={"danger": 0.5}))
    return Decider(table, {Model(ByWord.name, ByWord.version): limits})


def decided(decider: Decider, *lines: bytes, batch: int = 10) -> tuple[list[Any], Decisions]:
    decisions = Decisions(ByWord(), decider, batch)
    given = read_lines(BytesIO(b"\n".join(line.rstrip(b"\n") for line in lines)), "")
    return [json.loads(line) for line in decisions.of(given, NOW)], decisions


def test_each_line_is_decided_in_order(decider: Decider) -> None:
    """Lines of JSON and plain lines each get a classification and a route, in order."""
    lines = (
        b'{"id": "a", "text": "my tax"}\n',
        b"\n",
        b"the bypass\n",
        b'{"id": "b", "text": "x"}',
    )
    written, decisions = decided(decider, *lines, batch=2)
    assert [line["id"] for line in written] == ["a", "3", "b"]
    assert [line["route"]["topic"] for line in written] == ["d.tax", "review", "review"]
    assert written[0]["classification"]["probability"] == pytest.approx(0.9)
    assert decisions.bad == 0


def test_a_bad_line_is_named_and_the_rest_goes_on(decider: Decider) -> None:
    """A bad line gives its number and what is wrong, and never what it says."""
    lines = (b"tax", b'{"id": "Blodwen', b'{"text": "Blodwen"}', b"Blodwen \xff", b"tax")
    written, decisions = decided(decider, *lines)
    assert [line.get("line") for line in written] == [None, 2, 3, 4, None]
    assert [line["error"] for line in written[1:4]] == ["not-json", "missing-field", "not-json"]
    assert decisions.bad == 3
    assert "Blodwen" not in json.dumps(written)


def test_lines_are_scored_in_batches(decider: Decider) -> None:
    """The model sees as many lines at once as a batch has."""
    decisions = Decisions(model := ByWord(), decider, 4)
    lines = read_lines(BytesIO(b"tax\n" * 10), "")
    assert len(list(decisions.of(lines, NOW))) == 10
    assert model.batches == [4, 4, 2]


def test_reasons_are_given_for_the_department_and_each_raised_flag(decider: Decider) -> None:
    """What is explained is the text as the model read it, and those flags that were raised."""
    reasons = Reasoning(lambda text: f"of {text}", lambda text, flag: f"{flag} of {text}")
    decisions = Decisions(ByWord(), decider, 4, reasons)
    lines = read_lines(BytesIO(b"tax\na knife"), "")
    written = [json.loads(line) for line in decisions.of(lines, NOW)]
    assert [line["explanation"] for line in written] == ["of tax", "of a knife"]
    assert [line["flag_explanations"] for line in written] == [[], ["danger of a knife"]]
    assert all("danger" in line["classification"]["flags"] for line in written)
    assert all("flags" not in line for line in written)
