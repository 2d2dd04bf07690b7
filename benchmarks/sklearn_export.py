"""Asks a scikit-learn pipeline that sklearn-onnx has exported as an ONNX graph."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.model.onnx_runtime import InferenceSession, SessionOptions

INPUT = "text"


class Decision(msgspec.Struct, frozen=True):
    """What it says of a text."""

    department: str
    probability: float


class Export:
    """Runs the graph as "Thread management" in onnxruntime's documentation advises for one core.

    Args:
        path: The graph, which takes strings.
    """

    def __init__(self, path: Path) -> None:
        options = SessionOptions()
        options.intra_op_num_threads = 1
        self._session = InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def score(self, texts: Sequence[str]) -> tuple[NDArray[np.object_], NDArray[np.float32]]:
        """Return each text's department, of shape (n,), and the probabilities, of (n, labels)."""
        column = np.array(texts, dtype=object).reshape(-1, 1)
        departments, probabilities = self._session.run(None, {INPUT: column})
        return departments, probabilities

    def decide(self, texts: Sequence[str]) -> list[Decision]:
        """Return each text's most probable department."""
        departments, probabilities = self.score(texts)
        return list(map(Decision, departments.tolist(), probabilities.max(axis=1).tolist()))
