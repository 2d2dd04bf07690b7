"""What each stage may take for a record: shown by `make bench`, and held to by `make pace`."""

from collections.abc import Mapping

from benchmarks.contestants import LENGTHS, Name

CLIENT = "fetch, transaction, loop"
# With texts of each of `LENGTHS`. The client library's part is in multiples of what a bare
# pass-through takes for a record in the same run, all others of what Python's own json takes to
# read and write its value. A quarter more than was measured last, on Python 3.11 and x86-64.
BUDGETS: Mapping[Name, Mapping[str, tuple[float, float]]] = {
    Name.CLASSIFIER: {
        CLIENT: (2.0, 1.7),
        "unpack": (0.24, 0.30),
        "decode": (0.37, 0.42),
        "features": (0.97, 0.44),
        "ONNX": (0.62, 0.21),
        "decide": (0.90, 0.77),
        "encode": (0.72, 0.92),
        "pack": (0.40, 0.53),
        "count": (0.19, 0.23),
    },
    Name.ROUTER: {
        CLIENT: (2.3, 2.3),
        "unpack": (0.20, 0.20),
        "decode": (0.32, 0.35),
        "decide": (0.99, 0.65),
        "encode": (0.24, 0.27),
        "pack": (0.17, 0.18),
        "count": (0.09, 0.09),
    },
}


def budget(service: Name, stage: str, length: int) -> float:
    """Return what a stage may take, in multiples of its peer."""
    return BUDGETS[service][stage][LENGTHS.index(length)]
