"""The ONNX graph: from a text's features to probabilities, the calibration inside."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from services.model.graph_parts import INPUT, SUMS, TABLE
from services.model.text_model import metadata
from services.training.fit.binary import Binary, Sigmoid
from services.training.fit.calibration import KNOTS, Calibration
from services.training.fit.linear import SHORTEST, Linear
from services.training.fit.remit import Remit

OPSET, IR_VERSION = 17, 8
CERTAIN = 100.0  # the shift of a sigmoid that says 1 whatever the score

Floats = NDArray[np.float64]


class Parts(NamedTuple):
    """All that a graph is made of; `binaries` has a model for each of `flags`."""

    labels: Sequence[str]
    flags: Sequence[str]
    linear: Linear
    calibration: Calibration
    remit: Remit
    binaries: Sequence[Binary]


def table_of(parts: Parts) -> NDArray[np.float16]:
    """Return the weights that the graph looks up: a row for each feature, and one of zeros.

    The columns are the departments (the mixing of the calibration worked in), their squares, the
    remit, the flags, and the squares of these. Half precision is as fast as single, and half as
    large.
    """
    linear, mixing = parts.linear, parts.calibration.mixing
    learnt = parts.remit.learnt
    nothing = np.zeros((len(linear.weights), 1))
    asked = [*([learnt] if learnt else []), *parts.binaries]
    columns = [
        linear.weights @ mixing.matrix,
        linear.squares[:, None],
        learnt.linear.weights if learnt else nothing,
        *(each.linear.weights for each in parts.binaries),
        asked[0].linear.squares[:, None] if asked else nothing,
    ]
    table = np.hstack(columns).astype(np.float16)
    return np.vstack([table, np.zeros((1, table.shape[1]), np.float16)])


def build_graph(parts: Parts) -> bytes:
    """Build the model file; the same parts give the same bytes."""
    labels, flags = len(parts.labels), len(parts.flags)
    real = TensorProto.FLOAT
    outputs = {
        "probabilities": [labels],
        "in_remit": [],
        "logits": [labels],
        SUMS: [labels + flags + 3],
        **({"flags": [flags], "flag_scores": [flags]} if flags else {}),
    }
    graph = helper.make_graph(
        _nodes(flags),
        "triage",
        [helper.make_tensor_value_info(INPUT, TensorProto.INT32, ["texts", "width"])],
        [
            helper.make_tensor_value_info(name, real, ["texts", *shape])
            for name, shape in outputs.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in _constants(parts).items()],
    )
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
    said = metadata(parts.labels, parts.flags, OPSET, len(parts.linear.weights))
    helper.set_model_props(model, said)
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _constants(parts: Parts) -> dict[str, NDArray[np.generic]]:
    calibration, remit = parts.calibration, parts.remit
    # The temperature between two knots is a sum of ramps, one from each knot on.
    slopes = np.diff(calibration.temperature.factors) / np.diff(KNOTS)
    learnt = remit.learnt
    # Without a learnt score its probability is 1, and the other one is the lower; with one, the
    # other's is 1.
    ours = learnt.sigmoid if learnt else Sigmoid(0.0, CERTAIN)
    theirs = Sigmoid(0.0, CERTAIN) if learnt else remit.energy_score
    floats: dict[str, Floats] = {
        "bias": parts.linear.bias @ calibration.mixing.matrix + calibration.mixing.shift,
        "knots": KNOTS[:-1],
        "ramps": np.diff(slopes, prepend=0)[:, None],
        "least_factor": calibration.temperature.factors[:1],
        "shortest": np.array(SHORTEST),
        "remit_bias": learnt.linear.bias if learnt else np.zeros(1),
        "remit_slope": np.array(ours.slope),
        "remit_shift": np.array(ours.shift),
        "energy_slope": np.array(theirs.slope),
        "energy_shift": np.array(theirs.shift),
        "flags_bias": np.array([each.linear.bias[0] for each in parts.binaries]),
        "flags_slope": np.array([each.sigmoid.slope for each in parts.binaries]),
        "flags_shift": np.array([each.sigmoid.shift for each in parts.binaries]),
    }
    flags = len(parts.flags)
    return {
        TABLE: table_of(parts),
        "columns": np.array([len(parts.labels), 1, 1, *([flags] if flags else []), 1], np.int64),
        "second_axis": np.array([1], np.int64),
        **{name: value.astype(np.float32) for name, value in floats.items() if value.size},
    }


def _nodes(flags: int) -> list[onnx.NodeProto]:
    return [*_sums(flags), *_departments(), *_remit(), *(_flags() if flags else ())]


def _sums(flags: int) -> list[onnx.NodeProto]:
    make = helper.make_node
    parts = ["scores", "squares", "remit_sum", *(["flag_sums"] if flags else []), "other_squares"]
    return [
        make("Gather", [TABLE, INPUT], ["rows"]),
        make("Cast", ["rows"], ["single"], to=TensorProto.FLOAT),
        make("ReduceSum", ["single", "second_axis"], [SUMS], keepdims=0),
        make("Split", [SUMS, "columns"], parts, axis=1),
    ]


def _departments() -> list[onnx.NodeProto]:
    make = helper.make_node
    return [
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
    ]


def _length(squares: str, length: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Max", [squares, "shortest"], [f"{length}_squared"]),
        helper.make_node("Sqrt", [f"{length}_squared"], [length]),
    ]


def _remit() -> list[onnx.NodeProto]:
    make = helper.make_node
    return [
        *_length("other_squares", "other_length"),
        *_scaled("remit_sum", "remit_bias", "remit_score"),
        *_sigmoid("remit_score", "remit", "learnt"),
        make("ReduceLogSumExp", ["logits"], ["energy"], axes=[1], keepdims=1),
        *_sigmoid("energy", "energy", "known"),
        make("Min", ["learnt", "known"], ["lower"]),
        make("Squeeze", ["lower", "second_axis"], ["in_remit"]),
    ]


def _flags() -> list[onnx.NodeProto]:
    return [
        *_scaled("flag_sums", "flags_bias", "flag_scores"),
        *_sigmoid("flag_scores", "flags", "flags"),
    ]


def _scaled(sums: str, bias: str, scores: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Div", [sums, "other_length"], [f"{scores}_scaled"]),
        helper.make_node("Add", [f"{scores}_scaled", bias], [scores]),
    ]


def _sigmoid(score: str, constants: str, probability: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Mul", [score, f"{constants}_slope"], [f"{probability}_sloped"]),
        helper.make_node(
            "Add", [f"{probability}_sloped", f"{constants}_shift"], [f"{probability}_z"]
        ),
        helper.make_node("Sigmoid", [f"{probability}_z"], [probability]),
    ]
