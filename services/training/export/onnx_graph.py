"""The ONNX graph: from a text's features to probabilities, the calibration inside."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from services.model.text_model import INPUT, metadata
from services.training.fit.calibration import KNOTS, Calibration
from services.training.fit.linear import SHORTEST, Linear
from services.training.fit.remit import Remit

OPSET, IR_VERSION = 17, 8

Floats = NDArray[np.float64]


class Parts(NamedTuple):
    """All that a graph is made of."""

    labels: Sequence[str]
    linear: Linear
    calibration: Calibration
    remit: Remit


def table_of(parts: Parts) -> NDArray[np.float16]:
    """Return the weights that the graph looks up: a row for each feature, and one of zeros.

    The columns are the departments (the mixing of the calibration worked in), their squares, the
    remit and its squares. Half precision is as fast as single, and half as large.
    """
    linear, mixing, remit = parts.linear, parts.calibration.mixing, parts.remit.linear
    nothing = np.zeros((len(linear.weights), 1))
    columns = [
        linear.weights @ mixing.matrix,
        linear.squares[:, None],
        remit.weights if remit else nothing,
        remit.squares[:, None] if remit else nothing,
    ]
    table = np.hstack(columns).astype(np.float16)
    return np.vstack([table, np.zeros((1, table.shape[1]), np.float16)])


def build_graph(parts: Parts) -> bytes:
    """Build the model file; the same parts give the same bytes."""
    labels = len(parts.labels)
    graph = helper.make_graph(
        _nodes(),
        "triage",
        [helper.make_tensor_value_info(INPUT, TensorProto.INT32, ["texts", "width"])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["texts", labels]),
            helper.make_tensor_value_info("in_remit", TensorProto.FLOAT, ["texts"]),
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["texts", labels]),
            helper.make_tensor_value_info("sums", TensorProto.FLOAT, ["texts", labels + 3]),
        ],
        [numpy_helper.from_array(value, name) for name, value in _constants(parts).items()],
    )
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
    helper.set_model_props(model, metadata(parts.labels, OPSET, len(parts.linear.weights)))
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _constants(parts: Parts) -> dict[str, NDArray[np.generic]]:
    calibration, remit = parts.calibration, parts.remit
    learnt = remit.learnt
    # The temperature between two knots is a sum of ramps, one from each knot on.
    slopes = np.diff(calibration.temperature.factors) / np.diff(KNOTS)
    floats: dict[str, Floats] = {
        "bias": parts.linear.bias @ calibration.mixing.matrix + calibration.mixing.shift,
        "knots": KNOTS[:-1],
        "ramps": np.diff(slopes, prepend=0)[:, None],
        "least_factor": calibration.temperature.factors[:1],
        "shortest": np.array(SHORTEST),
        "remit_bias": remit.linear.bias if remit.linear else np.zeros(1),
        "remit_slope": np.array(learnt.slope if learnt else 0.0),
        # Without a learnt score its probability is 1, and the other one is the lower.
        "remit_shift": np.array(learnt.shift if learnt else 100.0),
        "energy_slope": np.array(remit.energy_score.slope),
        "energy_shift": np.array(remit.energy_score.shift),
    }
    return {
        "weights": table_of(parts),
        "columns": np.array([len(parts.labels), 1, 1, 1], np.int64),
        "second_axis": np.array([1], np.int64),
        **{name: value.astype(np.float32) for name, value in floats.items()},
    }


def _nodes() -> list[onnx.NodeProto]:
    make = helper.make_node
    return [
        make("Gather", ["weights", INPUT], ["rows"]),
        make("Cast", ["rows"], ["single"], to=TensorProto.FLOAT),
        make("ReduceSum", ["single", "second_axis"], ["sums"], keepdims=0),
        make(
            "Split",
            ["sums", "columns"],
            ["scores", "squares", "remit_sum", "remit_squares"],
            axis=1,
        ),
        *_length("squares", "length"),
        make("Div", ["scores", "length"], ["scaled"]),
        make("Add", ["scaled", "bias"], ["logits"]),
        make("Softmax", ["logits"], ["plain"], axis=1),
        make("ReduceMax", ["plain"], ["plain_top"], axes=[1], keepdims=1),
        make("Sub", ["plain_top", "knots"], ["beyond"]),
        make("Relu", ["beyond"], ["reached"]),
        make("MatMul", ["reached", "ramps"], ["rise"]),
        make("Add", ["rise", "least_factor"], ["factor"]),
        make("Mul", ["logits", "factor"], ["stretched"]),
        make("Softmax", ["stretched"], ["probabilities"], axis=1),
        *_remit(),
    ]


def _length(squares: str, length: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Max", [squares, "shortest"], [f"{length}_squared"]),
        helper.make_node("Sqrt", [f"{length}_squared"], [length]),
    ]


def _remit() -> list[onnx.NodeProto]:
    make = helper.make_node
    return [
        *_length("remit_squares", "remit_length"),
        make("Div", ["remit_sum", "remit_length"], ["remit_scaled"]),
        make("Add", ["remit_scaled", "remit_bias"], ["remit_score"]),
        *_sigmoid("remit_score", "remit", "learnt"),
        make("ReduceLogSumExp", ["logits"], ["energy"], axes=[1], keepdims=1),
        *_sigmoid("energy", "energy", "known"),
        make("Min", ["learnt", "known"], ["lower"]),
        make("Squeeze", ["lower", "second_axis"], ["in_remit"]),
    ]


def _sigmoid(score: str, constants: str, probability: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Mul", [score, f"{constants}_slope"], [f"{probability}_sloped"]),
        helper.make_node(
            "Add", [f"{probability}_sloped", f"{constants}_shift"], [f"{probability}_z"]
        ),
        helper.make_node("Sigmoid", [f"{probability}_z"], [probability]),
    ]
