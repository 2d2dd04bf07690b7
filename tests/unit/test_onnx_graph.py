import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.model.onnx_runtime import InferenceSession
from services.training.export.onnx_graph import Parts, build_graph
from services.training.fit.binary import Binary, Sigmoid
from services.training.fit.calibration import KNOTS, Calibration, Mixing, Temperature
from services.training.fit.linear import Linear
from services.training.fit.remit import Remit

Floats = NDArray[np.float64]

LABELS = ("tax", "roads", "schools")
FEATURES = 40
FACTORS = st.lists(st.floats(0.2, 5), min_size=len(KNOTS), max_size=len(KNOTS))


def halved(*shape: int, random: np.random.Generator) -> Floats:
    """Make numbers that half precision holds exactly."""
    return random.normal(size=shape).astype(np.float16).astype(np.float64)


def parts_of(factors: list[float], seed: int, *, learnt: bool, flags: int = 0) -> Parts:
    random = np.random.default_rng(seed)
    size = len(LABELS)
    # What is asked of a text beside its department shares the features' weights before any fit.
    shared = halved(FEATURES, random=random) ** 2

    def linear(outputs: int, squares: Floats) -> Linear:
        weights = halved(FEATURES, outputs, random=random)
        return Linear(weights, squares, random.normal(size=outputs))

    def binary() -> Binary:
        return Binary(linear(1, shared), Sigmoid(random.uniform(0.5, 3), random.normal()))

    mixing = Mixing(np.eye(size) * 2, random.normal(size=size))
    return Parts(
        labels=LABELS,
        flags=[f"flag {n}" for n in range(flags)],
        linear=linear(size, halved(FEATURES, random=random) ** 2),
        calibration=Calibration(mixing, Temperature(np.array(factors))),
        remit=Remit(Sigmoid(1.5, -0.5), binary() if learnt else None),
        binaries=[binary() for _ in range(flags)],
    )


def some_ids(seed: int) -> NDArray[np.int32]:
    """Make texts of 0 to 12 features, some of them twice, padded."""
    random = np.random.default_rng(seed)
    ids = random.integers(0, FEATURES, (30, 12)).astype(np.int32)
    ids[np.arange(12) >= random.integers(0, 13, 30)[:, None]] = FEATURES
    return ids


def counts_of(ids: NDArray[np.int32]) -> sp.csr_matrix:
    return sp.csr_matrix(
        np.stack([np.bincount(row, minlength=FEATURES + 1) for row in ids])[:, :-1]
    )


@settings(max_examples=30)
@given(factors=FACTORS, seed=st.integers(0, 2**32 - 1), learnt=st.booleans())
def test_the_graph_does_what_training_does(
    factors: list[float], seed: int, *, learnt: bool
) -> None:
    """Whatever was fitted, the graph gives the same probabilities, along the whole scale."""
    parts = parts_of(factors, seed, learnt=learnt, flags=seed % 3)
    ids = some_ids(seed)
    session = InferenceSession(build_graph(parts), providers=["CPUExecutionProvider"])
    served, in_remit, logits = session.run(
        ["probabilities", "in_remit", "logits"], {"features": ids}
    )
    counts = counts_of(ids)
    scored = parts.calibration.mixing.logits(parts.linear.scores(counts))
    assert logits == pytest.approx(scored, rel=0.02, abs=0.02)
    probabilities = parts.calibration.temperature.probabilities(logits.astype(np.float64))
    assert served == pytest.approx(probabilities, abs=1e-4)
    wanted = parts.remit.probabilities(logits.astype(np.float64), counts)
    assert in_remit == pytest.approx(wanted, abs=0.01)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), learnt=st.booleans(), flags=st.integers(1, 4))
def test_the_graph_raises_the_flags_that_training_does(
    seed: int, *, learnt: bool, flags: int
) -> None:
    """Each flag's score and probability are those of its sum over the text, however many."""
    parts = parts_of([1.0] * len(KNOTS), seed, learnt=learnt, flags=flags)
    ids = some_ids(seed)
    session = InferenceSession(build_graph(parts), providers=["CPUExecutionProvider"])
    served, scores = session.run(["flags", "flag_scores"], {"features": ids})
    counts = counts_of(ids)
    wanted = [each.linear.scores(counts)[:, 0] for each in parts.binaries]
    assert scores == pytest.approx(np.stack(wanted, axis=1), rel=0.02, abs=0.02)
    probabilities = [each.probabilities(counts) for each in parts.binaries]
    assert served == pytest.approx(np.stack(probabilities, axis=1), abs=0.01)


def test_a_model_without_flags_gives_none() -> None:
    """Where no flag was learnt, the graph has no output for one."""
    parts = parts_of([1.0] * len(KNOTS), 0, learnt=True)
    session = InferenceSession(build_graph(parts), providers=["CPUExecutionProvider"])
    names = {node.name for node in session.get_outputs()}
    assert names == {"probabilities", "in_remit", "logits", "sums"}


def test_the_same_parts_give_the_same_bytes() -> None:
    """A graph is built the same way each time, and another one from other parts."""
    factors = [1.0] * len(KNOTS)
    first, again = (build_graph(parts_of(factors, 0, learnt=True)) for _ in range(2))
    assert first == again
    assert first != build_graph(parts_of(factors, 1, learnt=True))


def test_a_text_without_a_known_feature_has_the_shares_of_all() -> None:
    """Of a text that nothing is known of, the graph says what it says of none: the bias alone."""
    parts = parts_of([1.0] * len(KNOTS), 0, learnt=False)
    session = InferenceSession(build_graph(parts), providers=["CPUExecutionProvider"])
    [logits] = session.run(["logits"], {"features": np.full((2, 3), FEATURES, np.int32)})
    bias = parts.calibration.mixing.logits(parts.linear.bias)
    assert logits == pytest.approx(np.stack([bias, bias]), abs=1e-5)
