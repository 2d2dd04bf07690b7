"""A model's graph in two parts: the weights of the features, and what is made of their sums.

A graph starts by looking up the weights of a text's features and adding them up. numpy does that in
a fifth of the time that the runtime takes for it, so only what comes after it is given to the
runtime. The file is a protocol buffer (protobuf.dev, "Encoding"; the fields are those of ONNX's
onnx.proto), of which nothing is read here but where its parts are.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# What a graph calls the weights, the features that it takes, and the sums; and how it adds up.
TABLE, INPUT, SUMS = "weights", "features", "sums"
STEPS = [[b"Gather"], [b"Cast"], [b"ReduceSum"]]

_VARINT, _BYTES = 0, 2  # how a field is written
_MORE = 0x80  # follows, of a number
_GRAPH = 7  # of a model
_NODE, _TENSOR, _INPUT, _OUTPUT = 1, 5, 11, 12  # of a graph
_MADE, _OPERATOR = 2, 4  # of a node
_SHAPE, _NAME, _CONTENT = 1, 8, 9  # of a tensor
_SAID = 1  # of an input or output: its name


class _Field(NamedTuple):
    """A field of a message: a number, or so many bytes, which may be a message again."""

    name: int
    number: int
    content: memoryview
    whole: memoryview


def split_graph(model: bytes) -> tuple[NDArray[np.float32], bytes]:
    """Return the weights, a row for each feature, and a graph that takes sums of such rows.

    Args:
        model: The file of a graph that takes features.

    Raises:
        ValueError: It is no graph that starts by adding up weights.
        IndexError: It ends too soon.
    """
    message = memoryview(model)
    [graph] = _all(message, _GRAPH)
    others = [field.whole for field in _fields(message) if field.name != _GRAPH]
    steps: list[memoryview] = []
    taken: list[memoryview] = []
    tables: list[memoryview] = []
    kept: list[bytes | memoryview] = []
    for name, _, content, whole in _fields(graph):
        if name == _NODE and not (steps and SUMS.encode() in _all(steps[-1], _MADE)):
            steps.append(content)
        elif name == _INPUT:
            taken.append(content)
        elif name == _TENSOR and TABLE.encode() in _all(content, _NAME):
            tables.append(content)
        elif name == _OUTPUT and SUMS.encode() in _all(content, _SAID):
            kept.append(_written(_INPUT, content))
        else:
            kept.append(whole)
    if [_all(step, _OPERATOR) for step in steps] != STEPS:
        raise ValueError("adds up in another way")
    if [_all(each, _SAID) for each in taken] != [[INPUT.encode()]]:
        raise ValueError("takes another input")
    return _weights(tables), b"".join([*others, _written(_GRAPH, b"".join(kept))])


def _weights(tables: list[memoryview]) -> NDArray[np.float32]:
    [table] = tables
    [content] = _all(table, _CONTENT)
    shape = [field.number for field in _fields(table) if field.name == _SHAPE]
    return np.frombuffer(content, np.float16).reshape(shape).astype(np.float32)


def _all(message: memoryview, name: int) -> list[memoryview]:
    return [field.content for field in _fields(message) if field.name == name]


def _fields(message: memoryview) -> Iterator[_Field]:
    start = 0
    while start < len(message):
        tag, after = _varint(message, start)
        number, end = _varint(message, after)
        if tag % 8 == _BYTES:
            after, end = end, end + number
        elif tag % 8 != _VARINT:
            raise ValueError("is written in another way")
        yield _Field(tag // 8, number, message[after:end], message[start:end])
        start = end


def _varint(message: memoryview, start: int) -> tuple[int, int]:
    """Return the number that starts there, and where it ends: seven bits a byte, lowest first."""
    number, end = 0, start
    while message[end] & _MORE:
        number |= (message[end] & ~_MORE) << 7 * (end - start)
        end += 1
    return number | message[end] << 7 * (end - start), end + 1


def _written(number: int, content: bytes | memoryview) -> bytes:
    head = bytes([*_digits(number * 8 + _BYTES), *_digits(len(content))])
    return head + content


def _digits(number: int) -> Iterator[int]:
    while number >= _MORE:
        yield number % _MORE | _MORE
        number //= _MORE
    yield number
