"""Writes a fitted scikit-learn pipeline as an ONNX graph; see `benchmarks.stock_training`.

A process of its own, so that nothing but the benchmark needs sklearn-onnx.

    python -m benchmarks.stock_export PICKLE ONNX
"""

import pickle
import sys
from pathlib import Path

from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import StringTensorType
from sklearn.pipeline import Pipeline

from benchmarks.stock import INPUT


def export(pipeline: Pipeline) -> bytes:
    """Give the graph, which takes strings of shape (n, 1)."""
    vectorizer, logistic = (step for _, step in pipeline.steps)
    graph = convert_sklearn(
        pipeline,
        initial_types=[(INPUT, StringTensorType([None, 1]))],
        options={id(vectorizer): {"locale": "C"}, id(logistic): {"zipmap": False}},
    )
    written: bytes = graph.SerializeToString()
    return written


if __name__ == "__main__":
    fitted, written = map(Path, sys.argv[1:])
    written.write_bytes(export(pickle.loads(fitted.read_bytes())))  # noqa: S301 - written by who started this
