import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.inquiries import texts
from services.model.graph_parts import INPUT
from services.model.onnx_runtime import InferenceSession
from services.model.text_model import WEIGHTS, Model, Scores, load_model
from services.resources import shipped

SHIPPED = shipped("models", "uk-departments")
ANY_TEXT = st.text(st.characters(codec=None), max_size=300)
ASKED = st.sampled_from(
    [
        "My state pension has not been paid for three weeks.",
        "Pam nad yw'r trên o Gaerdydd i Abertawe yn rhedeg ar ddydd Sul? Ŵ ŷ â ê",
        "When will my visa be decided?",
        "WHY IS THE SCHOOL CLOSED " * 40,
        "😀",
        "",
    ]
)
# Decisions have six digits.
SAME = 1e-6


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(SHIPPED, threads=1)


@settings(max_examples=30)
@given(texts=st.lists(ANY_TEXT | ASKED, max_size=12))
def test_scores_are_probabilities(model: Model, texts: list[str]) -> None:
    """Whatever the texts, each has a probability for each department, and they sum to 1."""
    scores = model.score(texts)
    assert scores.probabilities.shape == (len(texts), len(model.labels))
    assert scores.in_remit.shape == (len(texts),)
    assert scores.flags.shape == (len(texts), len(model.flags))
    assert scores.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (scores.probabilities >= 0).all()
    assert ((scores.in_remit >= 0) & (scores.in_remit <= 1)).all()
    assert ((scores.flags >= 0) & (scores.flags <= 1)).all()


@settings(max_examples=30)
@given(texts=st.lists(ANY_TEXT | ASKED, min_size=1, max_size=12))
def test_a_text_is_scored_the_same_in_any_batch(model: Model, texts: list[str]) -> None:
    """A decision does not depend on what other inquiries happen to be read with it."""
    together = model.score(texts)
    for row, text in enumerate(texts):
        alone = model.score([text])
        assert together.probabilities[row] == pytest.approx(alone.probabilities[0], abs=SAME)
        assert together.in_remit[row] == pytest.approx(alone.in_remit[0], abs=SAME)
        assert together.flags[row] == pytest.approx(alone.flags[0], abs=SAME)


def test_the_order_of_a_batch_makes_no_difference(model: Model) -> None:
    """Each text gets its own scores, in a batch of any size, order and mix of lengths."""
    asked = "when will the tax office answer my letter about the pothole at the school ŵ".split()
    texts = [" ".join(asked[: n % 15] * (n % 4)) + " x" * (n % 7 * 50) for n in range(700)]
    order = np.random.default_rng(0).permutation(len(texts))
    scores = model.score(texts)
    shuffled = model.score([texts[index] for index in order])
    assert np.abs(shuffled.probabilities - scores.probabilities[order]).max() < SAME
    assert np.abs(shuffled.in_remit - scores.in_remit[order]).max() < SAME
    assert np.abs(shuffled.flags - scores.flags[order]).max(initial=0) < SAME


@pytest.mark.parametrize("letters", [20, 60, 200, 2_000])
def test_what_is_served_is_what_the_whole_graph_says(model: Model, letters: int) -> None:
    """Adding the weights up beside the graph changes nothing in the six digits of a decision."""
    asked = texts(letters, 200)
    whole = InferenceSession(SHIPPED / WEIGHTS, providers=["CPUExecutionProvider"])
    wanted = whole.run([*Scores._fields], {INPUT: model.vocabulary.read(asked).astype(np.int32)})
    for found, each in zip(model.score(asked), wanted, strict=True):
        assert np.abs(found - each).max() < SAME


def test_no_texts_have_no_scores(model: Model) -> None:
    """An empty batch is a batch."""
    scores = model.score([])
    assert scores.probabilities.shape == (0, len(model.labels))
    assert scores.in_remit.shape == (0,)
    assert scores.flags.shape == (0, len(model.flags))


@pytest.mark.parametrize("word", ["pension ", "年", "ŵ😀\0", "a"])
def test_a_text_of_a_megabyte_is_scored(model: Model, word: str) -> None:
    """A text that is far longer than is accepted costs memory and time, and no more."""
    [probabilities], [in_remit], _ = model.score([word * (1_000_000 // len(word))])
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert 0 <= in_remit <= 1


def test_the_number_of_threads_makes_no_difference(model: Model) -> None:
    """A model that runs on two threads says what it says on one."""
    texts = ["my passport has not arrived", "the road is flooded and the school is shut"] * 20
    found = load_model(SHIPPED, threads=2).score(texts)
    assert np.abs(found.probabilities - model.score(texts).probabilities).max() < SAME


def test_the_runtime_leaves_nothing_behind_and_calls_nobody(tmp_path: Path) -> None:
    """Loading a model keeps no session file: the runtime's telemetry is off before it starts."""
    folder = str(shipped("models", "uk-departments"))
    script = (
        "from pathlib import Path; from services.model.text_model import load_model; "
        f"load_model(Path({folder!r}), threads=1).score(['pension'])"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
    assert [*tmp_path.iterdir()] == []
